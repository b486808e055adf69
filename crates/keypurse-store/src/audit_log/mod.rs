//! Who changed what, when and from where: a log that only grows.
//!
//! A change of a token or an account and its record are one transaction, so
//! neither exists without the other. Records are chained by a keyed hash
//! ([`AuditRecord::hash`]): whoever edits, deletes or moves one without the
//! key is found out. No record holds a secret.

mod action;
mod actor;
mod alert;
mod canonical;
mod details;
mod event;
mod limit;
mod log;
mod record;
mod wire;

pub use action::Action;
pub use actor::{Actor, Who};
pub use canonical::canonical;
pub use details::Details;
pub use event::AuditEvent;
pub use limit::RecordLimit;
pub use log::{AuditLog, AuditPage};
pub use record::{AuditHead, AuditRecord};
