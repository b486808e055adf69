//! From one dialect to another: requests, answers and errors.

use std::borrow::Cow;

use thiserror::Error;

use super::messages_to_chat::Reader;
use super::{
    Target, Untranslatable, Wanted, anthropic_to_chat, chat_to_anthropic, chat_to_gemini,
    chat_to_message, gemini_to_chat, messages_to_chat,
};

/// How requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Gemini's `generateContent`. No client speaks it here.
    Gemini,
}

/// A provider's answer that is none of its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the provider's answer makes no sense")]
pub struct NoAnswer;

/// A client's request as a provider's. The body must be one strict JSON
/// object. In the same dialect it is left as it is, and only members that must
/// change are for the caller to change.
pub fn request<'a>(
    client: Dialect,
    provider: Dialect,
    body: &'a [u8],
    target: &Target<'_>,
) -> Result<Cow<'a, [u8]>, Untranslatable> {
    let translated = match (client, provider) {
        (Dialect::OpenAi, Dialect::Anthropic) => chat_to_anthropic::translate(body, target)?,
        (Dialect::OpenAi, Dialect::Gemini) => chat_to_gemini::translate(body, target)?,
        (Dialect::Anthropic, Dialect::OpenAi) => {
            messages_to_chat::translate(body, target, Reader::Provider)?
        }
        (Dialect::Anthropic, Dialect::Gemini) => {
            let chat = messages_to_chat::translate(body, target, Reader::ToGemini)?;
            chat_to_gemini::translate(&chat, target)?
        }
        (Dialect::OpenAi, Dialect::OpenAi)
        | (Dialect::Anthropic, Dialect::Anthropic)
        | (Dialect::Gemini, _) => return Ok(Cow::Borrowed(body)),
    };
    Ok(Cow::Owned(translated))
}

/// A provider's answer as a client's.
pub fn answer(
    provider: Dialect,
    client: Dialect,
    body: &[u8],
    wanted: Wanted,
) -> Result<Cow<'_, [u8]>, NoAnswer> {
    let translated = match (provider, client) {
        (Dialect::Anthropic, Dialect::OpenAi) => anthropic_to_chat::answer(body, wanted.created)?,
        (Dialect::Gemini, Dialect::OpenAi) => gemini_to_chat::answer(body, wanted)?,
        (Dialect::OpenAi, Dialect::Anthropic) => chat_to_message::answer(body)?,
        (Dialect::Gemini, Dialect::Anthropic) => {
            chat_to_message::answer(&gemini_to_chat::answer(body, wanted)?)?
        }
        (Dialect::OpenAi, Dialect::OpenAi)
        | (Dialect::Anthropic, Dialect::Anthropic)
        | (_, Dialect::Gemini) => return Ok(Cow::Borrowed(body)),
    };
    Ok(Cow::Owned(translated))
}

/// A provider's error as a client's. `None` when the body is no error of the
/// provider's dialect; then the caller writes one of its own.
pub fn error(
    provider: Dialect,
    client: Dialect,
    status: u16,
    body: &[u8],
) -> Option<Cow<'_, [u8]>> {
    let translated = match (provider, client) {
        (Dialect::Anthropic, Dialect::OpenAi) => anthropic_to_chat::error(body)?,
        (Dialect::Gemini, Dialect::OpenAi) => gemini_to_chat::error(body)?,
        (Dialect::OpenAi, Dialect::Anthropic) => chat_to_message::error(status, body)?,
        (Dialect::Gemini, Dialect::Anthropic) => {
            chat_to_message::error(status, gemini_to_chat::error(body)?.as_bytes())?
        }
        (Dialect::OpenAi, Dialect::OpenAi)
        | (Dialect::Anthropic, Dialect::Anthropic)
        | (_, Dialect::Gemini) => return Some(Cow::Borrowed(body)),
    };
    Some(Cow::Owned(translated.into_bytes()))
}
