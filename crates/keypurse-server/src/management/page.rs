//! Which part of a list is asked for.

use crate::http::refusal::FieldFaults;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// How a list calls the place where a page begins, and where it told it.
#[derive(Clone, Copy, Debug)]
pub(in crate::management) struct Place {
    parameter: &'static str,
    hint: &'static str,
}

impl Place {
    /// Of every list but statements.
    pub(in crate::management) const CURSOR: Self = Self {
        parameter: "cursor",
        hint: "Send the `next_cursor` of a page, or leave this out.",
    };
    /// Of statements.
    pub(in crate::management) const BEFORE: Self = Self {
        parameter: "before",
        hint: "Send the `next` of a page, or leave this out.",
    };
}

/// `?cursor=…&limit=…`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::management) struct Page {
    pub(in crate::management) before: Option<i64>,
    pub(in crate::management) limit: usize,
}

impl Page {
    /// Reads a query string, every fault of it.
    pub(in crate::management) fn read(
        query: Option<&str>,
        place: Place,
    ) -> Result<Self, FieldFaults> {
        let mut faults = FieldFaults::default();
        let (mut before, mut limit) = (None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                name if name == place.parameter && before.is_none() => {
                    before = value.parse::<i64>().ok().filter(|place| *place > 0);
                    if before.is_none() {
                        faults.add(place.parameter, place.hint);
                    }
                }
                "limit" if limit.is_none() => {
                    let number = value.parse::<usize>().ok();
                    limit = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    if limit.is_none() {
                        faults.add("limit", "Send a whole number from 1 to 1000.");
                    }
                }
                name if name == place.parameter => faults.add(place.parameter, "Send this once."),
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

    /// One more than is asked for: then there is a next page.
    pub(in crate::management) fn and_one(self) -> usize {
        self.limit + 1
    }

    /// Cuts a list to the page, and says where the next one begins.
    pub(in crate::management) fn cut<T>(
        self,
        list: &mut Vec<T>,
        place: impl Fn(&T) -> i64,
    ) -> Option<i64> {
        let has_more = list.len() > self.limit;
        list.truncate(self.limit);
        list.last().filter(|_| has_more).map(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Place};

    #[test]
    fn a_query_is_read_strictly() {
        for (query, expected) in [
            (None, Some((None, 100))),
            (Some(""), Some((None, 100))),
            (Some("limit=1000&cursor=7"), Some((Some(7), 1000))),
            (Some("limit=0"), None),
            (Some("limit=1001"), None),
            (Some("limit=5&limit=6"), None),
            (Some("cursor=x"), None),
            (Some("cursor=-1"), None),
            (Some("cursor=1&cursor=2"), None),
            (Some("page=2"), None),
        ] {
            let read = Page::read(query, Place::CURSOR).ok();
            let read = read.map(|page| (page.before, page.limit));
            assert_eq!(read, expected, "{query:?}");
            let query = query.map(|query| query.replace("cursor", "before"));
            let before = Page::read(query.as_deref(), Place::BEFORE).ok();
            assert_eq!(
                before.map(|page| (page.before, page.limit)),
                read,
                "{query:?}"
            );
        }
        assert!(Page::read(Some("before=7"), Place::CURSOR).is_err());
    }
}
