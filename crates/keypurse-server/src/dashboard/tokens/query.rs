//! Which tokens a list shows: its address says it, so that it can be kept.

use keypurse_core::id::AccountId;
use keypurse_core::time::Reading;
use keypurse_core::token::TokenKind;
use keypurse_store::{TokenCondition, TokenOrder, TokenSearch};

use crate::dashboard::form::Form;

/// Tokens on a page.
pub(super) const PAGE: u64 = 50;

pub(super) const KINDS: [(&str, &str, TokenKind); 2] = [
    ("live", "Live", TokenKind::Live),
    ("sandbox", "Sandbox", TokenKind::Sandbox),
];
pub(super) const CONDITIONS: [(&str, &str, TokenCondition); 6] = [
    ("usable", "Usable", TokenCondition::Usable),
    ("low", "Low on money", TokenCondition::Low),
    ("exhausted", "Out of money", TokenCondition::Exhausted),
    ("expiring", "Expiring in 7 days", TokenCondition::Expiring),
    ("expired", "Expired", TokenCondition::Expired),
    ("idle", "Idle for 30 days", TokenCondition::Idle),
];
const ORDERS: [(&str, TokenOrder); 4] = [
    ("created", TokenOrder::Created),
    ("name", TokenOrder::Name),
    ("balance", TokenOrder::Balance),
    ("expiry", TokenOrder::Expiry),
];

/// `?q=…&type=…&state=…&sort=…&dir=…&page=…`; what is not understood is left out.
#[derive(Clone, Debug)]
pub(super) struct ListQuery {
    pub(super) text: String,
    pub(super) kind: Option<TokenKind>,
    pub(super) condition: Option<TokenCondition>,
    pub(super) order: TokenOrder,
    pub(super) descending: bool,
    /// From 1.
    pub(super) page: u64,
}

impl ListQuery {
    pub(super) fn read(query: Option<&str>) -> Self {
        let form = Form::parse(query.unwrap_or_default().as_bytes());
        let order = ORDERS.iter().find(|(word, _)| *word == form.get("sort"));
        Self {
            text: form.get("q").to_owned(),
            kind: meant(&KINDS, form.get("type")),
            condition: meant(&CONDITIONS, form.get("state")),
            order: order.map_or(TokenOrder::Created, |(_, order)| *order),
            // The newest first, unless asked otherwise.
            descending: match form.get("dir") {
                "asc" => false,
                "desc" => true,
                _ => order.is_none(),
            },
            page: form.get("page").parse().unwrap_or(1).clamp(1, 1_000_000),
        }
    }

    pub(super) fn search(&self, account: AccountId, at: Reading) -> TokenSearch {
        TokenSearch {
            account,
            text: Some(self.text.clone()).filter(|text| !text.is_empty()),
            kind: self.kind,
            condition: self.condition,
            order: self.order,
            descending: self.descending,
            offset: (self.page - 1) * PAGE,
            limit: PAGE,
            at,
        }
    }

    /// Whether only some tokens are shown.
    pub(super) fn narrows(&self) -> bool {
        !self.text.is_empty() || self.kind.is_some() || self.condition.is_some()
    }

    pub(super) fn kind_word(&self) -> &'static str {
        word(&KINDS, self.kind)
    }

    pub(super) fn condition_word(&self) -> &'static str {
        word(&CONDITIONS, self.condition)
    }

    pub(super) fn order_word(&self) -> &'static str {
        let found = ORDERS.iter().find(|(_, order)| *order == self.order);
        found.expect("every order has a word").0
    }

    pub(super) fn direction_word(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }

    /// The address of another page of this list.
    pub(super) fn page_path(&self, page: u64) -> String {
        Self {
            page,
            ..self.clone()
        }
        .path()
    }

    /// The address of this list in another order; in the same one, the other
    /// way round.
    pub(super) fn order_path(&self, word: &str) -> String {
        let order = ORDERS.iter().find(|(known, _)| *known == word);
        let order = order.expect("a template names an order").1;
        Self {
            order,
            descending: order == self.order && !self.descending,
            page: 1,
            ..self.clone()
        }
        .path()
    }

    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let page = self.page.to_string();
        for (name, value) in [
            ("q", &*self.text),
            ("type", self.kind_word()),
            ("state", self.condition_word()),
            ("sort", self.order_word()),
            ("dir", self.direction_word()),
            ("page", &page),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/tokens?{}", query.finish())
    }
}

fn meant<T: Copy>(words: &[(&str, &str, T)], word: &str) -> Option<T> {
    let found = words.iter().find(|(known, ..)| *known == word);
    found.map(|(.., meaning)| *meaning)
}

fn word<T: Copy + PartialEq>(words: &[(&'static str, &str, T)], value: Option<T>) -> &'static str {
    let found = words.iter().find(|(.., meaning)| Some(*meaning) == value);
    found.map_or("", |(word, ..)| word)
}

#[cfg(test)]
mod tests {
    use super::ListQuery;

    #[test]
    fn a_list_is_kept_by_its_address() {
        for (query, expected) in [
            (None, "/tokens?sort=created&dir=desc&page=1"),
            (
                Some("q=a%26b&type=live&state=low&sort=name&page=3"),
                "/tokens?q=a%26b&type=live&state=low&sort=name&dir=asc&page=3",
            ),
            (
                Some("type=x&state=&sort=evil&dir=&page=-1"),
                "/tokens?sort=created&dir=desc&page=1",
            ),
        ] {
            assert_eq!(ListQuery::read(query).path(), expected, "{query:?}");
        }
        let by_name = ListQuery::read(Some("sort=name&dir=asc&page=9"));
        assert_eq!(
            by_name.order_path("name"),
            "/tokens?sort=name&dir=desc&page=1"
        );
        assert_eq!(
            by_name.order_path("balance"),
            "/tokens?sort=balance&dir=asc&page=1"
        );
    }
}
