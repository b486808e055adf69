//! The command line: one file per command.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod keys;
pub(crate) mod node_command;
pub(crate) mod restore;
pub(crate) mod serve;

mod alerts;
mod amount;
mod command;
mod console;
mod session;
mod table;
mod token;
mod top;
mod usage;
mod when;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use command::Command;
pub(crate) use command::{Cli, DEFAULT_DATA_DIR, DataDirArg, options_for, run};
