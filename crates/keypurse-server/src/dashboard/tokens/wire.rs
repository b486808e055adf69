//! The fields of a token's form, and the JSON they are read as.
//!
//! A form is another way to write what clients send to the API: its fields have
//! the API's names, and [`crate::tokens::wire`] reads both. So a form is told
//! what the API would be told, beside the field it is about.

use keypurse_core::rules::{ModelPattern, Network, Tag};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{Overdraft, TokenKind};
use keypurse_store::Token;
use serde_json::{Map, Value};

use crate::dashboard::form::Form;
use crate::tokens::wire::{kind_word, overdraft_word, period_word};

/// What stands in the fields.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) has_budget: bool,
    pub(super) balance: String,
    pub(super) reset_period: String,
    pub(super) reset_amount: String,
    pub(super) expires_at: String,
    pub(super) overdraft: String,
    pub(super) simulates: bool,
    pub(super) allowed_models: String,
    pub(super) denied_models: String,
    pub(super) requests_per_minute: String,
    pub(super) tokens_per_minute: String,
    pub(super) max_concurrency: String,
    pub(super) networks: String,
    pub(super) tags: String,
    pub(super) cache_seconds: String,
}

impl Values {
    /// An empty form for a new token.
    pub(super) fn empty() -> Self {
        let mut values = Self::of_form(&Form::parse(b""));
        kind_word(TokenKind::Live).clone_into(&mut values.kind);
        period_word(None).clone_into(&mut values.reset_period);
        overdraft_word(Overdraft::default()).clone_into(&mut values.overdraft);
        values
    }

    /// What somebody has sent.
    pub(super) fn of_form(form: &Form) -> Self {
        let text = |name| form.get(name).to_owned();
        Self {
            name: text("name"),
            kind: text("token_type"),
            has_budget: form.is_ticked("active_balance"),
            balance: text("balance"),
            reset_period: text("balance_reset_period"),
            reset_amount: text("balance_reset_amount"),
            expires_at: text("expire_time"),
            overdraft: text("overdraft"),
            simulates: form.is_ticked("simulate_budget"),
            allowed_models: text("allowed_models"),
            denied_models: text("denied_models"),
            requests_per_minute: text("requests_per_minute"),
            tokens_per_minute: text("tokens_per_minute"),
            max_concurrency: text("max_concurrency"),
            networks: text("allowed_ips"),
            tags: text("tags"),
            cache_seconds: text("response_cache_seconds"),
        }
    }

    /// A token's settings. Its balance is left empty: it moves with every call,
    /// and is set only by whoever writes one.
    pub(super) fn of_token(token: &Token) -> Self {
        let settings = &token.settings;
        let rules = settings.rules.as_deref().cloned().unwrap_or_default();
        let limits = rules.limits;
        Self {
            name: settings.name.as_str().to_owned(),
            kind: kind_word(settings.kind).to_owned(),
            has_budget: settings.has_budget,
            balance: String::new(),
            reset_period: period_word(settings.reset.map(|reset| reset.period)).to_owned(),
            reset_amount: shown(settings.reset.map(|reset| reset.amount)),
            expires_at: settings.expires_at.map_or_else(String::new, local),
            overdraft: overdraft_word(settings.overdraft).to_owned(),
            simulates: settings.simulate_budget,
            allowed_models: lines(&rules.allowed_models, ModelPattern::as_str),
            denied_models: lines(&rules.denied_models, ModelPattern::as_str),
            requests_per_minute: shown(limits.requests_per_minute),
            tokens_per_minute: shown(limits.tokens_per_minute),
            max_concurrency: shown(limits.max_concurrency),
            networks: lines(&rules.allowed_networks, Network::to_string),
            tags: lines(&rules.tags, Tag::as_str),
            cache_seconds: shown(rules.response_cache_seconds),
        }
    }

    /// The body of POST: what is empty is left out.
    pub(super) fn creation(&self) -> String {
        let mut body = Body::default();
        body.set("name", Value::from(&*self.name));
        for (name, text) in self.texts() {
            body.set_unless(text.is_empty(), name, || Value::from(text));
        }
        for (name, text) in self.numbers() {
            body.set_unless(text.is_empty(), name, || number(text));
        }
        for (name, text) in self.lists() {
            body.set_unless(text.is_empty(), name, || list(text));
        }
        body.set_unless(self.kind.is_empty(), "token_type", || (*self.kind).into());
        body.set_unless(self.expires_at.is_empty(), "expire_time", || {
            (*self.expires_at).into()
        });
        // A period switches the balance on by itself.
        body.set_unless(!self.has_budget, "active_balance", || true.into());
        body.set_unless(!self.simulates, "simulate_budget", || true.into());
        body.into_text()
    }

    /// The body of PATCH: what differs from what the form showed.
    pub(super) fn update(&self, before: &Self) -> String {
        let mut body = Body::default();
        for ((name, text), (_, old)) in self.texts().into_iter().zip(before.texts()) {
            body.set_unless(text == old || text.is_empty(), name, || Value::from(text));
        }
        for ((name, text), (_, old)) in self.numbers().into_iter().zip(before.numbers()) {
            body.set_unless(text == old, name, || or_null(text, number));
        }
        for ((name, text), (_, old)) in self.lists().into_iter().zip(before.lists()) {
            body.set_unless(list(text) == list(old), name, || or_null(text, list));
        }
        let is_same = is_same_instant(&self.expires_at, &before.expires_at);
        body.set_unless(is_same, "expire_time", || {
            or_null(&self.expires_at, Value::from)
        });
        body.set_unless(
            self.has_budget == before.has_budget,
            "active_balance",
            || self.has_budget.into(),
        );
        body.set_unless(
            self.simulates == before.simulates,
            "simulate_budget",
            || self.simulates.into(),
        );
        body.into_text()
    }

    fn texts(&self) -> [(&'static str, &str); 4] {
        [
            ("balance", &self.balance),
            ("balance_reset_period", &self.reset_period),
            ("balance_reset_amount", &self.reset_amount),
            ("overdraft", &self.overdraft),
        ]
    }

    fn numbers(&self) -> [(&'static str, &str); 4] {
        [
            ("requests_per_minute", &self.requests_per_minute),
            ("tokens_per_minute", &self.tokens_per_minute),
            ("max_concurrency", &self.max_concurrency),
            ("response_cache_seconds", &self.cache_seconds),
        ]
    }

    fn lists(&self) -> [(&'static str, &str); 4] {
        [
            ("allowed_models", &self.allowed_models),
            ("denied_models", &self.denied_models),
            ("allowed_ips", &self.networks),
            ("tags", &self.tags),
        ]
    }
}

/// The body of a top-up.
pub(super) fn top_up(form: &Form) -> String {
    let mut body = Body::default();
    for name in ["amount", "note"] {
        let text = form.get(name);
        body.set_unless(text.is_empty(), name, || text.into());
    }
    body.into_text()
}

/// The body of a rotation.
pub(super) fn rotation(form: &Form) -> String {
    let mut body = Body::default();
    let text = form.get("grace_period");
    body.set_unless(text.is_empty(), "grace_period", || number(text));
    body.into_text()
}

#[derive(Default)]
struct Body {
    members: Map<String, Value>,
}

impl Body {
    fn set(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    fn set_unless(&mut self, is_left_out: bool, name: &str, value: impl FnOnce() -> Value) {
        if !is_left_out {
            self.set(name, value());
        }
    }

    fn into_text(self) -> String {
        Value::Object(self.members).to_string()
    }
}

/// A number where the text is one; else the text, for the API to refuse.
fn number(text: &str) -> Value {
    let whole = text.parse::<i64>().map(Value::from);
    whole.unwrap_or_else(|_| text.into())
}

/// One item a line.
fn list(text: &str) -> Value {
    let items = text.lines().map(str::trim).filter(|line| !line.is_empty());
    items.collect()
}

fn or_null<'a>(text: &'a str, value: impl FnOnce(&'a str) -> Value) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        value(text)
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn lines<'a, T, S: Into<String>>(items: &'a [T], show: impl Fn(&'a T) -> S) -> String {
    let texts: Vec<String> = items.iter().map(|item| show(item).into()).collect();
    texts.join("\n")
}

/// As a browser's field for date and time shows it: UTC, to the second.
fn local(at: Timestamp) -> String {
    let text = at.to_string();
    text.chars().take("YYYY-MM-DDThh:mm:ss".len()).collect()
}

/// Browsers write the same instant in more than one way.
fn is_same_instant(one: &str, other: &str) -> bool {
    one == other || Timestamp::parse(one).is_ok_and(|one| Timestamp::parse(other) == Ok(one))
}

#[cfg(test)]
mod tests {
    use super::Values;
    use crate::dashboard::form::Form;

    fn check_update(before: &[u8], after: &[u8], expected: &str) {
        let [before, after] = [before, after].map(|form| Values::of_form(&Form::parse(form)));
        assert_eq!(after.update(&before), expected);
    }

    #[test]
    fn an_update_says_what_was_changed_and_nothing_else() {
        let same =
            b"active_balance=on&overdraft=clamp&tags=a%0D%0Ab&expire_time=2027-01-01T00%3A00";
        check_update(same, same, "{}");
        check_update(
            same,
            b"active_balance=on&overdraft=clamp&tags=a%0Ab%0A&expire_time=2027-01-01T00:00:00",
            "{}",
        );
        check_update(
            same,
            b"overdraft=refuse&balance=5&max_concurrency=3",
            r#"{"balance":"5","overdraft":"refuse","max_concurrency":3,"tags":null,"expire_time":null,"active_balance":false}"#,
        );
        check_update(b"", b"max_concurrency=1.5", r#"{"max_concurrency":"1.5"}"#);
    }

    #[test]
    fn an_empty_field_of_a_new_token_is_left_out() {
        let values = Values::of_form(&Form::parse(
            b"name=+a+&balance=&tags=x%0A%0Ay&overdraft=clamp",
        ));
        assert_eq!(
            values.creation(),
            r#"{"name":"a","overdraft":"clamp","tags":["x","y"]}"#
        );
    }
}
