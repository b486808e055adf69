//! A stream in one dialect as a stream in another.

use keypurse_core::usage::TokenCounts;

use super::anthropic_to_chat::AnthropicStream;
use super::chat_to_message::ChatStream;
use super::chat_to_response::ResponseStream;
use super::feed::{Feed, StreamFault};
use super::gemini_to_chat::GeminiStream;
use super::{Dialect, Wanted};
use crate::openai::Event;

/// Translates a stream's bytes as they come. It keeps at most one event whose
/// end has not come, and, for a response's client, what was said.
#[derive(Debug)]
pub struct TranslatedStream {
    first: Step,
    second: Option<Step>,
}

#[derive(Debug)]
struct Step {
    feed: Feed,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    AnthropicToChat(AnthropicStream),
    GeminiToChat(GeminiStream),
    ChatToMessage(ChatStream),
    ChatToResponse(Box<ResponseStream>),
}

impl TranslatedStream {
    /// A stream of a provider's dialect for a client of another; `None` where
    /// both are the same, or the client's has no streams to be translated to.
    pub fn new(provider: Dialect, client: Dialect, wanted: Wanted<'_>) -> Option<Self> {
        let anthropic = || Kind::AnthropicToChat(AnthropicStream::new(wanted.created));
        let gemini = || Kind::GeminiToChat(GeminiStream::new(wanted.of_gemini(client)));
        let message = || Kind::ChatToMessage(ChatStream::default());
        let response = || Kind::ChatToResponse(Box::new(ResponseStream::new(wanted)));
        let (first, second) = match (provider, client) {
            (Dialect::Anthropic, Dialect::OpenAi) => (anthropic(), None),
            (Dialect::Gemini, Dialect::OpenAi) => (gemini(), None),
            (Dialect::OpenAi, Dialect::Anthropic) => (message(), None),
            (Dialect::Gemini, Dialect::Anthropic) => (gemini(), Some(message())),
            (Dialect::OpenAi, Dialect::Responses) => (response(), None),
            (Dialect::Anthropic, Dialect::Responses) => (anthropic(), Some(response())),
            (Dialect::Gemini, Dialect::Responses) => (gemini(), Some(response())),
            _ => return None,
        };
        let step = |kind| Step {
            feed: Feed::default(),
            kind,
        };
        Some(Self {
            first: step(first),
            second: second.map(step),
        })
    }

    /// Takes in what came and adds to `out` what the client gets of it. After
    /// a fault there is nothing more to translate; what is in `out` is good.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), StreamFault> {
        let Some(second) = &mut self.second else {
            return self.first.push(bytes, out);
        };
        let mut between = String::new();
        let pushed = self.first.push(bytes, &mut between);
        second.push(between.as_bytes(), out)?;
        pushed
    }

    /// What the provider told of the input, and of the output so far, of an
    /// answer whose usage was not told at its end.
    pub fn input_told(&self) -> Option<TokenCounts> {
        match &self.first.kind {
            Kind::AnthropicToChat(stream) => stream.input_told(),
            Kind::GeminiToChat(stream) => stream.input_told(),
            // Usage so far may be none at all, until the last chunk.
            Kind::ChatToMessage(_) | Kind::ChatToResponse(_) => None,
        }
    }

    /// The usage of the whole answer, where the provider told it though the end
    /// of its stream did not come.
    pub fn usage_told(&self) -> Option<TokenCounts> {
        match &self.first.kind {
            Kind::AnthropicToChat(stream) => stream.usage_told(),
            Kind::GeminiToChat(stream) => stream.usage_told(),
            Kind::ChatToMessage(stream) => stream.usage_told(),
            Kind::ChatToResponse(stream) => stream.usage_told(),
        }
    }

    /// The provider's stream is over. A stream that ended early stays without
    /// an end.
    pub fn finish(&mut self, out: &mut String) -> Result<(), StreamFault> {
        let Some(second) = &mut self.second else {
            return self.first.finish(out);
        };
        let mut between = String::new();
        let finished = self.first.finish(&mut between);
        second.push(between.as_bytes(), out)?;
        second.finish(out)?;
        finished
    }
}

impl Step {
    fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), StreamFault> {
        let kind = &mut self.kind;
        self.feed.push(bytes, |event| kind.event(&event, out))
    }

    fn finish(&mut self, out: &mut String) -> Result<(), StreamFault> {
        let kind = &mut self.kind;
        self.feed.close(|event| kind.event(&event, out))?;
        self.kind.end(out)
    }
}

impl Kind {
    fn event(&mut self, event: &Event<'_>, out: &mut String) -> Result<(), StreamFault> {
        match (event, self) {
            (Event::Garbage, _) => Err(StreamFault::Nonsense),
            (Event::Data(data), Self::AnthropicToChat(stream)) => stream.event(data, out),
            (Event::Data(data), Self::GeminiToChat(stream)) => stream.event(data, out),
            (Event::Data(data), Self::ChatToMessage(stream)) => stream.event(data, out),
            (Event::Data(data), Self::ChatToResponse(stream)) => stream.event(data, out),
            (Event::Done, Self::ChatToMessage(stream)) => {
                stream.end(out);
                Ok(())
            }
            (Event::Done, Self::ChatToResponse(stream)) => stream.end(out),
            (Event::Idle, Self::ChatToMessage(stream)) => {
                stream.idle(out);
                Ok(())
            }
            (Event::Idle, _) => {
                out.push_str(": ping\n\n");
                Ok(())
            }
            (Event::Done, _) => Ok(()),
        }
    }

    fn end(&mut self, out: &mut String) -> Result<(), StreamFault> {
        match self {
            Self::AnthropicToChat(stream) => stream.close(out),
            Self::GeminiToChat(stream) => stream.end(out),
            Self::ChatToMessage(stream) => stream.end(out),
            Self::ChatToResponse(stream) => return stream.end(out),
        }
        Ok(())
    }
}
