//! Speech: a text is spoken.

use bytes::Bytes;
use keypurse_providers::media::speech::characters;

use super::Media;
use crate::gateway::call::count::length;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::Members;
use crate::gateway::endpoint::unpriced;
use crate::gateway::error::GatewayError;

const READ_MEMBERS: [&str; 7] = [
    "model",
    "input",
    "instructions",
    "response_format",
    "speed",
    "stream_format",
    "stream",
];
/// In hundredths: OpenAI takes 0.25 to 4.
const USUAL_SPEED: u64 = 100;

/// What is to be spoken.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Speech {
    pub(in crate::gateway) characters: u64,
    /// Bytes of all there is to read.
    pub(in crate::gateway) text_bytes: u64,
    /// In hundredths of the usual speed, never above it: a faster answer may
    /// be paid for as if it were not.
    pub(in crate::gateway) speed: u64,
    /// Whether the sound comes as samples, which tell their length.
    pub(in crate::gateway) is_pcm: bool,
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let missing = || GatewayError::invalid(Some("input"), "`input` is required");
    let input = members.text("input")?.ok_or_else(missing)?;
    let instructions = members.text("instructions")?.unwrap_or_default();
    let format = members.text("response_format")?;
    let streamed = match members.text("stream_format")?.as_deref() {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(_) => {
            let wrong = "`stream_format` must be `audio` or `sse`";
            return Err(GatewayError::invalid(Some("stream_format"), wrong));
        }
    };
    if members.flag("stream")? {
        let wrong = "sound is streamed with `stream_format`; leave `stream` out";
        return Err(GatewayError::invalid(Some("stream"), wrong));
    }
    let speech = Speech {
        characters: characters(&input),
        text_bytes: length(input.len() + instructions.len()),
        speed: speed(members.stated("speed"))?,
        is_pcm: format.as_deref() == Some("pcm"),
    };
    // Not as in a chat, where `speed` is another thing.
    for (name, _) in object.members() {
        unpriced::refuse_field(name)?;
    }
    Ok(Asked::media(
        Endpoint::Speech,
        (body.clone(), None),
        (model, model_at),
        streamed,
        Media::Speech(speech),
    ))
}

/// A speed below the usual one, in hundredths, rounded down: `0.5` is 50.
fn speed(stated: Option<&str>) -> Result<u64, GatewayError> {
    let Some(stated) = stated else {
        return Ok(USUAL_SPEED);
    };
    let wrong = || {
        let wrong = "`speed` must be a decimal from 0.25 to 4";
        GatewayError::invalid(Some("speed"), wrong)
    };
    let (whole, fraction) = stated.split_once('.').unwrap_or((stated, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let hundredths: String = fraction.chars().chain("00".chars()).take(2).collect();
    let hundredths: u64 = hundredths.parse().map_err(|_| wrong())?;
    let speed = whole.saturating_mul(100).saturating_add(hundredths);
    if !(25..=400).contains(&speed) {
        return Err(wrong());
    }
    Ok(speed.min(USUAL_SPEED))
}
