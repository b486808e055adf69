//! What is known of providers: their models and prices, their dialects, and
//! the simulator that answers sandbox tokens.
//!
//! Pure: nothing here opens a connection, reads a clock or decides about money.

pub mod anthropic;
pub mod catalogue;
pub mod gemini;
pub mod images;
pub mod media;
mod members;
pub mod openai;
pub mod presets;
pub mod refusal;
pub mod simulator;
pub mod tokenizer;
pub mod translate;
pub mod visible;
