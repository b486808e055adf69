//! What an operation changed: the store writes it, nobody edits it.

use std::collections::{BTreeMap, BTreeSet};

use super::Note;
use crate::id::{AccountId, TokenId};
use crate::money::Money;
use crate::time::Timestamp;

/// Whose money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurseId {
    /// An account's credits.
    Account(AccountId),
    /// A token's balance.
    Token(TokenId),
}

/// Why a balance changed other than by a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// What a purse started with.
    Open,
    /// An operator set the balance.
    Adjust,
    /// A period began.
    Reset,
    /// What calls were charged whose rows are kept no longer.
    Checkpoint,
    /// An operator added money.
    TopUp,
}

/// One immutable ledger line; a correction is a new entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose balance.
    pub purse: PurseId,
    /// Why.
    pub kind: EntryKind,
    /// Signed change.
    pub amount: Money,
    /// The balance it led to.
    pub balance_after: Money,
    /// What the operator said about it.
    pub note: Option<Note>,
    /// When.
    pub at: Timestamp,
}

/// Everything to be written in the transaction of one batch.
#[derive(Debug, Default)]
pub struct Changes {
    /// New entries, oldest first.
    pub entries: Vec<Entry>,
    /// Purses whose balance is no longer what the disk has.
    pub purses: BTreeSet<PurseId>,
    /// Tokens whose next reset moved.
    pub resets: BTreeMap<TokenId, Timestamp>,
}

impl Changes {
    pub(super) fn record(&mut self, entry: Entry) {
        self.purses.insert(entry.purse);
        self.entries.push(entry);
    }
}
