//! Answers in one piece.

use bytes::Bytes;

use super::behaviour::Behaviour;
use super::script::{Asked, Framing, Piece, Script, Step, words};
use super::stream;

const WHOLE: Framing = Framing::Length { missing: 0 };
/// Sent so many times: more than 64 MiB.
const FLOOD_PIECE: usize = 1 << 20;
const FLOOD_PIECES: usize = 80;

/// What is sent to a request that asks for no stream.
pub(super) fn script(asked: &Asked) -> Script {
    if let Some(status) = asked.behaviour.refusal() {
        return Script::refusal(asked.wire, status);
    }
    let body = answer(asked);
    let json = |body: Piece| Script::ok("application/json", WHOLE, vec![Step::Send(body)]);
    let script = match asked.behaviour {
        Behaviour::CutBeforeHeaders => Script::cut_after(""),
        Behaviour::CutInHeaders => Script::cut_after("HTTP/1.1 200 OK\r\ncontent-ty"),
        Behaviour::CutInBody | Behaviour::CutBeforeEnd => cut_in(&body.bytes),
        Behaviour::ErrorInside | Behaviour::ErrorEvent => {
            json(Piece::raw(asked.wire.error().to_string()))
        }
        Behaviour::WrongType => Script::ok(
            "text/html",
            WHOLE,
            vec![Step::Send(Piece::raw("<html>maintenance</html>"))],
        ),
        Behaviour::Mislabelled => Script::ok("text/plain", WHOLE, vec![Step::Send(body)]),
        Behaviour::GarbageJson | Behaviour::GarbageEvent => {
            json(Piece::raw(r#"{"choices":[{"message":"#))
        }
        Behaviour::OtherShape => stream::events(asked),
        Behaviour::JunkAfterEnd => json(Piece {
            bytes: Bytes::from([&body.bytes[..], b"{} trailing junk"].concat()),
            ..Piece::default()
        }),
        Behaviour::EndlessLine | Behaviour::HugeBody => Script::ok(
            "application/json",
            Framing::Chunked,
            vec![
                Step::Send(Piece::raw(r#"{"id":""#)),
                Step::Flood(Bytes::from(vec![b'x'; FLOOD_PIECE]), FLOOD_PIECES),
            ],
        ),
        Behaviour::Silent => Script {
            head: None,
            framing: Framing::UntilClose,
            steps: vec![Step::Hang],
            drips: false,
        },
        Behaviour::Stalls => {
            let half = Piece::raw(body.bytes.slice(..body.bytes.len() / 2));
            Script::ok(
                "application/json",
                Framing::Chunked,
                vec![Step::Send(half), Step::Hang],
            )
        }
        _ => json(body),
    };
    let mut script = script.with_manners_of(asked.behaviour);
    // A model thinks before it speaks: calls are in flight for a while.
    script.steps.insert(0, Step::Wait(5));
    script
}

fn answer(asked: &Asked) -> Piece {
    let shown = asked.shown();
    let (usage, billed) = asked.usage();
    let text = words(0, shown);
    let mut body = asked.wire.whole(&text, &usage);
    let mut billed = billed;
    if asked.behaviour == Behaviour::UsageTwice {
        // Two members of one name: nobody knows which one counts.
        body.insert_str(1, &asked.wire.second_usage());
        billed = None;
    }
    Piece {
        bytes: body.into(),
        tokens: shown,
        text_bytes: text.len() as u64,
        billed,
    }
}

fn cut_in(body: &Bytes) -> Script {
    let half = body.len() / 2;
    let framing = Framing::Length {
        missing: body.len() - half,
    };
    let steps = vec![Step::Send(Piece::raw(body.slice(..half))), Step::Cut];
    Script::ok("application/json", framing, steps)
}
