//! `keypurse usage`: what was used and what it cost.

mod calls;
mod command;
mod range;
mod sums;

pub(crate) use command::{COSTS, UsageArgs, run};
pub(crate) use range::ZoneArgs;
pub(crate) use sums::{Report, Sums};
