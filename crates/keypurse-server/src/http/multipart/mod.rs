//! Reads `multipart/form-data` strictly: what two parsers could read
//! differently is refused. A second `model` read by us and not by a provider
//! would be a billing attack.
//!
//! Our own, because a stream of fields does not tell where they stand: a form
//! is forwarded as it came, but for the one field that is replaced.

mod boundary;
mod head;
mod read;

pub use read::{Form, FormError, Limits, without_boundary};

#[cfg(test)]
mod tests;
