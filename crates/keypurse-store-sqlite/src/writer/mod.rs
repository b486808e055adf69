//! The writer thread: the only one who changes a balance.
//!
//! Group commit: it takes whatever waits, decides it in order, commits once,
//! then answers everybody. A lone call pays one commit; a crowd shares it.

mod accounts;
mod alerts;
mod answers;
mod batch;
mod calls;
mod change;
mod command;
mod decide;
mod dictionary;
mod flush;
mod gathering;
mod keys;
mod log;
mod meters;
mod noted;
mod once;
mod retention;
mod run;
mod sessions;
mod space;
mod state;
mod stop;
mod tokens;
mod write_back;

pub(crate) use alerts::AlertsCommand;
pub(crate) use command::{Command, Reply};
pub(crate) use keys::KeysCommand;
pub(crate) use meters::Meters;
pub(crate) use noted::Noted;
pub(crate) use sessions::SessionCommand;
pub(crate) use state::Writer;
