//! Webhooks: where receivers are, what they are told, and how it is sent.

mod address;
mod client;
mod message;
mod reach;
mod sealed;
mod secret;
mod signature;

pub use address::{AddressFault, MAX_URL_CHARS, WebhookUrl};
pub use client::{Sent, Webhooks};
pub use message::Message;
pub use reach::Reach;
pub use sealed::{Webhook, renewed, seal, unseal};
pub use secret::{MAX_SECRET_CHARS, MIN_SECRET_CHARS, SecretFault, WebhookSecret};
pub use signature::SIGNATURE;
