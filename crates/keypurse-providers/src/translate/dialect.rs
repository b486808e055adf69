//! From one dialect to another: requests, answers and errors.

use std::borrow::Cow;

use thiserror::Error;

use super::chat_request::Reader;
use super::{
    Target, Untranslatable, Wanted, anthropic_to_chat, chat_to_anthropic, chat_to_gemini,
    chat_to_message, chat_to_response, gemini_to_chat, messages_to_chat, responses_to_chat,
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
    /// OpenAI's responses. What is translated for their clients, providers get
    /// as a chat.
    Responses,
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
        (Dialect::Responses, Dialect::OpenAi) => {
            responses_to_chat::translate(body, target, Reader::Provider)?
        }
        (Dialect::Responses, Dialect::Anthropic) => {
            let chat = responses_to_chat::translate(body, target, Reader::ToAnthropic)?;
            chat_to_anthropic::translate(&chat, target).map_err(responses_to_chat::of_chat)?
        }
        (Dialect::Responses, Dialect::Gemini) => {
            let chat = responses_to_chat::translate(body, target, Reader::ToGemini)?;
            chat_to_gemini::translate(&chat, target).map_err(responses_to_chat::of_chat)?
        }
        (Dialect::OpenAi, Dialect::OpenAi)
        | (Dialect::Anthropic, Dialect::Anthropic)
        | (Dialect::Gemini, _)
        | (_, Dialect::Responses) => return Ok(Cow::Borrowed(body)),
    };
    Ok(Cow::Owned(translated))
}

/// A provider's answer as a client's.
pub fn answer<'a>(
    provider: Dialect,
    client: Dialect,
    body: &'a [u8],
    wanted: Wanted<'_>,
) -> Result<Cow<'a, [u8]>, NoAnswer> {
    if (provider, client) == (Dialect::Anthropic, Dialect::Responses) {
        let chunks = anthropic_to_chat::chunks(body, wanted.created)?;
        return chat_to_response::of_chunks(&chunks, wanted).map(Cow::Owned);
    }
    let chat = match provider {
        Dialect::Anthropic => anthropic_to_chat::answer(body, wanted.created).map(Cow::Owned),
        Dialect::Gemini => gemini_to_chat::answer(body, wanted.of_gemini(client)).map(Cow::Owned),
        Dialect::OpenAi | Dialect::Responses => Ok(Cow::Borrowed(body)),
    };
    match client {
        client if client == provider => Ok(Cow::Borrowed(body)),
        Dialect::OpenAi | Dialect::Gemini => chat,
        Dialect::Anthropic => chat_to_message::answer(&chat?).map(Cow::Owned),
        Dialect::Responses => chat_to_response::answer(&chat?, wanted).map(Cow::Owned),
    }
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
        // A response's errors are those of a chat.
        (Dialect::Anthropic, Dialect::OpenAi | Dialect::Responses) => {
            anthropic_to_chat::error(body)?
        }
        (Dialect::Gemini, Dialect::OpenAi | Dialect::Responses) => gemini_to_chat::error(body)?,
        (Dialect::OpenAi, Dialect::Anthropic) => chat_to_message::error(status, body)?,
        (Dialect::Gemini, Dialect::Anthropic) => {
            chat_to_message::error(status, gemini_to_chat::error(body)?.as_bytes())?
        }
        (Dialect::OpenAi, Dialect::OpenAi | Dialect::Responses)
        | (Dialect::Anthropic, Dialect::Anthropic)
        | (_, Dialect::Gemini)
        | (Dialect::Responses, _) => return Some(Cow::Borrowed(body)),
    };
    Some(Cow::Owned(translated.into_bytes()))
}
