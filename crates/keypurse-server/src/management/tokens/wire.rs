//! The wire names of tokens, and what they are inside.
//!
//! | Wire | Inside |
//! |---|---|
//! | `name` | [`TokenName`] |
//! | `token_type`: `api_token`, `sandbox_api_token` | [`TokenKind`]: `Live`, `Sandbox` |
//! | `balance` | the purse's balance; a string in the answer to POST, else a number |
//! | `active_balance` | `TokenSettings::has_budget` |
//! | `expire_time` | `TokenSettings::expires_at` |
//! | `balance_reset_period`: `none`, `daily`, … | `Reset::period`; no [`Reset`] at all |
//! | `balance_reset_amount` | `Reset::amount` |
//! | `overdraft` | [`Overdraft`] |
//! | `simulate_budget` | `TokenSettings::simulate_budget` |
//! | `allowed_models` … `tags` | `TokenSettings::rules`, see [`super::rules_wire`] |
//! | `token` | [`TokenSecret`] |
//! | `grace_period` | seconds until `Rotation::old_until` |
//! | `amount`, `note` | [`TopUp`] |

use keypurse_core::ledger::{MAX_NOTE_CHARS, Note, NoteError, TopUp};
use keypurse_core::money::Money;
use keypurse_core::period::{Reset, ResetPeriod};
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{
    MAX_NAME_CHARS, Overdraft, SettingsChange, SettingsError, TokenKind, TokenName, TokenNameError,
};
use keypurse_store::Token;
use serde::Serialize;
use serde_json::value::RawValue;

use super::rules_wire::{RulesAnswer, read_rules};
use crate::http::answer;
use crate::http::json::JsonObject;
use crate::http::refusal::FieldFaults;
use crate::management::fields::{
    BLANK, Fields, REQUIRED, Reason, boolean, choice, instant, money, text, whole,
};

/// The longest grace period: 30 days.
const MAX_GRACE_SECONDS: i64 = 2_592_000;

const NOT_POSITIVE: &str = "Ensure this value is greater than 0.";
pub(super) const CONTROL_CHARACTER: &str = "Control characters are not allowed.";

/// The names of the fields.
mod field {
    pub(super) const NAME: &str = "name";
    pub(super) const KIND: &str = "token_type";
    pub(super) const BALANCE: &str = "balance";
    pub(super) const ACTIVE_BALANCE: &str = "active_balance";
    pub(super) const EXPIRES_AT: &str = "expire_time";
    pub(super) const RESET_PERIOD: &str = "balance_reset_period";
    pub(super) const RESET_AMOUNT: &str = "balance_reset_amount";
    pub(super) const OVERDRAFT: &str = "overdraft";
    pub(super) const SIMULATE_BUDGET: &str = "simulate_budget";
    pub(super) const GRACE_PERIOD: &str = "grace_period";
    pub(super) const AMOUNT: &str = "amount";
    pub(super) const NOTE: &str = "note";
}

const KINDS: [(&str, TokenKind); 2] = [
    ("api_token", TokenKind::Live),
    ("sandbox_api_token", TokenKind::Sandbox),
];
const PERIODS: [(&str, Option<ResetPeriod>); 4] = [
    ("none", None),
    ("daily", Some(ResetPeriod::Daily)),
    ("weekly", Some(ResetPeriod::Weekly)),
    ("monthly", Some(ResetPeriod::Monthly)),
];
const OVERDRAFTS: [(&str, Overdraft); 3] = [
    ("clamp", Overdraft::Clamp),
    ("refuse", Overdraft::Refuse),
    ("allow", Overdraft::Allow),
];

/// A wish for a new token.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) name: TokenName,
    pub(super) kind: TokenKind,
    pub(super) change: SettingsChange,
}

/// A wish that makes no sense; the name only if that one does.
#[derive(Debug)]
pub(super) struct RefusedCreation {
    pub(super) name: Option<TokenName>,
    pub(super) faults: FieldFaults,
}

/// Reads the body of POST.
pub(super) fn read_creation(object: &JsonObject<'_>) -> Result<Creation, RefusedCreation> {
    let mut fields = Fields::of(object);
    let name = fields.required(field::NAME, name);
    let kind = fields.optional(field::KIND, |value| choice(value, &KINDS));
    let change = read_change(&mut fields);
    let on_nothing = change.faults_for_new_token();
    let faults = with_settings_faults(fields.faults, &on_nothing);
    match name {
        Some(name) if faults.is_empty() => Ok(Creation {
            name,
            kind: kind.unwrap_or(TokenKind::Live),
            change,
        }),
        name => Err(RefusedCreation { name, faults }),
    }
}

/// Reads the body of PATCH. What cannot be changed is ignored.
pub(super) fn read_update(object: &JsonObject<'_>) -> Result<SettingsChange, FieldFaults> {
    let mut fields = Fields::of(object);
    let change = read_change(&mut fields);
    let faults = with_settings_faults(fields.faults, &change.contradictions());
    if faults.is_empty() {
        Ok(change)
    } else {
        Err(faults)
    }
}

/// Reads the body of a rotation: its grace period in seconds.
pub(super) fn read_rotation(object: &JsonObject<'_>) -> Result<i64, FieldFaults> {
    let mut fields = Fields::of(object);
    let grace = fields.optional(field::GRACE_PERIOD, |value| {
        whole(value, 0..=MAX_GRACE_SECONDS)
    });
    if fields.faults.is_empty() {
        Ok(grace.unwrap_or(0))
    } else {
        Err(fields.faults)
    }
}

/// Reads the body of a top-up.
pub(in crate::management) fn read_top_up(object: &JsonObject<'_>) -> Result<TopUp, FieldFaults> {
    let mut fields = Fields::of(object);
    let amount = fields.required(field::AMOUNT, positive_money);
    let note = fields.optional(field::NOTE, note).flatten();
    match amount {
        Some(amount) if fields.faults.is_empty() => Ok(TopUp { amount, note }),
        _ => Err(fields.faults),
    }
}

fn positive_money(value: &RawValue) -> Result<Money, Reason> {
    let amount = money(value)?;
    (amount > Money::ZERO)
        .then_some(amount)
        .ok_or(NOT_POSITIVE.into())
}

fn note(value: &RawValue) -> Result<Option<Note>, Reason> {
    Note::parse(&text(value)?).map_err(|error| match error {
        NoteError::TooLong => {
            format!("Ensure this field has no more than {MAX_NOTE_CHARS} characters.").into()
        }
        NoteError::ControlCharacter => CONTROL_CHARACTER.into(),
    })
}

/// The balance would not fit.
pub(super) fn too_much() -> FieldFaults {
    let mut faults = FieldFaults::default();
    let reason = "The balance would be more than it may be; top up less.";
    faults.add(field::AMOUNT, reason);
    faults
}

fn read_change(fields: &mut Fields<'_>) -> SettingsChange {
    SettingsChange {
        balance: fields.optional(field::BALANCE, money),
        has_budget: fields.optional(field::ACTIVE_BALANCE, boolean),
        expires_at: fields.nullable(field::EXPIRES_AT, instant),
        overdraft: fields.optional(field::OVERDRAFT, |value| choice(value, &OVERDRAFTS)),
        reset_period: fields
            .nullable(field::RESET_PERIOD, |value| choice(value, &PERIODS))
            .map(Option::flatten),
        reset_amount: fields.optional(field::RESET_AMOUNT, money),
        simulate_budget: fields.optional(field::SIMULATE_BUDGET, boolean),
        rules: read_rules(fields),
    }
}

fn name(value: &RawValue) -> Result<TokenName, Reason> {
    TokenName::parse(&text(value)?).map_err(|error| match error {
        TokenNameError::Blank => BLANK.into(),
        TokenNameError::TooLong => {
            format!("Ensure this field has no more than {MAX_NAME_CHARS} characters.").into()
        }
        TokenNameError::ControlCharacter => CONTROL_CHARACTER.into(),
        TokenNameError::Reserved => "This name is reserved.".into(),
    })
}

/// The account has a token of this name.
pub(super) fn taken(mut faults: FieldFaults) -> FieldFaults {
    faults.add(field::NAME, "Token with this name already exists.");
    faults
}

/// Faults between fields, in the words of the fields.
pub(super) fn settings_faults(errors: &[SettingsError]) -> FieldFaults {
    let mut faults = FieldFaults::default();
    for error in errors {
        let (field, reason) = match error {
            SettingsError::PeriodWithoutAmount => (field::RESET_AMOUNT, REQUIRED),
            SettingsError::AmountWithoutPeriod => (
                field::RESET_AMOUNT,
                "A reset amount needs a reset period; send `balance_reset_period` too.",
            ),
            SettingsError::AmountNotPositive => (field::RESET_AMOUNT, NOT_POSITIVE),
            SettingsError::PeriodWithoutBalance => (
                field::ACTIVE_BALANCE,
                "A reset period needs an active balance; leave this out or send true.",
            ),
            SettingsError::RehearsalOfLive => (
                field::SIMULATE_BUDGET,
                "Only a token of type `sandbox_api_token` can simulate its budget.",
            ),
        };
        faults.add(field, reason);
    }
    faults
}

/// Faults between fields say nothing new about a field that could not be read.
fn with_settings_faults(faults: FieldFaults, errors: &[SettingsError]) -> FieldFaults {
    let related = [
        field::ACTIVE_BALANCE,
        field::RESET_PERIOD,
        field::RESET_AMOUNT,
    ];
    if related.iter().any(|field| faults.has(field)) {
        return faults;
    }
    faults.and(settings_faults(errors))
}

/// A token as shown.
#[derive(Debug, Serialize)]
pub(super) struct TokenAnswer<'a> {
    name: &'a str,
    token_type: &'static str,
    balance: Amount,
    active_balance: bool,
    expire_time: Option<String>,
    balance_reset_period: &'static str,
    balance_reset_amount: Option<Amount>,
    overdraft: &'static str,
    simulate_budget: bool,
    #[serde(flatten)]
    rules: RulesAnswer<'a>,
    #[serde(skip_serializing_if = "Shown::is_absent")]
    token: Shown,
}

/// A token about itself.
#[derive(Debug, Serialize)]
pub(super) struct Oneself<'a> {
    #[serde(flatten)]
    token: TokenAnswer<'a>,
    masked: String,
}

/// Money as text in the answer to POST, as a number elsewhere: the vendor's
/// schemas differ.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Number(Box<RawValue>),
}

impl Amount {
    fn text(money: Money) -> Self {
        Self::Text(money.to_fixed())
    }

    fn number(money: Money) -> Self {
        Self::Number(answer::number(money))
    }
}

/// A secret on its way out; `Debug` hides it.
#[derive(Debug)]
enum Shown {
    /// Not a member of this answer.
    Absent,
    /// Cannot be shown.
    Null,
    Secret(TokenSecret),
}

impl Shown {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Secret(secret) => serializer.serialize_str(secret.expose()),
        }
    }
}

impl<'a> TokenAnswer<'a> {
    /// The answer to POST, without its secret.
    pub(super) fn created(token: &'a Token, now: Timestamp) -> Self {
        Self::with_amounts(token, now, Amount::text)
    }

    /// The answer to GET and to a top-up; `None`: the secret cannot be shown.
    pub(super) fn shown(token: &'a Token, now: Timestamp, secret: Option<TokenSecret>) -> Self {
        Self {
            token: secret.map_or(Shown::Null, Shown::Secret),
            ..Self::updated(token, now)
        }
    }

    /// The answer to PATCH, without the secret as in the vendor's schema; and
    /// to rotate, without its secret.
    pub(super) fn updated(token: &'a Token, now: Timestamp) -> Self {
        Self::with_amounts(token, now, Amount::number)
    }

    fn with_amounts(token: &'a Token, now: Timestamp, amount: fn(Money) -> Amount) -> Self {
        let settings = &token.settings;
        Self {
            name: settings.name.as_str(),
            token_type: word(&KINDS, settings.kind),
            balance: amount(token.balance_at(now)),
            active_balance: settings.has_budget,
            expire_time: settings.expires_at.map(|at| at.to_string()),
            balance_reset_period: word(&PERIODS, settings.reset.map(|reset| reset.period)),
            balance_reset_amount: settings.reset.map(|Reset { amount: it, .. }| amount(it)),
            overdraft: word(&OVERDRAFTS, settings.overdraft),
            simulate_budget: settings.simulate_budget,
            rules: RulesAnswer::of(settings.rules.as_deref()),
            token: Shown::Absent,
        }
    }
}

impl<'a> Oneself<'a> {
    pub(super) fn of(token: &'a Token, now: Timestamp, presented: &TokenSecret) -> Self {
        Self {
            token: TokenAnswer::updated(token, now),
            masked: presented.masked(),
        }
    }
}

/// The wire's word for a value.
fn word<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    let found = words.iter().find(|(_, meant)| *meant == value);
    found.expect("every value has a word").0
}
