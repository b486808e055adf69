//! Promises about reports: figures are those of the calls, to the nano-dollar,
//! whatever zone days are of and whatever happens to store, tokens and rows.

mod history;
mod made;
mod questions;

pub use history::{History, deleted_tokens_stay_in_reports};
