//! Alerts: one file per operation.

mod change;
mod create;
mod delete;
mod deliveries;
mod events;
mod get;
mod list;
mod path;
mod test;
mod update;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use deliveries::deliveries;
pub(super) use events::events;
pub(super) use get::get;
pub(super) use list::list;
pub(super) use test::test;
pub(super) use update::update;
