//! The tokens of an account: one file per operation.

mod change;
mod create;
mod delete;
mod etag;
mod get;
mod ledger;
mod list;
mod me;
mod path;
mod rotate;
mod top_up;
mod update;
mod wire;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use get::get;
pub(super) use ledger::{UsedUnits, ledger};
pub(super) use list::list;
pub(super) use me::me;
pub(super) use rotate::rotate;
pub(super) use top_up::top_up;
pub(super) use update::update;
