//! Wishes for changes of tokens become changes the store makes.

use keypurse_core::id::AccountId;
use keypurse_core::ledger::TopUpError;
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenKind, TokenName, TokenSettings, opening_balance};
use keypurse_store::{ChangeError, NewToken, Rotation, StoreError, Token, TokenChange};

use super::secrets::FreshSecret;
use super::wire::{Creation, RefusedCreation, settings_faults, taken, too_much};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

/// A new token and its secret.
pub(crate) fn create_change(
    state: &State,
    account: AccountId,
    Creation { name, kind, change }: Creation,
    now: Timestamp,
) -> Result<(TokenChange, TokenSecret), Refusal> {
    let settings = TokenSettings::new(name, kind)
        .changed(&change, now, &state.settings.zone)
        .map_err(|errors| Refusal::Invalid(settings_faults(&errors)))?;
    let FreshSecret {
        secret,
        digest,
        sealed,
        keys,
    } = FreshSecret::generate(state, kind);
    let change = TokenChange::Create(NewToken {
        account,
        balance: opening_balance(change.balance, settings.reset),
        settings,
        digest,
        sealed,
        keys,
        now,
    });
    Ok((change, secret))
}

/// All faults are reported at once, so a refused wish's name is looked up as
/// well.
pub(crate) async fn with_taken(
    state: &State,
    account: AccountId,
    RefusedCreation { name, faults }: RefusedCreation,
) -> Refusal {
    let Some(name) = name else {
        return Refusal::Invalid(faults);
    };
    match state.store.token(account, &name).await {
        Ok(Some(_)) => Refusal::Invalid(taken(faults)),
        Ok(None) => Refusal::Invalid(faults),
        Err(cause) => Refusal::Unavailable(cause),
    }
}

/// A wish for a new secret.
#[derive(Debug)]
pub(crate) struct RotationWish {
    pub(crate) account: AccountId,
    pub(crate) name: TokenName,
    /// How long the old secret goes on working.
    pub(crate) grace_seconds: i64,
}

/// A new secret for a token, and what it is.
pub(crate) async fn rotate_change(
    state: &State,
    wish: RotationWish,
    now: Timestamp,
) -> Result<(TokenChange, TokenSecret), StoreError> {
    let RotationWish {
        account,
        name,
        grace_seconds,
    } = wish;
    // The secret says whether it is for the sandbox, and a token's kind never
    // changes: it may be looked up before the step that rotates. That step
    // says whether there is a token, as this may be a repetition.
    let stored = state.store.token(account, &name).await?;
    let kind = stored.map_or(TokenKind::Live, |token| token.settings.kind);
    let FreshSecret {
        secret,
        digest,
        sealed,
        keys,
    } = FreshSecret::generate(state, kind);
    let change = TokenChange::Rotate(Rotation {
        account,
        name,
        digest,
        sealed,
        keys,
        old_until: now.plus_seconds(grace_seconds),
        now,
    });
    Ok((change, secret))
}

/// What a deletion means for what is under way. Call after it is on disk.
pub(crate) fn end_calls_of(state: &State, token: &Token) {
    state.revocations.revoke(token.id);
    state.gateway.forget_answers(token.id);
}

/// Why a change was not made, as its client is told.
pub(crate) fn refuse(error: ChangeError) -> Refusal {
    match error {
        ChangeError::OtherRequest => Refusal::OtherRequest,
        ChangeError::NoSuchToken => Refusal::NoSuchToken,
        ChangeError::NoSuchAlert | ChangeError::TooManyAlerts => Refusal::Bug,
        ChangeError::Stale => Refusal::Stale,
        ChangeError::NameTaken => Refusal::Invalid(taken(FieldFaults::default())),
        ChangeError::Invalid(errors) => Refusal::Invalid(settings_faults(&errors)),
        ChangeError::TopUp(TopUpError::OutOfRange) => Refusal::Invalid(too_much()),
        ChangeError::Store(cause) => Refusal::Unavailable(cause),
    }
}
