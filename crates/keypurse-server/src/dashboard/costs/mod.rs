//! `GET /costs`: where the money goes.

mod csv;
mod page;
mod query;

pub(super) use csv::table;
pub(super) use page::show;
