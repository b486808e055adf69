//! Accounts: tenants that own credits and tokens.

use async_trait::async_trait;
use keypurse_core::id::AccountId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use thiserror::Error;

use crate::audit_log::Actor;
use crate::changes::{AccountTopUp, ChangeError, Made, Once};
use crate::error::StoreError;
use crate::tokens::Digest;

/// An account as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique in the installation.
    pub name: String,
    /// Credits minus charges.
    pub balance: Money,
    /// Whether calls are admitted whatever the balance is.
    pub unlimited: bool,
}

/// A new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Digest of its key.
    pub key_digest: Digest,
    /// Version of the pepper that digested it.
    pub pepper: u32,
    /// What it starts with; `None`: unlimited.
    pub credits: Option<Money>,
    /// Who makes it.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
}

/// A key that may look and change nothing.
#[derive(Clone, Copy, Debug)]
pub struct NewViewerKey {
    /// Its digest.
    pub digest: Digest,
    /// Version of the pepper that digested it.
    pub pepper: u32,
    /// When.
    pub now: Timestamp,
}

/// Why an account was not created.
#[derive(Debug, Error)]
pub enum CreateAccountError {
    /// The name is taken.
    #[error("an account with this name already exists")]
    NameTaken,
    /// The key belongs to another account or token.
    #[error("this key is already in use")]
    KeyTaken,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What can be done with accounts.
#[async_trait]
pub trait Accounts {
    /// Creates an account; its opening credits become an entry.
    async fn create_account(&self, new: NewAccount) -> Result<Account, CreateAccountError>;

    /// Replaces an account's key by one with this digest under this version of
    /// the pepper; the old one is dead and its sessions are over when this
    /// returns. `Ok(None)`: no such account.
    async fn set_account_key(
        &self,
        name: &str,
        (key_digest, pepper): (Digest, u32),
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError>;

    /// Gives an account a viewer key in place of the one it has, or takes that
    /// away; the old one is dead and its sessions are over when this returns.
    /// `Ok(None)`: no such account.
    async fn set_viewer_key(
        &self,
        name: &str,
        key: Option<NewViewerKey>,
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError>;

    /// Adds to an account's credits, as one entry.
    async fn top_up_account(
        &self,
        top_up: AccountTopUp,
        once: Option<Once<Account>>,
    ) -> Result<Made<Account>, ChangeError>;

    /// An account by id.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// All accounts, oldest first.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
}
