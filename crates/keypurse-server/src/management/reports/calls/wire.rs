//! Calls as JSON.

use keypurse_core::money::Money;
use keypurse_core::usage::Certainty;
use keypurse_store::ListedCall;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::answer::number;
use crate::management::reports::selection::Labels;
use crate::management::tokens::UsedUnits;

/// A page of calls, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Calls<'a> {
    calls: Vec<Call<'a>>,
    /// What to send as `cursor` for the next page; null: there is none.
    next_cursor: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    request_id: String,
    token: String,
    provider: &'a str,
    model: &'a str,
    feature: &'static str,
    streamed: bool,
    status: u16,
    outcome: &'static str,
    estimated: bool,
    usage: UsedUnits<'a>,
    cost: Box<RawValue>,
    /// What was taken from a balance that is no money; null: it did not
    /// rehearse.
    rehearsed_cost: Option<Box<RawValue>>,
    house: Box<RawValue>,
    started_at: String,
    finished_at: String,
    latency_ms: i64,
}

impl<'a> Calls<'a> {
    pub(super) fn of(
        calls: &'a [ListedCall],
        labels: &Labels,
        next_cursor: Option<&'a str>,
    ) -> Self {
        let calls = calls.iter().map(|call| Call::of(call, labels));
        Self {
            calls: calls.collect(),
            next_cursor,
        }
    }
}

impl<'a> Call<'a> {
    fn of(call: &'a ListedCall, labels: &Labels) -> Self {
        let record = &call.record;
        Self {
            request_id: record.call.to_string(),
            token: labels.name(call.token).into_owned(),
            provider: &record.provider,
            model: &record.model,
            feature: record.feature.as_str(),
            streamed: record.streamed,
            status: record.status,
            outcome: record.state.as_str(),
            estimated: record.certainty == Certainty::Estimated,
            usage: UsedUnits(&record.counts),
            cost: number(cost(call)),
            rehearsed_cost: call.rehearsed.then(|| number(call.charged)),
            house: number(record.house),
            started_at: record.started_at.to_string(),
            finished_at: call.finished_at.to_string(),
            latency_ms: latency_ms(call),
        }
    }
}

/// What was charged in money.
pub(super) fn cost(call: &ListedCall) -> Money {
    if call.rehearsed {
        Money::ZERO
    } else {
        call.charged
    }
}

/// How long it took; a clock that stepped back makes it nothing.
pub(super) fn latency_ms(call: &ListedCall) -> i64 {
    let micros = call.finished_at.micros() - call.record.started_at.micros();
    micros.max(0) / 1000
}
