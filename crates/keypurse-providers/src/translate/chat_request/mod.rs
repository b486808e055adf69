//! Chat requests, as they are written for providers and for the translators
//! that read them next.

mod message;
mod request;

pub(super) use message::{Call, Content, Extra, File, Function, Message, Part, Url};
pub(super) use request::{Format, Request, Schema, Tool, ToolChoice, ToolFunction};

/// Who reads a chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Provider,
    ToAnthropic,
    /// The translator to Gemini, which has words that not every chat provider
    /// has.
    ToGemini,
}
