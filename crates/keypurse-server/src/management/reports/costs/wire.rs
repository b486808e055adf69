//! Costs as JSON, in the vendor's shape. Wire | here: `total_cost` | cost,
//! `details` | calls.
//!
//! Written by hand and a piece at a time: there can be hundreds of thousands
//! of sums, and nobody needs all of their text at once.

use bytes::Bytes;
use keypurse_store::{CostSum, Feature, pause_if_due};

use super::fold::{NameCosts, Report, at, calls, cost};

/// Columns of the same as a table.
pub(super) const COLUMNS: [&str; 6] = [
    "token",
    "period",
    "feature",
    "provider",
    "total_cost",
    "details",
];

/// Bytes of a piece at least, unless it is the last.
const PIECE: usize = 64 * 1024;

/// The report's text, in pieces.
#[derive(Debug)]
pub(super) struct Pieces {
    report: Report,
    /// Names that are members of objects, and what follows them, by their
    /// places.
    periods: Vec<Vec<u8>>,
    features: Vec<Vec<u8>>,
    providers: Vec<Vec<u8>>,
    /// The next name to tell; `None`: everything is told.
    next: Option<usize>,
    /// How long the last piece was.
    length: usize,
}

impl Pieces {
    pub(super) fn of(report: Report) -> Self {
        Self {
            periods: members(report.periods.iter().map(|name| &**name), "{"),
            features: members(Feature::ALL.map(Feature::as_str), "{\"total_cost\":"),
            providers: members(report.providers(), ""),
            report,
            next: Some(0),
            length: PIECE,
        }
    }

    fn tell(&self, name: &NameCosts, text: &mut Vec<u8>) {
        text.extend_from_slice(b"{\"token\":");
        write_string(text, &name.name);
        text.extend_from_slice(b",\"data\":{");
        let periods = self.report.sums(name);
        let periods = periods.chunk_by(|sum, next| sum.period == next.period);
        for (sums, separator) in periods.zip(separators()) {
            text.extend_from_slice(separator);
            text.extend_from_slice(&self.periods[at(sums[0].period)]);
            let features = sums.chunk_by(|sum, next| sum.feature == next.feature);
            for (sums, separator) in features.zip(separators()) {
                text.extend_from_slice(separator);
                self.tell_feature(sums, text);
            }
            text.push(b'}');
        }
        text.extend_from_slice(b"}}");
    }

    fn tell_feature(&self, sums: &[CostSum], text: &mut Vec<u8>) {
        let feature = Feature::ALL.iter().position(|one| *one == sums[0].feature);
        let feature = feature.and_then(|place| self.features.get(place));
        text.extend_from_slice(feature.expect("one of all there are"));
        cost(sums).append_to(text);
        text.extend_from_slice(b",\"details\":");
        let calls = calls(sums);
        text.extend_from_slice(itoa::Buffer::new().format(calls).as_bytes());
        text.extend_from_slice(b",\"cost_per_provider\":{");
        for (sum, separator) in sums.iter().zip(separators()) {
            text.extend_from_slice(separator);
            text.extend_from_slice(&self.providers[at(sum.provider)]);
            sum.cost.append_to(text);
        }
        text.extend_from_slice(b"}}");
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut next = self.next?;
        let mut text = Vec::with_capacity(self.length + self.length / 8);
        if next == 0 {
            text.extend_from_slice(b"{\"response\":[");
        }
        while text.len() < PIECE
            && let Some(name) = self.report.names.get(next)
        {
            if next > 0 {
                text.push(b',');
            }
            self.tell(name, &mut text);
            pause_if_due();
            next += 1;
        }
        self.next = (next < self.report.names.len()).then_some(next);
        if self.next.is_none() {
            text.extend_from_slice(b"]}");
        }
        self.length = text.len();
        Some(text.into())
    }
}

/// What stands before the first of many and before each of the others.
fn separators() -> impl Iterator<Item = &'static [u8]> {
    std::iter::once(&b""[..]).chain(std::iter::repeat(&b","[..]))
}

/// Names of an object's members, each with the colon and what follows it.
fn members<'a>(names: impl IntoIterator<Item = &'a str>, then: &str) -> Vec<Vec<u8>> {
    let member = |name: &str| {
        let mut text = Vec::new();
        write_string(&mut text, name);
        text.push(b':');
        text.extend_from_slice(then.as_bytes());
        text
    };
    names.into_iter().map(member).collect()
}

fn write_string(text: &mut Vec<u8>, string: &str) {
    serde_json::to_writer(text, string).expect("memory takes everything");
}
