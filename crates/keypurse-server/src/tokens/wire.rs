//! The wire names of tokens, what they are inside, and how wishes are read.
//! Management reads JSON that clients send, the dashboard what its forms make
//! of their fields: both are told the same.
//!
//! | Wire | Inside |
//! |---|---|
//! | `name` | [`TokenName`] |
//! | `token_type`: `api_token`, `sandbox_api_token` | [`TokenKind`]: `Live`, `Sandbox` |
//! | `balance` | the purse's balance; a string in the answer to POST, else a number |
//! | `active_balance` | `TokenSettings::has_budget` |
//! | `expire_time` | `TokenSettings::expires_at` |
//! | `balance_reset_period`: `none`, `daily`, … | `Reset::period`; no `Reset` at all |
//! | `balance_reset_amount` | `Reset::amount` |
//! | `overdraft` | [`Overdraft`] |
//! | `simulate_budget` | `TokenSettings::simulate_budget` |
//! | `allowed_models` … `tags` | `TokenSettings::rules`, see [`super::rules_wire`] |
//! | `token` | `TokenSecret` |
//! | `grace_period` | seconds until `Rotation::old_until` |
//! | `amount`, `note` | [`TopUp`] |

use keypurse_core::ledger::{MAX_NOTE_CHARS, Note, NoteError, TopUp};
use keypurse_core::money::Money;
use keypurse_core::period::ResetPeriod;
use keypurse_core::token::{
    MAX_NAME_CHARS, Overdraft, SettingsChange, SettingsError, TokenKind, TokenName, TokenNameError,
};
use serde_json::value::RawValue;

use super::rules_wire::read_rules;
use crate::http::fields::{
    BLANK, Fields, REQUIRED, Reason, boolean, choice, instant, money, text, whole,
};
use crate::http::json::JsonObject;
use crate::http::refusal::FieldFaults;

/// The longest grace period: 30 days.
const MAX_GRACE_SECONDS: i64 = 2_592_000;

const NOT_POSITIVE: &str = "Ensure this value is greater than 0.";
pub(crate) const CONTROL_CHARACTER: &str = "Control characters are not allowed.";

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
pub(crate) struct Creation {
    pub(crate) name: TokenName,
    pub(crate) kind: TokenKind,
    pub(crate) change: SettingsChange,
}

/// A wish that makes no sense; the name only if that one does.
#[derive(Debug)]
pub(crate) struct RefusedCreation {
    pub(crate) name: Option<TokenName>,
    pub(crate) faults: FieldFaults,
}

/// Reads the body of POST.
pub(crate) fn read_creation(object: &JsonObject<'_>) -> Result<Creation, RefusedCreation> {
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
pub(crate) fn read_update(object: &JsonObject<'_>) -> Result<SettingsChange, FieldFaults> {
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
pub(crate) fn read_rotation(object: &JsonObject<'_>) -> Result<i64, FieldFaults> {
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
pub(crate) fn read_top_up(object: &JsonObject<'_>) -> Result<TopUp, FieldFaults> {
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
pub(crate) fn too_much() -> FieldFaults {
    let mut faults = FieldFaults::default();
    let reason = "The balance would be more than it may be; top up less.";
    faults.add(field::AMOUNT, reason);
    faults
}

fn read_change(fields: &mut Fields<'_>) -> SettingsChange {
    let (reset_period, reset_amount) = read_reset(fields);
    SettingsChange {
        balance: fields.optional(field::BALANCE, money),
        has_budget: fields.optional(field::ACTIVE_BALANCE, boolean),
        expires_at: fields.nullable(field::EXPIRES_AT, instant),
        overdraft: fields.optional(field::OVERDRAFT, |value| choice(value, &OVERDRAFTS)),
        reset_period,
        reset_amount,
        simulate_budget: fields.optional(field::SIMULATE_BUDGET, boolean),
        rules: read_rules(fields),
    }
}

/// Reads the period (`Some(None)`: none) and the amount. An amount of null
/// beside no period is what answers show: it may be sent back.
#[expect(
    clippy::option_option,
    reason = "core's wishes have these three cases: leave, remove, set"
)]
fn read_reset(fields: &mut Fields<'_>) -> (Option<Option<ResetPeriod>>, Option<Money>) {
    let period = fields
        .nullable(field::RESET_PERIOD, |value| choice(value, &PERIODS))
        .map(Option::flatten);
    let amount = match period {
        Some(None) => fields.nullable(field::RESET_AMOUNT, money).flatten(),
        Some(Some(_)) | None => fields.optional(field::RESET_AMOUNT, money),
    };
    (period, amount)
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
pub(crate) fn taken(mut faults: FieldFaults) -> FieldFaults {
    faults.add(field::NAME, "Token with this name already exists.");
    faults
}

/// Faults between fields, in the words of the fields.
pub(crate) fn settings_faults(errors: &[SettingsError]) -> FieldFaults {
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

/// The word for a kind.
pub(crate) fn kind_word(kind: TokenKind) -> &'static str {
    word(&KINDS, kind)
}

/// The word for a reset period, or for none.
pub(crate) fn period_word(period: Option<ResetPeriod>) -> &'static str {
    word(&PERIODS, period)
}

/// The word for what happens when money is short.
pub(crate) fn overdraft_word(overdraft: Overdraft) -> &'static str {
    word(&OVERDRAFTS, overdraft)
}

/// The wire's word for a value.
fn word<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    let found = words.iter().find(|(_, meant)| *meant == value);
    found.expect("every value has a word").0
}
