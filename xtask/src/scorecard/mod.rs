//! `cargo xtask scorecard`: runs what shows that each row of the scorecard
//! holds, and prints `row, result, measured, threshold`.

mod audit;
mod command;
mod edge;
mod known;
mod report;
mod rows;
mod run;

pub(crate) use command::{Options, run};
