//! `keypurse top`: keys by what they spend, live.
//!
//! Sums come from the same report as `keypurse usage`; what was spent lately is
//! the difference between two of them, so no call is counted twice or missed.

mod command;
mod gather;
mod history;
mod keyboard;
mod live;
mod screen;
mod view;

pub(crate) use command::{TopArgs, run};
