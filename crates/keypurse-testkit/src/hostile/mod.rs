//! A provider that behaves badly in every way we know, over real HTTP, and
//! keeps the truth: what it produced and what it would bill, call by call.
//!
//! It speaks the three dialects, by the path it is asked at. How it answers is chosen by the model's name ([`Behaviour`]). It lives in
//! the test's process, so what it knows survives a gateway that is killed.

mod behaviour;
mod json;
mod script;
mod server;
mod stream;
mod truth;
mod wire;

pub use behaviour::{Behaviour, below};
pub use script::{INPUT_TOKENS, tokens_in};
pub use server::HostileProvider;
pub use truth::{Billed, Served};
