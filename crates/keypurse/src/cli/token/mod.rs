//! `keypurse token …`: the keys that spend.

mod change;
mod command;
mod settings;
mod show;

pub(crate) use command::{TokenArgs, run};
