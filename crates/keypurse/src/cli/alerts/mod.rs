//! `keypurse alerts …`: who is told before a key runs dry or out of time.

mod change;
mod command;
mod history;
mod rule;
mod show;
mod threshold;

pub(crate) use command::{AlertsArgs, run};
