//! Alerts: when somebody has to be told, before money or time runs out.
//!
//! A rule fires once when its condition becomes true of a subject, and again
//! only after it was untrue in between. What it fired for is remembered by the
//! store, so neither a restart nor a crash makes it fire twice.

mod condition;
mod evaluate;
mod subject;

pub use condition::{
    AlertCondition, LONGEST_WINDOW_SECONDS, MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS, MOST_CALLS,
    SHORTEST_WINDOW_SECONDS,
};
pub use evaluate::{Facts, Lately, Measured, PurseFacts, Verdict, evaluate};
pub use subject::{AlertEventId, AlertId, AlertIdError, AlertScope, AlertSubject};

#[cfg(test)]
mod tests;
