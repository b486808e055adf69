//! The request as a whole, and what the rest of the simulator asks it.

use serde_json::Value;

use super::{
    InvalidRequest, Message, Role, Tool, ToolChoice, messages, options::Options, tools::Toolbox,
};
use crate::simulator::{count::count, dice::fingerprint};

/// A chat completion request that OpenAI would not refuse.
#[derive(Debug)]
pub struct ChatRequest<'a> {
    /// Invariant: never empty.
    messages: Vec<Message<'a>>,
    toolbox: Toolbox<'a>,
    options: Options<'a>,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request body.
    pub fn read(body: &'a Value) -> Result<Self, InvalidRequest> {
        Ok(Self {
            messages: messages::read(body)?,
            toolbox: Toolbox::read(body)?,
            options: Options::read(body)?,
        })
    }

    /// What the request is charged as: the text of all messages, the tools and
    /// the answer's schema. Images, sounds and files count nothing.
    pub fn input_tokens(&self) -> u64 {
        let messages: u64 = self.messages.iter().map(Message::length).sum();
        let described = [self.toolbox.source, self.options.format.schema()];
        let described = described.into_iter().flatten();
        messages + described.map(|json| count(&json.to_string())).sum::<u64>()
    }

    pub(in crate::simulator) fn last_message(&self) -> &Message<'a> {
        self.messages
            .last()
            .expect("a request without messages is refused")
    }

    pub(in crate::simulator) fn last_user_message(&self) -> Option<&Message<'a>> {
        self.messages
            .iter()
            .rfind(|message| message.role == Role::User)
    }

    /// Where every choice the simulator makes starts from. The earlier messages
    /// take part with their number only, so that the second of two equal turns
    /// does not repeat the first.
    pub(in crate::simulator) fn fingerprint(&self) -> u64 {
        let last = self.last_message();
        let place = self.messages.len().to_string();
        fingerprint([last.role.name(), &place].into_iter().chain(last.texts()))
    }

    pub(in crate::simulator) fn tools(&self) -> &[Tool<'a>] {
        &self.toolbox.tools
    }

    pub(in crate::simulator) fn tool_choice(&self) -> ToolChoice<'a> {
        self.toolbox.choice
    }

    pub(in crate::simulator) fn options(&self) -> &Options<'a> {
        &self.options
    }
}
