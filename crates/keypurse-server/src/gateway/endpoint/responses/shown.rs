//! A response as its client sees it: our names for it, and what it cost.

use bytes::Bytes;
use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::write_response_usage;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::ids::Names;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::gateway::relay::cost::Paid;

/// Members that are not shown as they came.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    previous_response_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    cost: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    provider: Option<&'a RawValue>,
}

/// A usage object, of which only one member is asked.
#[derive(Deserialize)]
struct Usage<'a> {
    #[serde(borrow, default, deserialize_with = "even_null")]
    cost: Option<&'a RawValue>,
}

/// A response as its client sees it. What is none is shown as it came.
pub(in crate::gateway) fn shown(
    response: &Bytes,
    names: Option<&Names>,
    paid: Option<Paid<'_>>,
) -> Bytes {
    let is_object = response.trim_ascii_start().starts_with(b"{");
    let members = serde_json::from_slice::<Members<'_>>(response).ok();
    let Some(members) = members.filter(|_| is_object) else {
        return response.clone();
    };
    let mut edits = Edits::default();
    for theirs in [members.id, members.previous_response_id] {
        if let Some((theirs, ours)) = theirs.and_then(|it| Some((it, renamed(it, names)?))) {
            edits.replace(place_of(theirs, response), ours);
        }
    }
    if let Some(Paid {
        cost,
        provider,
        used,
    }) = paid
    {
        let place = |member: Option<&RawValue>| member.map(|it| place_of(it, response));
        if let Some(told) = members.usage {
            // What was counted, where nothing is told.
            let counted = (told.get() == "null").then(|| write_response_usage(used).to_string());
            let counted = counted.and_then(|text| RawValue::from_string(text).ok());
            if let Some(with_cost) = usage(counted.as_deref().unwrap_or(told), cost) {
                edits.replace(place_of(told, response), with_cost);
            }
        }
        edits.set("cost", place(members.cost), &cost.to_string());
        let provider = format!("\"{provider}\"");
        edits.set("provider", place(members.provider), &provider);
    }
    edits.apply(response)
}

/// Our name for what the provider names so.
fn renamed(theirs: &RawValue, names: Option<&Names>) -> Option<String> {
    let theirs: String = serde_json::from_str(theirs.get()).ok()?;
    // Letters, digits, `-` and `_`: nothing to escape.
    Some(format!("\"{}\"", names?.seal(&theirs)?))
}

fn usage(usage: &RawValue, cost: Money) -> Option<String> {
    let text = usage.get();
    let members: Usage<'_> = serde_json::from_str(text).ok()?;
    let is_empty = text[1..].trim_start().starts_with('}');
    if !text.starts_with('{') || is_empty {
        return None;
    }
    let place = members.cost.map(|it| place_of(it, text.as_bytes()));
    let mut edits = Edits::default();
    edits.set("cost", place, &cost.to_string());
    let shown = edits.apply(&Bytes::copy_from_slice(text.as_bytes()));
    Some(String::from_utf8_lossy(&shown).into_owned())
}

/// A member that is null is there all the same, and must not be there twice.
fn even_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Members that are another when a response ends.
#[derive(Deserialize)]
struct Ending<'a> {
    #[serde(borrow, default, deserialize_with = "even_null")]
    status: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    incomplete_details: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    output: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    usage: Option<&'a RawValue>,
}

/// How a response ends that its provider did not end.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'a> {
    /// By its output limit, or that of its money.
    Cut,
    /// By this failure.
    Failed(&'a str),
}

/// A response as it began, ended so with this output.
pub(super) fn ended(
    begun: &Bytes,
    end: End<'_>,
    output: &str,
    used: &TokenCounts,
) -> Option<String> {
    let ending: Ending<'_> = serde_json::from_slice(begun).ok()?;
    let place = |member: Option<&RawValue>| member.map(|it| place_of(it, begun));
    let usage = write_response_usage(used).to_string();
    let mut edits = Edits::default();
    match end {
        End::Cut => {
            let why = r#"{"reason":"max_output_tokens"}"#;
            edits.set("status", place(ending.status), "\"incomplete\"");
            edits.set("incomplete_details", place(ending.incomplete_details), why);
        }
        End::Failed(message) => {
            let error = json!({ "code": "server_error", "message": message }).to_string();
            edits.set("status", place(ending.status), "\"failed\"");
            edits.set("error", place(ending.error), &error);
        }
    }
    edits.set("output", place(ending.output), output);
    edits.set("usage", place(ending.usage), &usage);
    String::from_utf8(edits.apply(begun).into()).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use keypurse_core::money::Money;
    use keypurse_core::usage::TokenCounts;

    use super::{End, Paid, ended, shown};

    #[test]
    fn a_response_shows_what_it_cost_and_nothing_else_changes() {
        let paid = Paid {
            cost: Money::from_nanos(1_500),
            provider: "up",
            used: &TokenCounts::NONE,
        };
        for (response, expected) in [
            (
                r#"{ "x":1.0,"usage": {"input_tokens":1} }"#,
                r#"{ "x":1.0,"usage": {"input_tokens":1,"cost":0.0000015} ,"cost":0.0000015,"provider":"up"}"#,
            ),
            (
                r#"{"cost":7,"provider":{"a":1},"usage":{"cost":7}}"#,
                r#"{"cost":0.0000015,"provider":"up","usage":{"cost":0.0000015}}"#,
            ),
            (
                r#"{"id":"resp_1","usage":{}}"#,
                r#"{"id":"resp_1","usage":{},"cost":0.0000015,"provider":"up"}"#,
            ),
            ("[1]", "[1]"),
        ] {
            let response = Bytes::from_static(response.as_bytes());
            assert_eq!(shown(&response, None, Some(paid)), expected);
        }
        let response = Bytes::from_static(br#"{"id":"resp_1"}"#);
        assert_eq!(shown(&response, None, None), response);
    }

    #[test]
    fn a_response_that_was_cut_is_incomplete() {
        let begun = concat!(
            r#"{"id":"r","status":"in_progress","incomplete_details":null,"#,
            r#""output":[],"x":1.0}"#
        );
        let usage = concat!(
            r#"{"input_tokens":0,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"#,
            r#""output_tokens":0,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":0}"#
        );
        let begun = Bytes::from_static(begun.as_bytes());
        let cut = ended(&begun, End::Cut, "[7]", &TokenCounts::NONE);
        let expected = concat!(
            r#"{"id":"r","status":"incomplete","#,
            r#""incomplete_details":{"reason":"max_output_tokens"},"output":[7],"x":1.0,"#
        );
        assert_eq!(cut.unwrap(), format!(r#"{expected}"usage":{usage}}}"#));
        let failed = ended(&begun, End::Failed("No \"x\""), "[7]", &TokenCounts::NONE);
        let expected = concat!(
            r#"{"id":"r","status":"failed","incomplete_details":null,"output":[7],"x":1.0,"#,
            r#""error":{"code":"server_error","message":"No \"x\""},"#
        );
        assert_eq!(failed.unwrap(), format!(r#"{expected}"usage":{usage}}}"#));
    }
}
