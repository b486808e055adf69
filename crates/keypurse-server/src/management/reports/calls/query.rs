//! Which calls are asked for.

use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;

use super::cursor;
use crate::http::fields::Reason;
use crate::http::refusal::Refusal;
use crate::management::reports::filters::{self, Filters};
use crate::management::reports::parameters::Parameters;
use crate::management::reports::range::{BEGIN, END, open_range};

pub(super) const CURSOR: &str = "cursor";
const LIMIT: &str = "limit";
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Which calls are asked for.
#[derive(Debug)]
pub(super) struct CallsQuery {
    /// Finished from then on.
    pub(super) from: Option<Timestamp>,
    /// Finished before then.
    pub(super) until: Option<Timestamp>,
    /// Of which kind.
    pub(super) filters: Filters,
    /// How many at most.
    pub(super) limit: usize,
    /// Only those that arrived before this one.
    pub(super) before: Option<i64>,
}

impl CallsQuery {
    pub(super) fn read(query: Option<&str>, zone: &TimeZone) -> Result<Self, Refusal> {
        let known = [&[BEGIN, END, LIMIT, CURSOR], &filters::ALL[..]].concat();
        let mut parameters = Parameters::read(query, &known);
        let (from, until) = open_range(&mut parameters, zone);
        let read = Self {
            from,
            until,
            filters: Filters::read(&mut parameters),
            limit: parameters.optional(LIMIT, limit).unwrap_or(DEFAULT_LIMIT),
            before: parameters.optional(CURSOR, cursor::read),
        };
        parameters.done(Some(read))
    }
}

fn limit(text: &str) -> Result<usize, Reason> {
    let number = text.parse().ok().filter(|_| !text.starts_with('+'));
    let number = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    number.ok_or_else(|| "Send a whole number from 1 to 1000.".into())
}

#[cfg(test)]
mod tests {
    use super::CallsQuery;
    use jiff::tz::TimeZone;

    #[test]
    fn a_query_is_read_strictly() {
        for (query, expected) in [
            (None, Some((100, None))),
            (
                Some("limit=1000&cursor=0000000000000007"),
                Some((1000, Some(7))),
            ),
            (Some("limit=0"), None),
            (Some("limit=1001"), None),
            (Some("limit=%2B5"), None),
            (Some("cursor=7"), None),
            (Some("begin=2026-01-02&end=2026-01-01"), None),
            (Some("step=1"), None),
            (Some("token=a&token=a"), None),
        ] {
            let read = CallsQuery::read(query, &TimeZone::UTC).ok();
            let read = read.map(|read| (read.limit, read.before));
            assert_eq!(read, expected, "{query:?}");
        }
    }
}
