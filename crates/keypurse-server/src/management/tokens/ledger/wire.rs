//! A statement as JSON.

use keypurse_core::ledger::EntryKind;
use keypurse_core::price::{Band, Rates};
use keypurse_core::usage::{Certainty, Class, TokenCounts};
use keypurse_store::{CallRecord, Cause, StatementLine};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::http::answer;

/// A page of a statement, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Statement<'a> {
    name: &'a str,
    lines: Vec<Line<'a>>,
    /// What to send as `before` for the next page; null: there is none.
    next: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    line: i64,
    at: String,
    kind: &'static str,
    amount: Box<RawValue>,
    balance: Box<RawValue>,
    note: Option<&'a str>,
    call: Option<Call<'a>>,
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    request_id: String,
    provider: &'a str,
    model: &'a str,
    feature: &'static str,
    streamed: bool,
    status: u16,
    outcome: &'static str,
    estimated: bool,
    usage: UsedUnits<'a>,
    held: Box<RawValue>,
    cost: Box<RawValue>,
    house: Box<RawValue>,
    price: Price<'a>,
    started_at: String,
}

/// Token counts by class, and what was used beside tokens.
#[derive(Debug)]
pub(in crate::management) struct UsedUnits<'a>(pub(in crate::management) &'a TokenCounts);

/// The version of a price and what it says.
#[derive(Debug, Serialize)]
struct Price<'a> {
    version: i64,
    bands: Vec<PriceBand<'a>>,
}

#[derive(Debug, Serialize)]
struct PriceBand<'a> {
    /// Applies to calls with more input tokens than this.
    above: u64,
    per_million: PerMillion<'a>,
}

/// Dollars per million units by class, as text: `{"input": "0.15"}`.
#[derive(Debug)]
struct PerMillion<'a>(&'a Rates);

impl<'a> Statement<'a> {
    pub(super) fn of(name: &'a str, lines: &'a [StatementLine], next: Option<i64>) -> Self {
        let lines = lines.iter().map(Line::of).collect();
        Self { name, lines, next }
    }
}

impl<'a> Line<'a> {
    fn of(line: &'a StatementLine) -> Self {
        let (note, call) = match &line.cause {
            Cause::Entry { note, .. } => (note.as_deref(), None),
            Cause::Call(call) => (None, Some(Call::of(call))),
        };
        Self {
            line: line.line,
            at: line.at.to_string(),
            kind: kind(&line.cause),
            amount: answer::number(line.amount),
            balance: answer::number(line.balance_after),
            note,
            call,
        }
    }
}

/// The word for what changed a balance.
pub(super) fn kind(cause: &Cause) -> &'static str {
    match cause {
        Cause::Call(_) => "charge",
        Cause::Entry { kind, .. } => match kind {
            EntryKind::Open => "open",
            EntryKind::Adjust => "adjust",
            EntryKind::Reset => "reset",
            EntryKind::TopUp => "top_up",
            EntryKind::Checkpoint => "checkpoint",
        },
    }
}

impl<'a> Call<'a> {
    fn of(call: &'a CallRecord) -> Self {
        let bands = call.price.bands_at(call.counts.tier);
        let bands = bands.iter().map(PriceBand::of).collect();
        Self {
            request_id: call.call.to_string(),
            provider: &call.provider,
            model: &call.model,
            feature: call.feature.as_str(),
            streamed: call.streamed,
            status: call.status,
            outcome: call.state.as_str(),
            estimated: call.certainty == Certainty::Estimated,
            usage: UsedUnits(&call.counts),
            held: answer::number(call.held),
            cost: answer::number(call.cost),
            house: answer::number(call.house),
            price: Price {
                version: call.price_version,
                bands,
            },
            started_at: call.started_at.to_string(),
        }
    }
}

impl<'a> PriceBand<'a> {
    fn of(band: &'a Band) -> Self {
        Self {
            above: band.above,
            per_million: PerMillion(&band.rates),
        }
    }
}

impl Serialize for UsedUnits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in self.0.named() {
            map.serialize_entry(name, &count)?;
        }
        map.serialize_entry("tier", self.0.tier.as_str())?;
        map.end()
    }
}

impl Serialize for PerMillion<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for class in Class::ALL {
            if let Some(rate) = self.0.of(class) {
                map.serialize_entry(class.as_str(), &rate.dollars_per_million().to_string())?;
            }
        }
        map.end()
    }
}
