//! What alerts need of a running node, whoever asks: how they are worded, how
//! receivers are told, and who was short of money.
//!
//! `background` decides and delivers, `management` and `dashboard` change and
//! show; none imports another. What happens when it fails: nothing of a call waits for
//! an alert; what could not be noted or delivered is tried again.

mod before;
mod refusal;
mod sentence;
mod shortages;
mod tested;
mod webhook;
pub mod wire;
pub(crate) mod wish;

pub(crate) use before::made_before;
pub(crate) use refusal::refuse;
pub(crate) use sentence::sentence;
pub use shortages::Shortages;
pub use tested::RunningTests;
pub(crate) use tested::{Tested, test};
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
    /// Tests that are being sent.
    pub running_tests: RunningTests,
}

impl Alerting {
    /// With receivers where they may be.
    pub fn new(reach: Reach) -> Result<Self, TlsError> {
        Ok(Self {
            webhooks: Webhooks::new(reach)?,
            shortages: Shortages::default(),
            running_tests: RunningTests::default(),
        })
    }
}
