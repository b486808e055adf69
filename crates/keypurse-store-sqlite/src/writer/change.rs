//! A change under the conditions its client sets, decided in one transaction.

use keypurse_core::id::AccountId;
use keypurse_core::ledger::TopUpError;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsError, TokenName};
use keypurse_store::{AuditEvent, ChangeError, Condition, Guard, Made, Once, Token, TokenChange};

use super::batch::Batch;
use super::state::Writer;
use crate::rows;

/// Why a change was not made: the one ends the batch, the other is an answer.
pub(super) enum Undone {
    Failed(rusqlite::Error),
    Refused(ChangeError),
}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ChangeError> for Undone {
    fn from(error: ChangeError) -> Self {
        Self::Refused(error)
    }
}

impl From<TopUpError> for Undone {
    fn from(error: TopUpError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Vec<SettingsError>> for Undone {
    fn from(faults: Vec<SettingsError>) -> Self {
        Self::Refused(ChangeError::Invalid(faults))
    }
}

/// The token a change is about; `None`: it is new.
fn named(change: &TokenChange) -> Option<(AccountId, &TokenName)> {
    match change {
        TokenChange::Create(_) => None,
        TokenChange::Update(update) => Some((update.account, &update.name)),
        TokenChange::Rotate(rotation) => Some((rotation.account, &rotation.name)),
        TokenChange::TopUp(credit) => Some((credit.account, &credit.name)),
        TokenChange::Delete(deletion) => Some((deletion.account, &deletion.name)),
    }
}

/// What a change led to, or why it was refused.
pub(super) type Decided<T> = rusqlite::Result<Result<Made<T>, ChangeError>>;

impl Writer {
    pub(super) fn change_token(
        &mut self,
        change: &TokenChange,
        guard: Guard,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Decided<Token> {
        let Guard {
            actor,
            once,
            condition,
        } = guard;
        self.once(once, now, |writer| {
            let before = match named(change) {
                Some((account, name)) => Some(writer.seen(account, name, condition)?),
                None => None,
            };
            let after = writer.make(change, before.clone(), batch, now)?;
            let tokens = (before.as_ref(), &after);
            if let Some(event) = AuditEvent::of_token_change(change, tokens, actor, now) {
                writer.record(&event)?;
            }
            Ok(after)
        })
    }

    /// Makes a change of `token`, which only a new one has not.
    fn make(
        &mut self,
        change: &TokenChange,
        token: Option<Token>,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<Token, Undone> {
        let seen = || token.expect("only a new token was not seen");
        match change {
            TokenChange::Create(new) => self.create_token(new, batch),
            TokenChange::Update(update) => self.update_token(seen(), update, batch, now),
            TokenChange::Rotate(rotation) => self.rotate_token(seen(), rotation, batch),
            TokenChange::TopUp(credit) => self.top_up_token(seen(), &credit.top_up, now),
            TokenChange::Delete(deletion) => self.delete_token(seen(), deletion.now, batch),
        }
    }

    /// Makes a change unless it was made before, and remembers its answer.
    pub(super) fn once<T>(
        &mut self,
        once: Option<Once<T>>,
        now: Timestamp,
        make: impl FnOnce(&mut Self) -> Result<T, Undone>,
    ) -> Decided<T> {
        if let Some(once) = &once
            && let Some(before) = self.answered_before(&once.claim)?
        {
            return Ok(before.map(Made::Before));
        }
        let state = match make(self) {
            Ok(state) => state,
            Err(Undone::Refused(error)) => return Ok(Err(error)),
            Err(Undone::Failed(error)) => return Err(error),
        };
        if let Some(Once { claim, render }) = once {
            self.remember_change(&claim, render(&state), now)?;
        }
        Ok(Ok(Made::Now(state)))
    }

    /// The token a change is about, if it is as its client has seen it.
    fn seen(
        &mut self,
        account: AccountId,
        name: &TokenName,
        condition: Option<Condition>,
    ) -> Result<Token, Undone> {
        let token = rows::token_named(&self.connection, account, name)?;
        let mut token = token.ok_or(ChangeError::NoSuchToken)?;
        self.ensure_token(token.id)?;
        self.bring_up_to_date(&mut token);
        if condition.is_some_and(|holds| !holds(&token)) {
            return Err(ChangeError::Stale.into());
        }
        Ok(token)
    }

    /// Memory knows of charges and resets that are not flushed yet.
    pub(super) fn bring_up_to_date(&self, token: &mut Token) {
        let state = self.ledger.token(token.id).expect("found, so loaded");
        token.balance = state.purse.balance;
        token.settings.reset = state.reset;
    }
}
