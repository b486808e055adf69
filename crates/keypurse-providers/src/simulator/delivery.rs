//! What a scenario does to an answer on its way: how late it comes, and what
//! is missing when it does.

use std::time::Duration;

use super::{
    Scenario,
    reply::{Content, Event, Pace, Stream},
};

/// Before the first piece of a slow answer.
const SLOW_START: Duration = Duration::from_secs(1);
/// Between the events of a slow stream.
const SLOW: Duration = Duration::from_millis(100);

impl Scenario {
    /// How fast the answer is to come.
    pub fn pace(self) -> Pace {
        match self {
            Self::Slow => Pace {
                start: SLOW_START,
                between: SLOW,
            },
            Self::SlowFirstToken => Pace {
                start: SLOW_START,
                between: Duration::ZERO,
            },
            _ => Pace::default(),
        }
    }

    /// Spoils a whole answer, cost and all: [`Scenario::CutStream`] leaves half
    /// of it, [`Scenario::MalformedChunk`] all but the last byte, so that JSON
    /// no longer closes.
    pub fn spoil(self, body: &mut Vec<u8>) {
        match self {
            Self::CutStream => body.truncate(body.len() / 2),
            Self::MalformedChunk => _ = body.pop(),
            _ => {}
        }
    }
}

pub(super) fn spoil_stream(content: &mut Content, scenario: Scenario) {
    let Content::Stream(stream) = content else {
        return;
    };
    match scenario {
        Scenario::CutStream => cut(stream),
        Scenario::MalformedChunk => garble(stream),
        _ => {}
    }
}

fn cut(stream: &mut Stream) {
    stream.events.truncate(stream.events.len() / 2);
    stream.usage_at = None;
    stream.ends_with_done = false;
}

/// Puts the beginning of an event where a whole one should be.
fn garble(stream: &mut Stream) {
    let middle = stream.events.len() / 2;
    let Some(next) = stream.events.get(middle) else {
        return;
    };
    let end = next.data.floor_char_boundary(next.data.len() / 3);
    let (name, data) = (next.name, next.data[..end].to_owned());
    stream.events.insert(middle, Event { name, data });
    stream.usage_at = stream.usage_at.map(|at| at + usize::from(at >= middle));
}
