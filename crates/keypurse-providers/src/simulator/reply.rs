//! What a simulated call is answered with.

use std::time::Duration;

use serde::Serialize;

/// How long a whole answer usually is: written into less room, it is moved about.
const USUAL_LENGTH: usize = 1024;

/// What an answer gets from outside: a pure function has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// For [`chat`](super::chat()) the whole id, `chatcmpl-…`; for
    /// [`simulate`](super::simulate()) the call's own id, which gets the prefix
    /// of the route: `resp_…`, `msg_…`.
    pub id: String,
    /// Seconds since 1970, UTC.
    pub created_unix: i64,
}

/// What the call is counted as, by the simulator's own [`count`](super::count).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SimulatedUsage {
    /// All input tokens: messages, tools and the answer's schema; texts,
    /// images and sounds.
    pub input_tokens: u64,
    /// All output tokens: text, tool arguments, thoughts, images, sounds.
    pub output_tokens: u64,
    /// The part of the input that is images.
    pub input_image_tokens: u64,
    /// The part of the input that is sound.
    pub input_audio_tokens: u64,
    /// The part of the output that is thoughts.
    pub reasoning_tokens: u64,
    /// The part of the output that is images.
    pub output_image_tokens: u64,
    /// The part of the output that is sound.
    pub output_audio_tokens: u64,
    /// Images made.
    pub images: u64,
    /// Characters spoken.
    pub characters: u64,
    /// Length of the sound that was transcribed, in milliseconds.
    pub audio_ms: u64,
}

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What goes over the wire.
    pub content: Content,
    /// What the call is counted as.
    pub usage: SimulatedUsage,
}

/// What goes over the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// One JSON object, without cost.
    Json(Vec<u8>),
    /// A file or a plain text.
    File {
        /// `Content-Type`.
        media_type: &'static str,
        /// The whole of it.
        bytes: Vec<u8>,
    },
    /// Server-sent events.
    Stream(Stream),
}

/// A stream of server-sent events, without cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// In order; without the `[DONE]` that some routes end with.
    pub events: Vec<Event>,
    /// Which event tells the usage; `None` when none does, because the client
    /// did not ask or because the stream is cut.
    pub usage_at: Option<usize>,
    /// Whether `data: [DONE]` comes last.
    pub ends_with_done: bool,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The `event:` line, on the routes that have one.
    pub name: Option<&'static str>,
    /// The `data:` line: JSON, unless a scenario spoiled it.
    pub data: String,
}

/// How fast an answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Before the status, or the first event.
    pub start: Duration,
    /// Before each event.
    pub between: Duration,
}

impl Event {
    /// As it is sent, with its closing blank line.
    pub fn to_sse(&self) -> String {
        let data = &self.data;
        match self.name {
            Some(name) => format!("event: {name}\ndata: {data}\n\n"),
            None => format!("data: {data}\n\n"),
        }
    }

    pub(super) fn unnamed(data: &impl Serialize) -> Self {
        Self {
            name: None,
            data: to_text(data),
        }
    }

    pub(super) fn named(name: &'static str, data: &impl Serialize) -> Self {
        Self {
            name: Some(name),
            data: to_text(data),
        }
    }
}

impl Reply {
    pub(super) fn json(body: &impl Serialize, usage: SimulatedUsage) -> Self {
        let mut json = Vec::with_capacity(USUAL_LENGTH);
        serde_json::to_writer(&mut json, body).expect("answers are plain data");
        let content = Content::Json(json);
        Self { content, usage }
    }

    pub(super) fn file(media_type: &'static str, bytes: Vec<u8>, usage: SimulatedUsage) -> Self {
        let content = Content::File { media_type, bytes };
        Self { content, usage }
    }

    /// Events of which the last one tells the usage.
    pub(super) fn stream(events: Vec<Event>, usage: SimulatedUsage) -> Self {
        let usage_at = events.len().checked_sub(1);
        let stream = Stream {
            events,
            usage_at,
            ends_with_done: false,
        };
        let content = Content::Stream(stream);
        Self { content, usage }
    }
}

pub(super) fn to_text(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("answers are plain data")
}
