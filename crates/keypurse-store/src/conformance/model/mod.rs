//! The model test: any sequence of operations, crashes included, leaves a
//! store exactly where a small reference says.
//!
//! `reference` is what a store promises, as plainly as it can be said: no
//! cache, no running sum, no journal. `driver` does the same to a real store,
//! `management` what is not about calls, one function per operation, and
//! `agree` compares all that can be seen. A difference is shrunk to the
//! shortest sequence that shows it. What happens when a promise changes: its
//! arm in `reference` and its function in `driver` change, nothing else.
//!
//! Where nothing is promised, nothing is asked: `is_possible` leaves it out.

mod agree;
mod backend;
mod books;
mod claims;
mod driver;
mod generate;
mod machine;
mod management;
mod operation;
mod paying;
mod reference;
mod settings;

pub use backend::{Backend, Books, ModelClock};
pub use machine::{Length, run};
