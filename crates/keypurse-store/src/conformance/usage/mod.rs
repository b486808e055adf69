//! Promises about reports: figures are those of the calls, to the nano-dollar,
//! whatever zone days are of and whatever happens to store, tokens and rows.

mod costs;
mod history;
mod labels;
mod made;
mod planned;
mod questions;

pub use history::History;
pub use labels::deleted_tokens_stay_in_reports;
