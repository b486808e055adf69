//! The request as a whole.

use super::{messages, options, tools};
use crate::simulator::{
    conversation::Conversation,
    failure::InvalidRequest,
    fields::{Json, service_tier},
};

/// A chat completion request that OpenAI would not refuse.
#[derive(Debug)]
pub struct ChatRequest<'a> {
    pub(in crate::simulator) conversation: Conversation<'a>,
    /// The tier of service it names.
    pub(in crate::simulator) tier: Option<&'static str>,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request body.
    pub fn read(body: Json<'a>) -> Result<Self, InvalidRequest> {
        let conversation = Conversation::new(
            messages::read(body)?,
            tools::read(body)?,
            options::read(body)?,
        );
        Ok(Self {
            conversation,
            tier: service_tier(body),
        })
    }

    /// What the request is charged as: the text of all messages, the tools and
    /// the answer's schema. Images, sounds and files count nothing.
    pub fn input_tokens(&self) -> u64 {
        self.conversation.input_tokens()
    }
}
