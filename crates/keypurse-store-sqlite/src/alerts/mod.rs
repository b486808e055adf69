//! Alerts: their rows, and reads beside the writer.

mod read;
mod rows;
mod store;

pub(crate) use read::rule;
pub(crate) use rows::{RuleColumns, measured_columns, state_columns, subject_text};
