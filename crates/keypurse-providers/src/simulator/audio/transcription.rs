//! `audio/transcriptions`: what is known of a sound without listening.

use serde_json::{Value, json};

use super::{
    duration,
    transcript::{Transcript, seconds},
};
use crate::simulator::{
    body::{Form, RequestBody},
    conversation::{bits, logprobs},
    count::count,
    endpoint::Call,
    failure::InvalidRequest,
    reply::{Event, Reply, SimulatedUsage},
    scenario::Scenario,
};

const FORMATS: [&str; 6] = [
    "json",
    "text",
    "srt",
    "vtt",
    "verbose_json",
    "diarized_json",
];
const TEXT: &str = "text/plain; charset=utf-8";
/// As OpenAI's estimates of a price per minute have it for its audio input.
const AUDIO_TOKENS_A_SECOND: u64 = 10;

/// What a verbose answer tells the times of.
struct Timed {
    words: bool,
    segments: bool,
}

struct Request<'a> {
    file: &'a [u8],
    prompt: &'a str,
    language: &'a str,
    format: &'a str,
    timed: Timed,
    with_logprobs: bool,
    streamed: bool,
    /// Whether the model is one of OpenAI's that are priced by token, and so
    /// streams and knows fewer formats.
    counts_tokens: bool,
}

pub(in crate::simulator) fn transcriptions(
    body: RequestBody<'_>,
    call: Call<'_>,
) -> Result<Reply, InvalidRequest> {
    let RequestBody::Form(fields) = body else {
        let message = "expected a multipart/form-data body with a `file`";
        return Err(InvalidRequest::new("file", message));
    };
    let request = Request::read(Form(fields), call.facts.model)?;
    let mut transcript = Transcript::of(request.file, duration::of(request.file));
    match call.scenario {
        Some(Scenario::Length) => transcript.cut(),
        Some(Scenario::Empty) => transcript.empty(),
        _ => {}
    }
    let usage = usage(&request, &transcript);
    Ok(if request.streamed {
        Reply::stream(events(&request, &transcript, usage), usage)
    } else {
        whole(&request, &transcript, usage)
    })
}

impl<'a> Request<'a> {
    fn read(form: Form<'a>, model: &str) -> Result<Self, InvalidRequest> {
        let file = form
            .each("file")
            .next()
            .filter(|file| !file.bytes.is_empty());
        let file = file.ok_or_else(|| InvalidRequest::new("file", "expected a file, not empty"))?;
        let format = form.one_of("response_format", &FORMATS)?.unwrap_or("json");
        let counts_tokens = model.contains("gpt") && model.contains("transcribe");
        let diarizes = model.contains("diarize");
        let known = match format {
            "json" | "text" => true,
            "diarized_json" => diarizes,
            _ => !counts_tokens,
        };
        if !known {
            let message = format!("the model does not answer in `{format}`; use `json`");
            return Err(InvalidRequest::new("response_format", message));
        }
        let granularities: Vec<_> = form.each("timestamp_granularities").collect();
        if !granularities.is_empty() && format != "verbose_json" {
            let message = "set `response_format` to `verbose_json` to use this";
            return Err(InvalidRequest::new("timestamp_granularities", message));
        }
        let fine = |name: &[u8]| granularities.iter().any(|field| field.bytes == name);
        let mut included = form.each("include");
        Ok(Self {
            file: file.bytes,
            prompt: form.text("prompt")?.unwrap_or_default(),
            language: form.text("language")?.unwrap_or("english"),
            format,
            timed: Timed {
                words: fine(b"word"),
                segments: fine(b"segment") || !fine(b"word"),
            },
            with_logprobs: counts_tokens && included.any(|field| field.bytes == b"logprobs"),
            // As the SDK says: models without streams ignore the wish.
            streamed: form.boolean("stream")? && counts_tokens,
            counts_tokens,
        })
    }
}

fn usage(request: &Request<'_>, transcript: &Transcript) -> SimulatedUsage {
    let audio_ms = transcript.length_ms;
    if !request.counts_tokens {
        return SimulatedUsage {
            audio_ms,
            ..SimulatedUsage::default()
        };
    }
    let input_audio_tokens = (audio_ms * AUDIO_TOKENS_A_SECOND).div_ceil(1_000);
    SimulatedUsage {
        input_tokens: input_audio_tokens + count(request.prompt),
        input_audio_tokens,
        output_tokens: count(&transcript.text()),
        audio_ms,
        ..SimulatedUsage::default()
    }
}

fn usage_json(request: &Request<'_>, usage: SimulatedUsage) -> Value {
    if !request.counts_tokens {
        let seconds = usage.audio_ms.div_ceil(1_000);
        return json!({ "type": "duration", "seconds": seconds });
    }
    json!({
        "type": "tokens",
        "input_tokens": usage.input_tokens,
        "input_token_details": {
            "audio_tokens": usage.input_audio_tokens,
            "text_tokens": usage.input_tokens - usage.input_audio_tokens,
        },
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    })
}

fn whole(request: &Request<'_>, transcript: &Transcript, usage: SimulatedUsage) -> Reply {
    let text = transcript.text();
    let plain = |text: String| Reply::file(TEXT, text.into_bytes(), usage);
    let mut answer = match request.format {
        "text" => return plain(text + "\n"),
        "srt" => return plain(transcript.srt()),
        "vtt" => return plain(transcript.vtt()),
        "verbose_json" => verbose(request, transcript),
        "diarized_json" => json!({
            "task": "transcribe",
            "duration": seconds(transcript.length_ms),
            "segments": segments(transcript, true),
        }),
        _ => json!({}),
    };
    answer["text"] = text.as_str().into();
    if request.with_logprobs {
        answer["logprobs"] = logprobs::of(&text, 0);
    }
    answer["usage"] = usage_json(request, usage);
    Reply::json(&answer, usage)
}

fn verbose(request: &Request<'_>, transcript: &Transcript) -> Value {
    let mut answer = json!({
        "task": "transcribe",
        "language": request.language,
        "duration": seconds(transcript.length_ms),
    });
    if request.timed.words {
        let words = transcript.words();
        answer["words"] = words
            .iter()
            .map(super::transcript::Timed::as_word)
            .collect();
    }
    if request.timed.segments {
        answer["segments"] = segments(transcript, false);
    }
    answer
}

fn segments(transcript: &Transcript, spoken: bool) -> Value {
    let sentences = transcript.sentences();
    let listed = sentences.iter().enumerate().map(|(id, sentence)| {
        if spoken {
            sentence.as_spoken(id)
        } else {
            sentence.as_segment(id)
        }
    });
    listed.collect()
}

/// The last one tells the usage.
fn events(request: &Request<'_>, transcript: &Transcript, usage: SimulatedUsage) -> Vec<Event> {
    let text = transcript.text();
    let mut events = Vec::new();
    for bit in bits(&text) {
        let mut delta = json!({ "type": "transcript.text.delta", "delta": bit });
        if request.with_logprobs {
            delta["logprobs"] = logprobs::of(bit, 0);
        }
        events.push(Event::unnamed(&delta));
    }
    if request.format == "diarized_json" {
        let sentences = transcript.sentences();
        let spoken = sentences.iter().enumerate();
        events.extend(spoken.map(|(id, sentence)| Event::unnamed(&sentence.as_spoken(id))));
    }
    let mut done = json!({ "type": "transcript.text.done", "text": text });
    if request.with_logprobs {
        done["logprobs"] = logprobs::of(&text, 0);
    }
    done["usage"] = usage_json(request, usage);
    events.push(Event::unnamed(&done));
    events
}
