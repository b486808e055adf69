//! One event of a stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::Said;
use crate::openai::text::is_object;

/// What an event says, by its `type` ("Streaming messages", Event types).
#[derive(Debug)]
pub enum Event<'a> {
    /// The message begins: its id, model and first usage.
    MessageStart {
        /// Its id.
        id: Option<&'a RawValue>,
        /// The model that answers.
        model: Option<&'a RawValue>,
        /// Input, and hardly any output yet.
        usage: Option<&'a RawValue>,
    },
    /// A block begins.
    BlockStart {
        /// Its number.
        index: u64,
        /// What it begins with.
        block: Block<'a>,
    },
    /// A block goes on.
    BlockDelta {
        /// Its number.
        index: u64,
        /// What is added to it.
        delta: Delta<'a>,
    },
    /// A block ends.
    BlockStop {
        /// Its number.
        index: u64,
    },
    /// The message ends: why, and what it used in all.
    MessageDelta {
        /// Why it ended; null while it has not.
        stop_reason: Option<Cow<'a, str>>,
        /// Cumulative.
        usage: Option<&'a RawValue>,
    },
    /// Nothing comes after it.
    MessageStop,
    /// A keep-alive.
    Ping,
    /// An error that ends the stream.
    Error(&'a RawValue),
    /// A type this version does not know; to be passed on.
    Unknown,
}

/// What a block begins with.
#[derive(Debug, Deserialize)]
pub struct Block<'a> {
    /// `text`, `tool_use`, `thinking`, …
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// A tool call's id.
    #[serde(borrow, default)]
    pub id: Option<&'a RawValue>,
    /// A tool's name.
    #[serde(borrow, default)]
    pub name: Option<&'a RawValue>,
    /// A tool's input, `{}` where it comes in deltas.
    #[serde(borrow, default)]
    pub input: Option<&'a RawValue>,
    /// Text it begins with, usually none.
    #[serde(borrow, default)]
    pub text: Option<&'a RawValue>,
    /// Thinking it begins with, usually none.
    #[serde(borrow, default)]
    pub thinking: Option<&'a RawValue>,
    /// What redacted thinking is instead.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
    #[serde(skip)]
    text_bytes: u64,
}

/// What is added to a block. Members are as they are written.
#[derive(Debug, Deserialize)]
pub struct Delta<'a> {
    /// `text_delta`, `input_json_delta`, `thinking_delta`, `signature_delta`,
    /// `citations_delta`.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Text.
    #[serde(borrow, default)]
    pub text: Option<&'a RawValue>,
    /// A piece of a tool's input.
    #[serde(borrow, default)]
    pub partial_json: Option<&'a RawValue>,
    /// Thinking.
    #[serde(borrow, default)]
    pub thinking: Option<&'a RawValue>,
    /// The proof that thinking is the model's.
    #[serde(borrow, default)]
    pub signature: Option<&'a RawValue>,
    #[serde(skip)]
    text_bytes: u64,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    message: Option<Start<'a>>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Ending<'a> {
    #[serde(borrow, default)]
    stop_reason: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// Reads an event's data; `None` when it is none of this dialect.
    pub fn read(data: &'a str) -> Option<Self> {
        if !is_object(data.as_bytes()) {
            return None;
        }
        let wire: Wire<'a> = serde_json::from_str(data).ok()?;
        Some(match wire.kind.as_ref() {
            "message_start" => {
                let Start { id, model, usage } = wire.message?;
                Self::MessageStart { id, model, usage }
            }
            "content_block_start" => {
                let raw = wire.content_block?;
                let mut block: Block<'a> = object(raw)?;
                block.text_bytes = Said::read(raw).map_or(0, |said| said.bytes());
                let index = wire.index?;
                Self::BlockStart { index, block }
            }
            "content_block_delta" => {
                let raw = wire.delta?;
                let mut delta: Delta<'a> = object(raw)?;
                delta.text_bytes = Said::read(raw).map_or(0, |said| said.bytes());
                let index = wire.index?;
                Self::BlockDelta { index, delta }
            }
            "content_block_stop" => Self::BlockStop { index: wire.index? },
            "message_delta" => {
                let ending: Ending<'a> = object(wire.delta?)?;
                Self::MessageDelta {
                    stop_reason: ending.stop_reason,
                    usage: wire.usage,
                }
            }
            "message_stop" => Self::MessageStop,
            "ping" => Self::Ping,
            "error" => Self::Error(wire.error?),
            _ => Self::Unknown,
        })
    }

    /// UTF-8 bytes of what the model said in it.
    pub fn text_bytes(&self) -> u64 {
        match self {
            Self::BlockStart { block, .. } => block.text_bytes,
            Self::BlockDelta { delta, .. } => delta.text_bytes,
            _ => 0,
        }
    }

    /// Every text the model said in it, to be counted.
    pub fn texts(&self) -> Vec<String> {
        let (texts, input) = match self {
            Self::BlockStart { block, .. } => {
                ([block.text, block.thinking, block.name], block.input)
            }
            Self::BlockDelta { delta, .. } => {
                ([delta.text, delta.thinking, delta.partial_json], None)
            }
            _ => return Vec::new(),
        };
        let decode = |raw: &'a RawValue| serde_json::from_str::<String>(raw.get()).ok();
        let input = input.map(|input| input.get().to_owned());
        let decoded = texts.into_iter().flatten().filter_map(decode);
        let all = decoded.chain(input.filter(|input| input != "{}"));
        all.filter(|text| !text.is_empty()).collect()
    }
}

fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    let is_object = raw.get().starts_with('{');
    is_object.then(|| serde_json::from_str(raw.get()).ok())?
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn an_event_tells_its_text() {
        for (data, expected) in [
            (r#"{"type":"ping"}"#, &[][..]),
            (
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                &[],
            ),
            (
                r#"{"type":"content_block_start","index":1,"content_block":
                    {"type":"tool_use","id":"toolu_1","name":"get","input":{}}}"#,
                &["get"],
            ),
            (
                r#"{"type":"content_block_start","index":1,"content_block":
                    {"type":"tool_use","id":"toolu_1","name":"get","input":{"a":1}}}"#,
                &["get", r#"{"a":1}"#],
            ),
            (
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u00fc"}}"#,
                &["ü"],
            ),
            (
                r#"{"type":"content_block_delta","index":0,"delta":
                    {"type":"input_json_delta","partial_json":"{\"a\""}}"#,
                &[r#"{"a""#],
            ),
            (
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#,
                &[],
            ),
            (r#"{"type":"something_new","text":"x"}"#, &[]),
        ] {
            let event = Event::read(data).expect(data);
            let bytes: usize = expected.iter().map(|text| text.len()).sum();
            assert_eq!(event.texts(), expected, "{data}");
            assert_eq!(event.text_bytes(), bytes as u64, "{data}");
        }
    }

    #[test]
    fn what_is_no_event_is_not_read() {
        for data in [
            "",
            "[DONE]",
            "[]",
            "{}",
            "{\"type\":3}",
            r#"{"type":"message_start"}"#,
            r#"{"type":"content_block_delta","index":-1,"delta":{}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":[]}"#,
            r#"{"type":"content_block_stop"}"#,
            r#"{"type":"error"}"#,
        ] {
            assert!(Event::read(data).is_none(), "{data}");
        }
    }
}
