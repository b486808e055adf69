//! What is sent for one request, step by step.

use bytes::Bytes;
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::truth::Billed;
use super::wire::{Told, Wire};

/// Input tokens of every request, as this provider counts them. Shorter than
/// any request of a test is in tokens, whatever the tokenizer.
pub const INPUT_TOKENS: u64 = 5;
/// Output tokens of an ordinary answer, where the limit allows them.
const ORDINARY: u64 = 24;
const LONG: u64 = 1500;
/// What a cap of 30 was once answered with.
const FAR_TOO_MANY: u64 = 2826;
/// Each a token of its own, its space included, for every tokenizer we know.
const WORDS: [&str; 8] = [" the", " of", " and", " to", " in", " that", " is", " for"];

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) wire: Wire,
    pub(super) behaviour: Behaviour,
    pub(super) streamed: bool,
    pub(super) limit: u64,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Script {
    /// Status line and headers but those of the framing; `None`: none.
    pub(super) head: Option<String>,
    pub(super) framing: Framing,
    pub(super) steps: Vec<Step>,
    /// Byte by byte.
    pub(super) drips: bool,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Chunked,
    /// The sum of the steps, and what is still missing at their end.
    Length {
        missing: usize,
    },
    UntilClose,
}

/// One step of an answer.
#[derive(Debug)]
pub(super) enum Step {
    Send(Piece),
    /// Waits this many paces.
    Wait(u32),
    /// The same bytes again and again, so many times or until nobody reads.
    Flood(Bytes, usize),
    /// Nothing more, for as long as anybody listens.
    Hang,
    /// Closes the connection.
    Cut,
}

/// Bytes, and what they mean to a biller.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) tokens: u64,
    pub(super) text_bytes: u64,
    pub(super) billed: Option<Billed>,
}

impl Piece {
    pub(super) fn raw(bytes: impl Into<Bytes>) -> Self {
        Self {
            bytes: bytes.into(),
            ..Self::default()
        }
    }
}

impl Asked {
    /// How many tokens it shows.
    pub(super) fn shown(&self) -> u64 {
        let within = |tokens: u64| tokens.min(self.limit);
        match self.behaviour {
            Behaviour::IgnoresLimit => FAR_TOO_MANY,
            Behaviour::Talkative => within(LONG),
            Behaviour::Reasoning => within(ORDINARY) / 2,
            _ => within(ORDINARY),
        }
    }

    /// The usage it reports at its end, and whether that can be believed.
    pub(super) fn usage(&self) -> (Value, Option<Billed>) {
        let shown = self.shown();
        let told = |told: &Told| self.wire.usage(told);
        let believed = |output: u64| Billed {
            input: INPUT_TOKENS,
            output,
        };
        let absurd = |output: Value| (told(&Told::output(output)), None);
        match self.behaviour {
            Behaviour::NoUsage => (Value::Null, None),
            Behaviour::ZeroUsage => {
                let nothing = Billed {
                    input: 0,
                    output: 0,
                };
                (self.wire.nothing_used(), Some(nothing))
            }
            Behaviour::NegativeUsage => absurd(json!(-5)),
            Behaviour::HugeUsage => absurd(json!(1_u64 << 63)),
            Behaviour::TextUsage => absurd(json!(shown.to_string())),
            Behaviour::UsageAboveLimit => absurd(json!(self.limit + 1)),
            Behaviour::IgnoresLimit => absurd(json!(shown)),
            Behaviour::Reasoning => {
                let thought = Told {
                    output: json!(shown * 2),
                    reasoning: shown,
                };
                (told(&thought), Some(believed(shown * 2)))
            }
            _ => (told(&Told::output(shown)), Some(believed(shown))),
        }
    }
}

impl Script {
    /// Status 200 and a body of this type.
    pub(super) fn ok(content_type: &str, framing: Framing, steps: Vec<Step>) -> Self {
        Self {
            head: Some(format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n"
            )),
            framing,
            steps,
            drips: false,
        }
    }

    /// These bytes and then the end of the connection.
    pub(super) fn cut_after(head: &str) -> Self {
        Self {
            head: None,
            framing: Framing::UntilClose,
            steps: vec![Step::Send(Piece::raw(head.to_owned())), Step::Cut],
            drips: false,
        }
    }

    /// A refusal.
    pub(super) fn refusal(wire: Wire, status: u16) -> Self {
        let body = Piece::raw(wire.error().to_string());
        Self {
            head: Some(format!(
                "HTTP/1.1 {status} No\r\ncontent-type: application/json\r\nretry-after: 7\r\n\
                 location: http://127.0.0.1:9/elsewhere\r\n"
            )),
            framing: Framing::Length { missing: 0 },
            steps: vec![Step::Send(body)],
            drips: false,
        }
    }

    /// What all kinds of answers have in common.
    pub(super) fn with_manners_of(mut self, behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::OneByteAtATime => self.drips = true,
            Behaviour::UntilClose => self.framing = Framing::UntilClose,
            Behaviour::SlowFirstByte => self.steps.insert(0, Step::Wait(20)),
            Behaviour::EarlyHints => {
                let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n";
                self.head = self.head.map(|head| hints.to_owned() + &head);
            }
            Behaviour::Gzip => {
                let add = |head: String| head + "content-encoding: gzip\r\n";
                self.head = self.head.map(add);
            }
            _ => {}
        }
        self
    }
}

/// So many tokens of text.
pub(super) fn words(from: u64, count: u64) -> String {
    let word = |number: u64| WORDS[usize::try_from(number % 8).expect("below eight")];
    (from..from + count).map(word).collect()
}

/// How many tokens a text of this provider's has.
pub fn tokens_in(text: &str) -> u64 {
    let spaces = text.bytes().filter(|byte| *byte == b' ').count();
    u64::try_from(spaces).expect("a text fits in u64")
}
