//! Reads an alert, every fault of it. The names are those of
//! [`crate::alerts::wire`].

use keypurse_core::alert::{AlertCondition, AlertScope};
use keypurse_core::id::AccountId;
use keypurse_core::token::TokenName;
use keypurse_store::{AlertRule, StoreError};
use serde_json::value::RawValue;

use super::condition::{self, KINDS, Kind};
use super::webhook::{self, WebhookWish};
use crate::alerts::wire::EVERY_TOKEN;
use crate::http::fields::{BLANK, Fields, NULL, Reason, boolean, choice, text};
use crate::http::json::JsonObject;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

const MAX_NAME_CHARS: usize = 200;
const NAME: &str = "name";
const KIND: &str = "kind";
const TOKEN: &str = "token";
const WEBHOOK: &str = "webhook";
const ENABLED: &str = "enabled";
/// Members there are; the last ones are shown alone.
const KNOWN: [&str; 10] = [
    NAME,
    KIND,
    TOKEN,
    "threshold",
    "window",
    "least_calls",
    WEBHOOK,
    ENABLED,
    "id",
    "created_at",
];

/// An alert that is wished for.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(super) name: String,
    pub(super) scope: AlertScope,
    pub(super) condition: AlertCondition,
    /// `None`: as it is. `Some(None)`: nobody is told.
    #[expect(
        clippy::option_option,
        reason = "left out, null and a value are three wishes"
    )]
    pub(super) webhook: Option<Option<WebhookWish>>,
    pub(super) is_enabled: bool,
}

/// Reads the body of POST, or of PATCH over the rule that is there.
pub(crate) async fn read(
    state: &State,
    account: AccountId,
    object: &JsonObject<'_>,
    current: Option<&AlertRule>,
) -> Result<Wish, Refusal> {
    let mut fields = Fields::of(object);
    for (member, _) in object.members() {
        if !KNOWN.contains(&&**member) {
            let reason = format!("There is no field `{member}` here.");
            fields.faults.add("body", reason);
        }
    }
    let name = fields.or_current(NAME, current.map(|rule| rule.name.clone()), name);
    let kind = fields.or_current(
        KIND,
        current.map(|rule| Kind::of(&rule.condition)),
        |value| choice(value, &KINDS),
    );
    let condition = kind.and_then(|kind| {
        let same = current.map(|rule| &rule.condition);
        let same = same.filter(|condition| Kind::of(condition) == kind);
        condition::read(&mut fields, kind, same)
    });
    let scope = scope(&mut fields, current, kind);
    let webhook = read_webhook(&mut fields, current, state);
    let is_enabled = fields.optional(ENABLED, boolean);
    let mut faults = fields.faults;
    if let Some(AlertScope::Token(name)) = &scope
        && !is_there(state, account, name, current).await?
    {
        faults.add(TOKEN, "There is no token of this name.");
    }
    match (name, scope, condition) {
        (Some(name), Some(scope), Some(condition)) if faults.is_empty() => Ok(Wish {
            name,
            scope,
            condition,
            webhook,
            is_enabled: is_enabled.unwrap_or(current.is_none_or(|rule| rule.is_enabled)),
        }),
        _ => Err(Refusal::Invalid(faults)),
    }
}

/// A rule may go on waiting for a token that was deleted.
async fn is_there(
    state: &State,
    account: AccountId,
    name: &TokenName,
    current: Option<&AlertRule>,
) -> Result<bool, StoreError> {
    let is_kept = |rule: &AlertRule| matches!(&rule.scope, AlertScope::Token(it) if it == name);
    if current.is_some_and(is_kept) {
        return Ok(true);
    }
    Ok(state.store.token(account, name).await?.is_some())
}

fn name(value: &RawValue) -> Result<String, Reason> {
    let text = text(value)?;
    let name = text.trim();
    if name.is_empty() {
        return Err(BLANK.into());
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(
            format!("Ensure this field has no more than {MAX_NAME_CHARS} characters.").into(),
        );
    }
    if name.chars().any(char::is_control) {
        return Err("Control characters are not allowed.".into());
    }
    Ok(name.to_owned())
}

/// Whom it watches, and whether an alert of its kind can.
fn scope(
    fields: &mut Fields<'_>,
    current: Option<&AlertRule>,
    kind: Option<Kind>,
) -> Option<AlertScope> {
    let said = fields.nullable(TOKEN, |value| {
        let text = text(value)?;
        if text == EVERY_TOKEN {
            return Ok(AlertScope::EveryToken);
        }
        // As a token's own name is read.
        let name = TokenName::parse(&text).map_err(|_| "There is no token of this name.")?;
        Ok(AlertScope::Token(name))
    });
    if fields.faults.has(TOKEN) {
        return None;
    }
    let scope = match said {
        Some(said) => said.unwrap_or(AlertScope::Account),
        None => current.map_or(AlertScope::Account, |rule| rule.scope.clone()),
    };
    let wrong = match kind {
        Some(Kind::ProviderDown) if scope != AlertScope::Account => {
            "Providers are not a token's; leave this out or send null."
        }
        Some(Kind::ExpiringWithin) if scope == AlertScope::Account => {
            "An account does not expire; send the name of a token, or `*` for each."
        }
        Some(_) | None => return Some(scope),
    };
    fields.faults.add(TOKEN, wrong);
    None
}

#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three wishes"
)]
fn read_webhook(
    fields: &mut Fields<'_>,
    current: Option<&AlertRule>,
    state: &State,
) -> Option<Option<WebhookWish>> {
    // What is wrong with its members is told by member.
    let mut faults = FieldFaults::default();
    let reach = state.alerting.webhooks.reach();
    let read = fields.nullable(WEBHOOK, |value| {
        Ok(webhook::read(value, current, reach, &mut faults))
    });
    let so_far = std::mem::take(&mut fields.faults);
    fields.faults = so_far.and(faults);
    read.map(Option::flatten)
}

impl Fields<'_> {
    /// A field that has to be there, unless there is something it changes.
    fn or_current<T>(
        &mut self,
        name: &'static str,
        current: Option<T>,
        read: impl FnOnce(&RawValue) -> Result<T, Reason>,
    ) -> Option<T> {
        if current.is_none() {
            return self.required(name, read);
        }
        match self.nullable(name, read) {
            Some(Some(value)) => Some(value),
            Some(None) => {
                self.faults.add(name, NULL);
                None
            }
            None if self.faults.has(name) => None,
            None => current,
        }
    }
}
