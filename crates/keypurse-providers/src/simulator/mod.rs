//! The simulator: answers sandbox tokens on every route that calls a model.
//!
//! It has the shapes of a real answer — text, tool calls, JSON that fits a
//! schema, several choices, log probabilities, vectors, verdicts, images,
//! sounds, transcripts, streams — and is honest about being simulated.
//! [`simulate`] is the one way in.
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
//! turns a [`Scenario`] into statuses and delays, and a [`Reply`] into headers
//! and bytes.

mod audio;
mod body;
mod chat;
mod conversation;
pub mod count;
mod delivery;
mod dice;
mod embeddings;
mod endpoint;
mod failure;
mod fields;
mod images;
mod messages;
mod moderations;
mod reply;
mod responses;
mod scenario;
mod schema;
#[cfg(test)]
mod tests;

pub use body::{FormField, RequestBody};
pub use chat::{ChatRequest, Chunk, Completion, chat};
pub use endpoint::{Endpoint, ModelFacts, simulate};
pub use failure::{Failure, InvalidRequest, ProviderFailure};
pub use reply::{Content, Event, Pace, Reply, SimulatedUsage, Stamp, Stream};
pub use scenario::{Scenario, UnknownScenario};
