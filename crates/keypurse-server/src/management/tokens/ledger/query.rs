//! Which part of a statement is asked for.

use crate::http::refusal::FieldFaults;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// `?before=…&limit=…`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LedgerQuery {
    pub(super) before: Option<i64>,
    pub(super) limit: usize,
}

impl LedgerQuery {
    /// Reads a query string, every fault of it.
    pub(super) fn read(query: Option<&str>) -> Result<Self, FieldFaults> {
        let mut faults = FieldFaults::default();
        let (mut before, mut limit) = (None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "before" if before.is_none() => {
                    before = value.parse::<i64>().ok().filter(|line| *line > 0);
                    if before.is_none() {
                        faults.add("before", "Send the `next` of a page, or leave this out.");
                    }
                }
                "limit" if limit.is_none() => {
                    let number = value.parse::<usize>().ok();
                    limit = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    if limit.is_none() {
                        faults.add("limit", "Send a whole number from 1 to 1000.");
                    }
                }
                "before" => faults.add("before", "Send this once."),
                "limit" => faults.add("limit", "Send this once."),
                _ => faults.add("query", format!("There is no parameter `{name}` here.")),
            }
        }
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        faults
            .is_empty()
            .then_some(Self { before, limit })
            .ok_or(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::LedgerQuery;

    #[test]
    fn a_query_is_read_strictly() {
        for (query, expected) in [
            (None, Some((None, 100))),
            (Some(""), Some((None, 100))),
            (Some("limit=1000&before=7"), Some((Some(7), 1000))),
            (Some("limit=0"), None),
            (Some("limit=1001"), None),
            (Some("limit=5&limit=6"), None),
            (Some("before=x"), None),
            (Some("before=-1"), None),
            (Some("page=2"), None),
        ] {
            let read = LedgerQuery::read(query).ok();
            assert_eq!(
                read.map(|read| (read.before, read.limit)),
                expected,
                "{query:?}"
            );
        }
    }
}
