//! Which part of the audit log is asked for.

use crate::http::refusal::FieldFaults;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// `?cursor=…&limit=…`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AuditQuery {
    pub(super) cursor: Option<i64>,
    pub(super) limit: usize,
}

impl AuditQuery {
    /// Reads a query string, every fault of it.
    pub(super) fn read(query: Option<&str>) -> Result<Self, FieldFaults> {
        let mut faults = FieldFaults::default();
        let (mut cursor, mut limit) = (None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "cursor" if cursor.is_none() => {
                    cursor = value.parse::<i64>().ok().filter(|seq| *seq > 0);
                    if cursor.is_none() {
                        let reason = "Send the `next_cursor` of a page, or leave this out.";
                        faults.add("cursor", reason);
                    }
                }
                "limit" if limit.is_none() => {
                    let number = value.parse::<usize>().ok();
                    limit = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    if limit.is_none() {
                        faults.add("limit", "Send a whole number from 1 to 1000.");
                    }
                }
                "cursor" => faults.add("cursor", "Send this once."),
                "limit" => faults.add("limit", "Send this once."),
                _ => faults.add("query", format!("There is no parameter `{name}` here.")),
            }
        }
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        faults
            .is_empty()
            .then_some(Self { cursor, limit })
            .ok_or(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::AuditQuery;

    #[test]
    fn a_query_is_read_strictly() {
        for (query, expected) in [
            (None, Some((None, 100))),
            (Some("limit=1000&cursor=7"), Some((Some(7), 1000))),
            (Some("limit=0"), None),
            (Some("limit=5&limit=6"), None),
            (Some("cursor=x"), None),
            (Some("cursor=-1"), None),
            (Some("before=2"), None),
        ] {
            let read = AuditQuery::read(query).ok();
            let read = read.map(|read| (read.cursor, read.limit));
            assert_eq!(read, expected, "{query:?}");
        }
    }
}
