//! Tokens and the credentials they are recognised by.

use std::sync::Arc;

use async_trait::async_trait;
use keypurse_core::id::{AccountId, SecretId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::{Reading, Timestamp};
use keypurse_core::token::{SettingsChange, SettingsError, TokenName, TokenSettings};
use thiserror::Error;

use crate::changes::{ChangeError, Deletion, Guard, Made, TokenChange};
use crate::error::StoreError;
use crate::keys::KeyVersions;
use crate::search::{TokenSearch, TokenStanding, TokenTally, TokensFound};

/// HMAC-SHA-256 of a secret under the pepper: what a secret is looked up by.
pub type Digest = [u8; 32];

/// A token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id; outlives the name.
    pub id: TokenId,
    /// Whose it is.
    pub account: AccountId,
    /// What the operator decided.
    pub settings: TokenSettings,
    /// Credits minus charges, as of the last ledger step.
    pub balance: Money,
    /// Digest of the current secret.
    pub digest: Digest,
    /// The current secret under the master key, while secrets may be revealed.
    pub sealed: Option<Vec<u8>>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Token {
    /// The balance, a due reset already counted in: resets run in the first
    /// ledger step of a period, and a reader may come before it. They wait for
    /// time that has passed for certain: [`Clock::proven`].
    ///
    /// [`Clock::proven`]: keypurse_core::time::Clock::proven
    pub fn balance_at(&self, proven: Timestamp) -> Money {
        match self.settings.reset {
            Some(reset) if reset.is_due(proven) => reset.amount,
            Some(_) | None => self.balance,
        }
    }
}

/// A new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose.
    pub account: AccountId,
    /// Its settings, checked by core.
    pub settings: TokenSettings,
    /// What it starts with; becomes an entry.
    pub balance: Money,
    /// Digest of its secret.
    pub digest: Digest,
    /// Its secret under the master key.
    pub sealed: Option<Vec<u8>>,
    /// What digest and copy were made under.
    pub keys: KeyVersions,
    /// When.
    pub now: Timestamp,
}

/// Why a token was not created.
#[derive(Debug, Error)]
pub enum CreateTokenError {
    /// The account has a live token of this name.
    #[error("a token with this name already exists")]
    NameTaken,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change of one token.
#[derive(Clone, Debug)]
pub struct TokenUpdate {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub name: TokenName,
    /// What to change.
    pub change: SettingsChange,
    /// When.
    pub now: Timestamp,
}

/// Why a token was not changed.
#[derive(Debug, Error)]
pub enum UpdateTokenError {
    /// The settings would contradict each other; nothing was changed.
    #[error("the settings contradict each other")]
    Invalid(Vec<SettingsError>),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A new secret for a token.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Whose.
    pub account: AccountId,
    /// Which token.
    pub name: TokenName,
    /// Digest of the new secret.
    pub digest: Digest,
    /// The new secret under the master key.
    pub sealed: Option<Vec<u8>>,
    /// What digest and copy were made under.
    pub keys: KeyVersions,
    /// Until when the old secret works; `now` ends it at once.
    pub old_until: Timestamp,
    /// When.
    pub now: Timestamp,
}

/// Whom a secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An account's own key.
    Account(AccountId),
    /// An account's key that may look and change nothing.
    Viewer(AccountId),
    /// A custom token.
    Token(TokenCredential),
}

/// What the path of a call needs of a token, cached between calls.
///
/// The balance is not in here: only the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCredential {
    /// Which token.
    pub token: TokenId,
    /// Whose it is.
    pub account: AccountId,
    /// Which of its secrets was presented.
    pub secret: SecretId,
    /// Until when this secret works, if it was rotated out.
    pub valid_until: Option<Timestamp>,
    /// Its settings.
    pub settings: TokenSettings,
}

/// What can be done with tokens.
#[async_trait]
pub trait Tokens: Sync {
    /// Makes one change of one token, serialised with all charges, under the
    /// conditions its client sets. What comes back is the token afterwards, or
    /// as it was last when it was deleted.
    ///
    /// Of two parallel creates of one name, one wins. After a rotation at most
    /// two secrets work. After a deletion nothing is admitted for the token,
    /// and its name is free.
    async fn change_token(
        &self,
        change: TokenChange,
        guard: Guard,
    ) -> Result<Made<Token>, ChangeError>;

    /// An account's live tokens, oldest first.
    async fn tokens(&self, account: AccountId) -> Result<Vec<Token>, StoreError>;

    /// A live token by name.
    async fn token(
        &self,
        account: AccountId,
        name: &TokenName,
    ) -> Result<Option<Token>, StoreError>;

    /// A live token by id.
    async fn token_by_id(&self, id: TokenId) -> Result<Option<Token>, StoreError>;

    /// Counts an account's live tokens by what lists can be narrowed to.
    async fn tally_tokens(&self, account: AccountId, at: Reading)
    -> Result<TokenTally, StoreError>;

    /// A page of an account's live tokens, by what is remembered of them.
    async fn find_tokens(&self, search: TokenSearch) -> Result<TokensFound, StoreError>;

    /// A live token by id, and how it stands.
    async fn token_standing(&self, id: TokenId) -> Result<Option<TokenStanding>, StoreError>;

    /// Whom a secret belongs to, if it is one of a live token or an account.
    /// Says nothing about expiry and grace: compare those with the clock.
    async fn credential(&self, digest: &Digest) -> Result<Option<Arc<Credential>>, StoreError>;

    /// Whether a secret or account key that is unknown now once worked.
    async fn was_retired(&self, digest: &Digest) -> Result<bool, StoreError>;

    /// [`TokenChange::Create`] without conditions.
    async fn create_token(&self, new: NewToken) -> Result<Token, CreateTokenError> {
        let change = TokenChange::Create(new);
        match self.change_token(change, Guard::default()).await {
            Ok(made) => Ok(made.now()),
            Err(ChangeError::NameTaken) => Err(CreateTokenError::NameTaken),
            Err(other) => Err(other.into_store().into()),
        }
    }

    /// [`TokenChange::Update`] without conditions; `Ok(None)`: no such token.
    async fn update_token(&self, update: TokenUpdate) -> Result<Option<Token>, UpdateTokenError> {
        let change = TokenChange::Update(update);
        match self.change_token(change, Guard::default()).await {
            Ok(made) => Ok(Some(made.now())),
            Err(ChangeError::NoSuchToken) => Ok(None),
            Err(ChangeError::Invalid(faults)) => Err(UpdateTokenError::Invalid(faults)),
            Err(other) => Err(other.into_store().into()),
        }
    }

    /// [`TokenChange::Rotate`] without conditions; `Ok(None)`: no such token.
    async fn rotate_token(&self, rotation: Rotation) -> Result<Option<Token>, StoreError> {
        let change = TokenChange::Rotate(rotation);
        match self.change_token(change, Guard::default()).await {
            Ok(made) => Ok(Some(made.now())),
            Err(ChangeError::NoSuchToken) => Ok(None),
            Err(other) => Err(other.into_store()),
        }
    }

    /// [`TokenChange::Delete`] without conditions; `Ok(None)`: no such token.
    async fn delete_token(
        &self,
        account: AccountId,
        name: &TokenName,
        now: Timestamp,
    ) -> Result<Option<TokenId>, StoreError> {
        let name = name.clone();
        let change = TokenChange::Delete(Deletion { account, name, now });
        match self.change_token(change, Guard::default()).await {
            Ok(made) => Ok(Some(made.now().id)),
            Err(ChangeError::NoSuchToken) => Ok(None),
            Err(other) => Err(other.into_store()),
        }
    }
}
