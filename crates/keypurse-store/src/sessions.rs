//! Sessions of the dashboard: who is signed in, from where.

use std::net::IpAddr;

use async_trait::async_trait;
use keypurse_core::id::{AccountId, SessionId};
use keypurse_core::time::Timestamp;

use crate::audit_log::Actor;
use crate::error::StoreError;
use crate::tokens::Digest;

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything: it was begun with the account's own key.
    Full,
    /// Look: it was begun with the account's viewer key.
    ReadOnly,
}

/// A sign-in.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of the id that its browser keeps: 256 random bits need no slow
    /// hash and no pepper.
    pub digest: Digest,
    /// Whose.
    pub account: AccountId,
    /// What the key that signs in may be looked up by.
    pub key: Vec<Digest>,
    /// From where.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub browser: String,
    /// When.
    pub now: Timestamp,
}

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name in lists; signs nobody in.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// What it may do.
    pub access: Access,
    /// When it was begun.
    pub began_at: Timestamp,
    /// When it was used last, to the minute.
    pub seen_at: Timestamp,
    /// From where it was begun.
    pub address: IpAddr,
    /// What the browser called itself.
    pub browser: String,
}

impl Session {
    /// How long a session may rest, in seconds.
    pub const IDLE_SECONDS: i64 = 30 * 60;
    /// How long a session may last, in seconds.
    pub const LONGEST_SECONDS: i64 = 12 * 60 * 60;

    /// Whether it has rested or lasted too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.seen_at.plus_seconds(Self::IDLE_SECONDS)
            || now >= self.began_at.plus_seconds(Self::LONGEST_SECONDS)
    }
}

/// Who is signed in to the dashboard.
#[async_trait]
pub trait Sessions {
    /// Begins a session with the rights of its key, and records the sign-in.
    /// `Ok(None)`: the key is the
    /// account's no more.
    async fn begin_session(&self, new: NewSession) -> Result<Option<Session>, StoreError>;

    /// The session of an id, unless it is over.
    async fn session(&self, digest: &Digest, now: Timestamp)
    -> Result<Option<Session>, StoreError>;

    /// Notes that a session was used.
    async fn see_session(&self, id: SessionId, now: Timestamp) -> Result<(), StoreError>;

    /// Ends a session of an account, and records who did: somebody who signs
    /// out, or another. Whether there was one.
    async fn end_session(
        &self,
        account: AccountId,
        id: SessionId,
        actor: Actor,
    ) -> Result<bool, StoreError>;

    /// The sessions of an account that are not over, newest first.
    async fn sessions(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError>;
}
