//! What can be done with the log.

use async_trait::async_trait;
use keypurse_core::id::AccountId;

use super::{Action, AuditEvent, AuditHead, AuditRecord};
use crate::error::StoreError;

/// Which records are asked for, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// Whose. Records of the installation are the first account's: its operator
    /// has that one.
    pub account: AccountId,
    /// Only before this place; `None`: from the newest on.
    pub before: Option<i64>,
    /// So many at most.
    pub limit: usize,
}

/// What can be done with the log beside changes, which write their records
/// themselves.
#[async_trait]
pub trait AuditLog {
    /// Records what is no change of a token or an account: a sign-in, a key
    /// adopted, a step of the clock.
    async fn record_event(&self, event: AuditEvent) -> Result<(), StoreError>;

    /// Records of an account, newest first.
    async fn audit_page(&self, page: AuditPage) -> Result<Vec<AuditRecord>, StoreError>;

    /// The newest record of one action that concerns the installation.
    async fn last_audited(&self, action: Action) -> Result<Option<AuditRecord>, StoreError>;

    /// Where the log ends.
    async fn audit_head(&self) -> Result<AuditHead, StoreError>;
}
