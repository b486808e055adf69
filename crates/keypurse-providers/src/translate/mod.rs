//! Translates between the dialects of clients and providers.
//!
//! The chat dialect is in the middle: what has no translator of its own goes
//! through it. Pure: bytes in, bytes out; numbers, texts, schemas and inputs
//! of tools keep the text they are written with.
//!
//! What the other dialect cannot say is refused by name ([`Untranslatable`]);
//! members that only advise are left out, and each translator's documentation
//! lists them. A provider's answer is never trusted: what is none of its
//! dialect is a fault, not a panic, and usage that cannot be is left out.

mod alike;
mod anthropic_to_chat;
mod call_id;
mod chat;
mod chat_answer;
mod chat_request;
mod chat_to_anthropic;
mod chat_to_gemini;
mod chat_to_message;
mod chat_to_response;
mod completion;
mod data_url;
mod dialect;
mod feed;
mod gemini_to_chat;
mod messages_to_chat;
mod object;
mod proof;
mod response_tools;
mod responses_to_chat;
mod stream;
mod target;
#[cfg(test)]
mod tests;
mod untranslatable;

pub use dialect::{Dialect, NoAnswer, answer, error, request};
pub use feed::StreamFault;
pub use proof::is_own_reasoning;
pub use stream::TranslatedStream;
pub use target::{Replay, Target, Wanted};
pub use untranslatable::Untranslatable;
