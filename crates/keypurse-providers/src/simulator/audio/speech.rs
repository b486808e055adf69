//! `audio/speech`: a short sound in the format asked for.
//!
//! It lasts a fraction of what speaking would take, at most a second. `wav`
//! and `pcm` hold a soft tone whose pitch goes with the voice; the compressed
//! formats hold silence, the one sound that needs no encoder.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use serde_json_borrow::Value;

use super::{ogg, silence, sound};
use crate::simulator::{
    count::count,
    dice::fingerprint,
    endpoint::Call,
    failure::InvalidRequest,
    fields::{Json, check_number, one_of, present, string, text},
    reply::{Event, Reply, SimulatedUsage},
    scenario::Scenario,
};

/// OpenAI's own limit.
const LONGEST_INPUT: usize = 4_096;
/// A word is heard as this long.
const WORD_MS: u64 = 40;
const SHORTEST_MS: u64 = 120;
const LONGEST_MS: u64 = 1_000;
/// About 21 audio tokens a second, as OpenAI's estimate of a price per minute
/// has it, at 150 words a minute.
const AUDIO_TOKENS_OF_A_WORD: u64 = 8;
/// What one event of a stream carries.
const BYTES_OF_AN_EVENT: usize = 8 * 1024;

const FORMATS: [&str; 6] = ["mp3", "opus", "aac", "flac", "wav", "pcm"];

pub(in crate::simulator) fn speech(
    body: Json<'_>,
    call: Call<'_>,
) -> Result<Reply, InvalidRequest> {
    let input = string(body, "input", || "input".to_owned())?;
    let characters = input.chars().take(LONGEST_INPUT + 1).count();
    if characters == 0 || characters > LONGEST_INPUT {
        let message = format!("expected 1 to {LONGEST_INPUT} characters");
        return Err(InvalidRequest::new("input", message));
    }
    let voice = voice(body)?;
    check_number(body, "speed", 0.25..=4.0)?;
    let instructions = text(body, "instructions")?.unwrap_or_default();
    let format = one_of(body, "response_format", &FORMATS)?.unwrap_or("mp3");
    let as_events = one_of(body, "stream_format", &["sse", "audio"])? == Some("sse");

    let words = count(input);
    let audio_tokens = words * AUDIO_TOKENS_OF_A_WORD;
    let usage = SimulatedUsage {
        input_tokens: words + count(instructions),
        output_tokens: audio_tokens,
        output_audio_tokens: audio_tokens,
        characters: u64::try_from(characters).expect("a few thousand"),
        ..SimulatedUsage::default()
    };
    let length_ms = match call.scenario {
        Some(Scenario::Empty) => 0,
        Some(Scenario::Length) => length_ms(words) / 2,
        _ => length_ms(words),
    };
    let (media_type, bytes) = sounding(format, length_ms, voice);
    Ok(if as_events {
        Reply::stream(events(&bytes, usage), usage)
    } else {
        Reply::file(media_type, bytes, usage)
    })
}

/// A name, or the id of a voice of one's own.
fn voice(body: Json<'_>) -> Result<&str, InvalidRequest> {
    match present(body, "voice") {
        Some(voice @ Value::Object(_)) => string(voice, "id", || "voice.id".to_owned()),
        _ => string(body, "voice", || "voice".to_owned()),
    }
}

fn length_ms(words: u64) -> u64 {
    words.saturating_mul(WORD_MS).clamp(SHORTEST_MS, LONGEST_MS)
}

fn sounding(format: &str, length_ms: u64, voice: &str) -> (&'static str, Vec<u8>) {
    let tone = || sound::tone(length_ms, fingerprint([voice]));
    match format {
        "wav" => ("audio/wav", sound::wav(&tone())),
        "pcm" => ("audio/pcm", tone()),
        "flac" => ("audio/flac", silence::flac(length_ms)),
        "aac" => ("audio/aac", silence::aac(length_ms)),
        "opus" => ("audio/ogg", ogg::opus(length_ms)),
        _ => ("audio/mpeg", silence::mp3(length_ms)),
    }
}

fn events(bytes: &[u8], usage: SimulatedUsage) -> Vec<Event> {
    let parts = bytes.chunks(BYTES_OF_AN_EVENT).map(|part| {
        let audio = BASE64_STANDARD.encode(part);
        Event::unnamed(&json!({ "type": "speech.audio.delta", "audio": audio }))
    });
    let mut events: Vec<_> = parts.collect();
    events.push(Event::unnamed(&json!({
        "type": "speech.audio.done",
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
    })));
    events
}
