//! What alerts need of a running node, whoever asks: how they are worded, how
//! receivers are told, and who was short of money.
//!
//! `background` decides and delivers, `management` changes and shows; neither
//! imports the other. What happens when it fails: nothing of a call waits for
//! an alert; what could not be noted or delivered is tried again.

mod sentence;
mod shortages;
mod tested;
mod webhook;
pub mod wire;
pub(crate) mod wish;

pub use shortages::Shortages;
pub(crate) use tested::test;
pub use webhook::{
    AddressFault, MAX_SECRET_CHARS, MAX_URL_CHARS, MIN_SECRET_CHARS, Message, Reach, SIGNATURE,
    SecretFault, Sent, Webhook, WebhookSecret, WebhookUrl, Webhooks, renewed, seal, unseal,
};

use rustls::Error as TlsError;

/// What alerts need of a running node.
#[derive(Debug)]
pub struct Alerting {
    /// Reaches receivers.
    pub webhooks: Webhooks,
    /// Who was refused for want of money.
    pub shortages: Shortages,
}

impl Alerting {
    /// With receivers where they may be.
    pub fn new(reach: Reach) -> Result<Self, TlsError> {
        Ok(Self {
            webhooks: Webhooks::new(reach)?,
            shortages: Shortages::default(),
        })
    }
}
