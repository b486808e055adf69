//! Crediting a purse.

use thiserror::Error;

use super::{Entry, EntryKind, Ledger, PurseId};
use crate::money::Money;
use crate::time::Timestamp;

/// The longest note, in code points.
pub const MAX_NOTE_CHARS: usize = 500;
/// An account's credits stay below a billion dollars, so that what its calls
/// hold always fits beside them.
const MOST_CREDITS: Money = Money::from_nanos(1_000_000_000 * 1_000_000_000);

/// Why money was added, in an operator's words: at most 500 code points, no
/// control characters, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

/// Why a text is no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// More than 500 code points.
    #[error("ensure this field has no more than {MAX_NOTE_CHARS} characters")]
    TooLong,
    /// A control character would break logs and tables.
    #[error("control characters are not allowed")]
    ControlCharacter,
}

impl Note {
    /// Checks a text; an empty one says nothing and is no note.
    pub fn parse(text: &str) -> Result<Option<Self>, NoteError> {
        if text.chars().count() > MAX_NOTE_CHARS {
            return Err(NoteError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NoteError::ControlCharacter);
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The note as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Money an operator adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// How much. Invariant: above zero.
    pub amount: Money,
    /// Why.
    pub note: Option<Note>,
}

/// Why nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TopUpError {
    /// The purse would hold more than it may.
    #[error("the balance would leave its range")]
    OutOfRange,
}

impl Ledger {
    /// Adds money to a purse and returns what it then holds. A due reset comes
    /// first: the money is for the period that has begun.
    pub fn top_up(
        &mut self,
        purse: PurseId,
        top_up: TopUp,
        now: Timestamp,
    ) -> Result<Money, TopUpError> {
        assert!(top_up.amount > Money::ZERO, "a top-up adds money");
        let TopUp { amount, note } = top_up;
        let (balance, fits): (_, fn(Money) -> bool) = match purse {
            PurseId::Account(id) => {
                let balance = &mut self.loaded_account(id).purse.balance;
                (balance, |sum| sum < MOST_CREDITS)
            }
            PurseId::Token(id) => {
                self.reset_if_due(id, now);
                (&mut self.loaded_token(id).purse.balance, Money::is_balance)
            }
        };
        let sum = balance.checked_add(amount).filter(|sum| fits(*sum));
        let balance_after = sum.ok_or(TopUpError::OutOfRange)?;
        *balance = balance_after;
        self.changes.record(Entry {
            purse,
            kind: EntryKind::TopUp,
            amount,
            balance_after,
            note,
            at: now,
        });
        Ok(balance_after)
    }
}
