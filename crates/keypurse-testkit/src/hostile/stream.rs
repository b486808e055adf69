//! Streamed answers.

use bytes::Bytes;

use super::behaviour::Behaviour;
use super::script::{Asked, Framing, INPUT_TOKENS, Piece, Script, Step};
use super::truth::Billed;
use super::wire::Told;
use super::{json as whole, script};

const SSE: &str = "text/event-stream";
/// Tokens in one event of a long answer.
const LONG_EVENT: u64 = 10;
const FLOOD_PIECE: usize = 64 << 10;
const FLOOD_PIECES: usize = 1280;

/// What is sent to a request that asks for a stream.
pub(super) fn script(asked: &Asked) -> Script {
    if let Some(status) = asked.behaviour.refusal() {
        return Script::refusal(asked.wire, status);
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
    steps.extend(start(asked).into_iter().map(send));
    let texts = texts(asked);
    let breaks_after = texts.len() / 2;
    for (index, text) in texts.into_iter().enumerate() {
        if index == breaks_after
            && let Some(breaking) = breaking(asked)
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
        let told = (asked.behaviour == Behaviour::RunningUsage).then_some(from);
        let usage = told.map(|output| asked.wire.usage(&Told::output(output)));
        pieces.push(Piece {
            bytes: asked.wire.text(&text, usage.as_ref()),
            tokens,
            text_bytes: text.len() as u64,
            billed: told.map(|output| Billed {
                input: INPUT_TOKENS,
                output,
            }),
        });
    }
    pieces
}

/// What comes before the text.
fn start(asked: &Asked) -> Vec<Bytes> {
    let usage = asked.wire.usage(&Told::output(0));
    let is_told = asked.behaviour != Behaviour::NoUsage;
    let mut start = asked.wire.start(Some(&usage).filter(|_| is_told));
    if start.is_empty() && asked.behaviour == Behaviour::StaleUsage {
        start.push(asked.wire.told(&usage));
    }
    start
}

/// What comes in the middle of a stream that goes wrong.
fn breaking(asked: &Asked) -> Option<Vec<Step>> {
    match asked.behaviour {
        Behaviour::CutInBody | Behaviour::StaleUsage => {
            let half = Piece::raw(asked.wire.half_an_event());
            Some(vec![Step::Send(half), Step::Cut])
        }
        Behaviour::ErrorEvent => Some(vec![send(asked.wire.error_event())]),
        Behaviour::GarbageEvent => {
            let garbage = asked.wire.half_an_event().to_owned() + "\n\n";
            Some(vec![send(garbage.into())])
        }
        Behaviour::EndlessLine => Some(flood(b"data: ")),
        Behaviour::HugeBody => Some(flood(b": ")),
        Behaviour::Stalls => Some(vec![Step::Hang]),
        _ => None,
    }
}

fn send(bytes: Bytes) -> Step {
    Step::Send(Piece::raw(bytes))
}

fn flood(start: &'static [u8]) -> Vec<Step> {
    let piece = Bytes::from(vec![b'x'; FLOOD_PIECE]);
    vec![
        Step::Send(Piece::raw(start)),
        Step::Flood(piece, FLOOD_PIECES),
    ]
}

/// The end of the text, usage, the mark.
fn ending(asked: &Asked) -> Vec<Step> {
    let wire = asked.wire;
    let mut steps = vec![send(wire.stop())];
    if asked.behaviour == Behaviour::CutBeforeEnd {
        steps.push(Step::Cut);
        return steps;
    }
    if asked.behaviour == Behaviour::UsageTwice {
        let first = wire.usage(&Told::output(asked.shown() + 1));
        steps.push(send(wire.told(&first)));
    }
    let (usage, billed) = asked.usage();
    steps.push(Step::Send(Piece {
        bytes: wire.end(&usage),
        billed,
        ..Piece::default()
    }));
    if asked.behaviour != Behaviour::NoDone {
        steps.push(send(wire.mark()));
    }
    if asked.behaviour == Behaviour::JunkAfterEnd {
        steps.push(Step::Send(Piece::raw("data: {\"junk\"\n\nmore of it")));
    }
    steps
}
