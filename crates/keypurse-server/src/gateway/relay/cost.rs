//! How an answer tells what it cost, and what is left.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use keypurse_core::ledger::Charge;
use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::{Answer, Chunk};
use serde_json::value::RawValue;

use crate::gateway::call::fund::Funded;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::http::json::JsonObject;

const COST: HeaderName = HeaderName::from_static("x-keypurse-cost");
const BALANCE: HeaderName = HeaderName::from_static("x-keypurse-balance");
const SIMULATED_COST: HeaderName = HeaderName::from_static("x-keypurse-simulated-cost");
const OVERDRAFT: HeaderName = HeaderName::from_static("x-keypurse-overdraft");
const OUTPUT_LIMIT: HeaderName = HeaderName::from_static("x-keypurse-output-limit");

/// The mark at the end of a stream.
pub(in crate::gateway) const DONE: &str = "data: [DONE]\n\n";

/// What a call used and cost, and who was called.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Paid<'a> {
    pub(in crate::gateway) cost: Money,
    pub(in crate::gateway) provider: &'a str,
    pub(in crate::gateway) used: &'a TokenCounts,
}

/// Tells the cost in a header.
pub(in crate::gateway) fn add_cost(headers: &mut HeaderMap, cost: Money) {
    headers.insert(COST, decimal(cost));
}

/// Tells what a simulated call would have cost.
pub(in crate::gateway) fn add_simulated_cost(headers: &mut HeaderMap, cost: Money) {
    headers.insert(SIMULATED_COST, decimal(cost));
}

/// Tells what was charged, and what the token has left if it has a balance.
pub(in crate::gateway) fn add_charge(headers: &mut HeaderMap, charge: &Charge) {
    add_cost(headers, charge.cost);
    if charge.rehearsed {
        add_simulated_cost(headers, charge.cost);
    }
    if let Some(balance) = charge.token_balance {
        add_balance(headers, balance);
    }
}

/// Tells what a token has left.
pub(in crate::gateway) fn add_balance(headers: &mut HeaderMap, balance: Money) {
    headers.insert(BALANCE, decimal(balance));
}

/// Tells a client how its call was made: in how many attempts, if not one; to
/// what the output limit was lowered; and what its token's `overdraft` did:
/// lowered it, or let the call go beyond the balance.
pub(in crate::gateway) fn add_overdraft(headers: &mut HeaderMap, funded: &Funded) {
    funded.attempts.add_count(headers);
    if funded.is_clamped || funded.bound.is_lowered {
        headers.insert(OUTPUT_LIMIT, HeaderValue::from(funded.limit));
    }
    if funded.is_clamped {
        headers.insert(OVERDRAFT, HeaderValue::from_static("clamp"));
    } else if funded.is_overdrawn {
        headers.insert(OVERDRAFT, HeaderValue::from_static("allow"));
    }
}

fn decimal(amount: Money) -> HeaderValue {
    HeaderValue::try_from(amount.to_string()).expect("a decimal fits in a header")
}

/// The answer with `cost` and `provider` as members, as the vendor's have
/// them. A provider's members of these names give way.
pub(in crate::gateway) fn with_cost(
    body: &Bytes,
    answer: &Answer<'_>,
    Paid { cost, provider, .. }: Paid<'_>,
) -> Bytes {
    let mut edits = Edits::default();
    let place = |member: Option<&RawValue>| member.map(|member| place_of(member, body));
    edits.set("cost", place(answer.cost), &cost.to_string());
    edits.set(
        "provider",
        place(answer.provider),
        &format!("\"{provider}\""),
    );
    edits.apply(body)
}

/// What stands before the end of a stream: the usage chunk with `cost`, both
/// where whole answers have it and beside the tokens it paid for, or a comment,
/// which clients that did not ask for usage skip.
pub(in crate::gateway) fn stream_cost(usage_chunk: Option<&str>, cost: Money) -> String {
    let shown = usage_chunk.and_then(|chunk| usage_chunk_with_cost(chunk, cost));
    shown.unwrap_or_else(|| format!(": keypurse-cost={cost}\n\n"))
}

fn usage_chunk_with_cost(chunk: &str, cost: Money) -> Option<String> {
    let usage = Chunk::read(chunk)?.usage?;
    let text = usage.get().as_bytes();
    let object = JsonObject::read(text)
        .ok()
        .filter(|object| !object.members().is_empty())?;
    let mut edits = Edits::default();
    let place = object.get("cost").map(|member| place_of(member, text));
    edits.set("cost", place, &cost.to_string());
    let usage_with_cost = edits.apply(&Bytes::copy_from_slice(text));
    let whole = JsonObject::read(chunk.as_bytes()).ok()?;
    let place = whole
        .get("cost")
        .map(|member| place_of(member, chunk.as_bytes()));
    let mut edits = Edits::default();
    let usage_with_cost = String::from_utf8_lossy(&usage_with_cost);
    edits.replace(place_of(usage, chunk.as_bytes()), usage_with_cost);
    edits.set("cost", place, &cost.to_string());
    let shown = edits.apply(&Bytes::copy_from_slice(chunk.as_bytes()));
    Some(to_event(&String::from_utf8_lossy(&shown)))
}

/// An event with one line of data. A provider may have spread its JSON over
/// lines; between its tokens only white space breaks.
pub(in crate::gateway) fn to_event(data: &str) -> String {
    format!("data: {}\n\n", data.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use keypurse_core::money::Money;

    use super::stream_cost;

    #[test]
    fn a_stream_tells_its_cost_in_the_usage_or_beside_it() {
        let cost = Money::from_nanos(1_500);
        for (chunk, expected) in [
            (None, ": keypurse-cost=0.0000015\n\n"),
            (
                Some(r#"{"choices":[],"usage":"absurd"}"#),
                ": keypurse-cost=0.0000015\n\n",
            ),
            (
                Some(r#"{"choices":[],"usage":{}}"#),
                ": keypurse-cost=0.0000015\n\n",
            ),
            (
                Some(r#"{"choices":[],"usage":{"total_tokens":3}}"#),
                "data: {\"choices\":[],\"usage\":{\"total_tokens\":3,\"cost\":0.0000015},\
                 \"cost\":0.0000015}\n\n",
            ),
            (
                Some("{\"choices\":[],\n\"usage\":{\"cost\":7}}"),
                "data: {\"choices\":[], \"usage\":{\"cost\":0.0000015},\"cost\":0.0000015}\n\n",
            ),
        ] {
            assert_eq!(stream_cost(chunk, cost), expected, "{chunk:?}");
        }
    }
}
