//! A running node: wired at start, drained at stop.

mod account_key;
mod banner;
mod descriptors;
mod in_process;
mod keys;
mod retention;
mod run;
mod signals;
mod time_keeping;
mod tls;
mod wiring;

pub(crate) use in_process::open_in_process;
pub(crate) use keys::check_keys;
pub(crate) use run::run;

/// The account a fresh installation starts with.
pub(crate) const DEFAULT_ACCOUNT: &str = "default";
