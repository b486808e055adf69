//! All of it.

use std::fmt::Debug;

use crate::{Accounts, Alerts, AuditLog, Calls, Keys, Sessions, Statements, Tokens, Usage, Vitals};

/// Everything a running node needs of its storage.
pub trait Store:
    Accounts
    + Tokens
    + Calls
    + Statements
    + Usage
    + Keys
    + Sessions
    + Alerts
    + AuditLog
    + Vitals
    + Debug
    + Send
    + Sync
    + 'static
{
}

impl<T> Store for T where
    T: Accounts
        + Tokens
        + Calls
        + Statements
        + Usage
        + Keys
        + Sessions
        + Alerts
        + AuditLog
        + Vitals
        + Debug
        + Send
        + Sync
        + 'static
{
}
