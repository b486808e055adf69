//! The simulator: answers sandbox tokens on chat completions.
//!
//! It has the shapes of a real answer — text, tool calls, JSON that fits a
//! schema, several choices, log probabilities, streams — and is honest in the
//! text about being simulated.
//!
//! Invariants:
//! - Pure: no I/O, no clock, no randomness, no async. Identifiers and times are
//!   arguments, so nothing here can ever reach an upstream.
//! - The same request gets the same answer, streamed or not.
//! - The work and the size of an answer are bounded, whatever schema or limits
//!   a client sends; a schema that cannot be met in bounds gets a best effort,
//!   never an endless loop.
//!
//! It does not judge prices, balances or models, and knows no HTTP: the server
//! turns a [`Scenario`] into statuses, delays and broken streams.

mod answer;
mod calling;
mod chunks;
mod completion;
pub mod count;
mod dice;
mod logprobs;
mod prose;
mod request;
mod scenario;
mod schema;
#[cfg(test)]
mod tests;

pub use answer::chat;
pub use chunks::Chunk;
pub use completion::{Completion, SimulatedUsage, Stamp};
pub use request::{ChatRequest, InvalidRequest};
pub use scenario::{Scenario, UnknownScenario};
