//! Versions of pepper and master key, and how rows move from one to the next.
//!
//! A secret's row says which versions it was made under. While a version is in
//! use its key must be kept; rows move to the current one when their secret is
//! presented, or at once where a sealed copy tells the secret.

use async_trait::async_trait;
use keypurse_core::id::SecretId;
use keypurse_core::time::Timestamp;

use crate::audit_log::Actor;
use crate::error::StoreError;
use crate::tokens::Digest;

/// Which pepper digested a secret, and which master key sealed its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyVersions {
    /// Version of the pepper, from 1.
    pub pepper: u32,
    /// Version of the master key, from 1.
    pub master: u32,
}

impl KeyVersions {
    /// What an installation starts with.
    pub const FIRST: Self = Self {
        pepper: 1,
        master: 1,
    };
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Digests secrets.
    Pepper,
    /// Seals copies of secrets.
    Master,
}

/// Tells one key from another without telling the key.
pub type KeyCheck = [u8; 16];

/// A key the stored secrets rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// What it is for.
    pub kind: KeyKind,
    /// Which version.
    pub version: u32,
    /// By which the right key is recognised.
    pub check: KeyCheck,
    /// When it was first used.
    pub adopted_at: Timestamp,
}

/// A secret that is not under the current versions and has a sealed copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleSecret {
    /// Its row.
    pub id: SecretId,
    /// Its digest.
    pub digest: Digest,
    /// Its sealed copy.
    pub sealed: Vec<u8>,
    /// What both were made under.
    pub keys: KeyVersions,
}

/// A part of a search for stale secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleSecrets {
    /// What was found, oldest first.
    pub secrets: Vec<StaleSecret>,
    /// Every row up to here has been looked at.
    pub through: SecretId,
}

/// A secret or account key under newer keys.
#[derive(Clone, Debug)]
pub struct Rekeyed {
    /// What it was looked up by.
    pub from: Digest,
    /// What it is looked up by from now on.
    pub to: Digest,
    /// Its copy, bound to `to`; kept only where a copy was kept before.
    pub sealed: Vec<u8>,
    /// What both were made under.
    pub keys: KeyVersions,
}

/// What can be done with key versions.
#[async_trait]
pub trait Keys {
    /// The keys stored secrets rely on.
    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError>;

    /// Remembers keys before anything is stored under them. A version that is
    /// known already stays as it is.
    async fn record_keys(&self, keys: Vec<KeyRecord>, actor: Actor) -> Result<(), StoreError>;

    /// Forgets a key nothing relies on, together with what is only remembered
    /// under it. `false`: a secret or an account key relies on it.
    async fn drop_key(&self, kind: KeyKind, version: u32, actor: Actor)
    -> Result<bool, StoreError>;

    /// Secrets with a sealed copy that are not under `current`, after a row,
    /// at most `limit`.
    async fn stale_secrets(
        &self,
        after: SecretId,
        current: KeyVersions,
        limit: u32,
    ) -> Result<StaleSecrets, StoreError>;

    /// Moves secrets and account keys to newer keys, all in one transaction.
    /// What is no longer looked up by `from` is left alone. Returns how many
    /// moved.
    async fn rekey(&self, changes: Vec<Rekeyed>) -> Result<usize, StoreError>;
}
