//! Streamed answers.

use bytes::Bytes;
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::script::{Asked, Framing, INPUT_TOKENS, Piece, Script, Step};
use super::truth::Billed;
use super::{json as whole, script};
use crate::upstream::{chunk, usage};

const SSE: &str = "text/event-stream";
/// Tokens in one event of a long answer.
const LONG_EVENT: u64 = 10;
const FLOOD_PIECE: usize = 64 << 10;
const FLOOD_PIECES: usize = 1280;

/// What is sent to a request that asks for a stream.
pub(super) fn script(asked: &Asked) -> Script {
    if let Some(status) = asked.behaviour.refusal() {
        return Script::refusal(status);
    }
    let script = match asked.behaviour {
        Behaviour::CutBeforeHeaders => Script::cut_after(""),
        Behaviour::CutInHeaders => Script::cut_after("HTTP/1.1 200 OK\r\ncontent-ty"),
        Behaviour::ErrorInside
        | Behaviour::WrongType
        | Behaviour::GarbageJson
        | Behaviour::Silent => {
            return whole::script(asked);
        }
        Behaviour::OtherShape => {
            let asked = Asked {
                behaviour: Behaviour::Good,
                ..asked.clone()
            };
            return whole::script(&asked);
        }
        Behaviour::Mislabelled => {
            let mut script = events(asked);
            script.head = Script::ok("text/plain", script.framing, Vec::new()).head;
            script
        }
        _ => events(asked),
    };
    script.with_manners_of(asked.behaviour)
}

/// A stream, good or bad from some event on.
pub(super) fn events(asked: &Asked) -> Script {
    let mut steps = Vec::new();
    if asked.behaviour == Behaviour::KeepAlivesFirst {
        steps.extend((0..3).map(|_| Step::Send(Piece::raw(": keep-alive\n\n"))));
    }
    if asked.behaviour == Behaviour::StaleUsage {
        let early = with_usage(&usage(INPUT_TOKENS, 0));
        steps.push(Step::Send(Piece::raw(event(&early))));
    }
    let texts = texts(asked);
    let breaks_after = texts.len() / 2;
    for (index, text) in texts.into_iter().enumerate() {
        if index == breaks_after
            && let Some(breaking) = breaking(asked.behaviour)
        {
            steps.extend(breaking);
            return Script::ok(SSE, Framing::Chunked, steps);
        }
        steps.push(Step::Send(text));
        steps.push(Step::Wait(1));
    }
    steps.extend(ending(asked));
    Script::ok(SSE, Framing::Chunked, steps)
}

fn texts(asked: &Asked) -> Vec<Piece> {
    let shown = asked.shown();
    let at_once = if asked.behaviour == Behaviour::Talkative {
        LONG_EVENT
    } else {
        1
    };
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < shown {
        let tokens = at_once.min(shown - from);
        let text = script::words(from, tokens);
        from += tokens;
        let choice = json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]);
        let mut chunk = chunk(choice);
        let mut billed = None;
        if asked.behaviour == Behaviour::RunningUsage {
            chunk["usage"] = usage(INPUT_TOKENS, from);
            billed = Some(Billed {
                input: INPUT_TOKENS,
                output: from,
            });
        }
        pieces.push(Piece {
            bytes: event(&chunk),
            tokens,
            text_bytes: text.len() as u64,
            billed,
        });
    }
    pieces
}

/// What comes in the middle of a stream that goes wrong.
fn breaking(behaviour: Behaviour) -> Option<Vec<Step>> {
    match behaviour {
        Behaviour::CutInBody | Behaviour::StaleUsage => Some(vec![
            Step::Send(Piece::raw("data: {\"choices\":[{\"del")),
            Step::Cut,
        ]),
        Behaviour::ErrorEvent => Some(vec![Step::Send(Piece::raw(
            "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n",
        ))]),
        Behaviour::GarbageEvent => Some(vec![Step::Send(Piece::raw("data: {\"choices\":[\n\n"))]),
        Behaviour::EndlessLine => Some(flood(b"data: ")),
        Behaviour::HugeBody => Some(flood(b": ")),
        Behaviour::Stalls => Some(vec![Step::Hang]),
        _ => None,
    }
}

fn flood(start: &'static [u8]) -> Vec<Step> {
    let piece = Bytes::from(vec![b'x'; FLOOD_PIECE]);
    vec![
        Step::Send(Piece::raw(start)),
        Step::Flood(piece, FLOOD_PIECES),
    ]
}

/// The end of the choice, usage, the mark.
fn ending(asked: &Asked) -> Vec<Step> {
    let send = |value: &Value| Step::Send(Piece::raw(event(value)));
    let stop = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
    let mut steps = vec![send(&chunk(stop))];
    if asked.behaviour == Behaviour::CutBeforeEnd {
        steps.push(Step::Cut);
        return steps;
    }
    if asked.behaviour == Behaviour::UsageTwice {
        let first = usage(INPUT_TOKENS, asked.shown() + 1);
        steps.push(send(&with_usage(&first)));
    }
    let (usage, billed) = asked.usage();
    if !usage.is_null() {
        steps.push(Step::Send(Piece {
            bytes: event(&with_usage(&usage)),
            billed,
            ..Piece::default()
        }));
    }
    if asked.behaviour != Behaviour::NoDone {
        steps.push(Step::Send(Piece::raw("data: [DONE]\n\n")));
    }
    if asked.behaviour == Behaviour::JunkAfterEnd {
        steps.push(Step::Send(Piece::raw("data: {\"junk\"\n\nmore of it")));
    }
    steps
}

fn with_usage(usage: &Value) -> Value {
    let mut last = chunk(json!([]));
    last["usage"] = usage.clone();
    last
}

fn event(data: &Value) -> Bytes {
    format!("data: {data}\n\n").into()
}
