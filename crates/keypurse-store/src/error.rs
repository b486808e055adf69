//! What can go wrong with storage as such.

use thiserror::Error;

/// Storage failed. Absence is no failure: that is `Ok(None)`.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// It cannot read or write now: the disk is full, most likely.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// It has been closed, for good.
    #[error("storage has been closed")]
    Closed,
    /// Too much is waiting already; nothing was done.
    #[error("storage has too much to do")]
    Overloaded,
    /// It was restored from a backup, and nobody has acknowledged that yet.
    #[error("storage was restored from a backup and waits to be acknowledged")]
    Unacknowledged,
    /// What it holds makes no sense.
    #[error("storage is corrupt: {0}")]
    Corrupt(String),
}
