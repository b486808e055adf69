//! The log of management changes: appended by whoever makes a change, chained
//! by a key that is not in the file.

mod append;
mod key;
mod read;
mod verify;

pub(crate) use append::{Begun, append, begin, change_and_record};
pub use append::{audit_log_has_begun, replace_audit_key};
pub use key::AuditKey;
pub use read::audit_records;
pub(crate) use read::{head, last_of, page};
pub use verify::{AuditLogError, AuditLogReport, verify_audit_log};
