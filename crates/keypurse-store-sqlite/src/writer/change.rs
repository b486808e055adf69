//! A change under the conditions its client sets, decided in one transaction.

use keypurse_core::id::AccountId;
use keypurse_core::ledger::TopUpError;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsError, TokenName};
use keypurse_store::{ChangeError, Condition, Guard, Made, Once, Token, TokenChange};

use super::batch::{Batch, Writer};
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
        let Guard { once, condition } = guard;
        self.once(once, now, |writer| match change {
            TokenChange::Create(new) => writer.create_token(new, batch),
            TokenChange::Update(update) => {
                let token = writer.seen(update.account, &update.name, condition)?;
                writer.update_token(token, update, batch, now)
            }
            TokenChange::Rotate(rotation) => {
                let token = writer.seen(rotation.account, &rotation.name, condition)?;
                writer.rotate_token(token, rotation, batch)
            }
            TokenChange::TopUp(credit) => {
                let token = writer.seen(credit.account, &credit.name, condition)?;
                writer.top_up_token(token, &credit.top_up, now)
            }
            TokenChange::Delete(deletion) => {
                let token = writer.seen(deletion.account, &deletion.name, condition)?;
                writer.delete_token(token, deletion.now, batch)
            }
        })
    }

    /// Makes a change unless it was made before, and remembers its answer.
    pub(super) fn once<T>(
        &mut self,
        once: Option<Once<T>>,
        now: Timestamp,
        make: impl FnOnce(&mut Self) -> Result<T, Undone>,
    ) -> Decided<T> {
        if let Some(once) = &once
            && let Some(before) = self.answered_before(&once.claim, now)?
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
