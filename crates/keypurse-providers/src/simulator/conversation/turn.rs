//! What the simulated model says in one turn, and where it ends.

use super::{ToolForm, options::Options};
use crate::simulator::count::{beginning, count, pieces};

/// Few enough that a client sees an answer grow, many enough that a sandbox
/// does not spend its time on braces.
const PIECES_PER_BIT: usize = 3;

#[derive(Clone, Debug)]
pub(in crate::simulator) struct Turn {
    pub(in crate::simulator) index: u64,
    /// What is shown of the model's thoughts.
    pub(in crate::simulator) thoughts: Option<String>,
    pub(in crate::simulator) said: Said,
    pub(in crate::simulator) finish: Finish,
    /// The stop sequence that ended it.
    pub(in crate::simulator) stopped_by: Option<String>,
    /// Of the thoughts, in units of [`count`].
    pub(in crate::simulator) thought_length: u64,
    /// Of thoughts and answer.
    pub(in crate::simulator) length: u64,
    pub(in crate::simulator) top_logprobs: Option<usize>,
}

#[derive(Clone, Debug)]
pub(in crate::simulator) enum Said {
    Text(String),
    Refusal(String),
    Calls(Vec<ToolCall>),
}

#[derive(Clone, Debug)]
pub(in crate::simulator) struct ToolCall {
    pub(in crate::simulator) form: ToolForm,
    /// What its id is made of, behind the prefix of the wire.
    pub(in crate::simulator) key: String,
    pub(in crate::simulator) name: String,
    /// What its tool stands in, where tools stand in something.
    pub(in crate::simulator) namespace: Option<String>,
    /// JSON arguments, or the free text of a custom tool.
    pub(in crate::simulator) payload: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Finish {
    Stop,
    Length,
    ToolCalls,
    FunctionCall,
}

impl Turn {
    /// A turn cut at the first stop sequence, then at the output limit, which
    /// the thoughts use up first. `cut_short` ends it in the middle.
    pub(super) fn new(
        index: u64,
        (mut thoughts, mut said): (Option<String>, Said),
        options: &Options<'_>,
        cut_short: bool,
    ) -> Self {
        let natural = said.finish();
        let stopped_by = said.stop_at(&options.stops);
        let limit = options.output_limit.unwrap_or(u64::MAX);
        let limit = limit.min(options.most_reported());
        let thought_length = thoughts
            .as_mut()
            .map_or(0, |thoughts| keep(thoughts, limit));
        let mut left = limit - thought_length;
        if cut_short {
            left = left.min(said.length().div_ceil(2));
        }
        let (said_length, whole) = said.keep(left);
        let finish = if cut_short || !whole {
            Finish::Length
        } else {
            natural
        };
        Self {
            index,
            thoughts,
            said,
            finish,
            stopped_by: stopped_by.filter(|_| finish != Finish::Length),
            thought_length,
            length: thought_length + said_length,
            top_logprobs: options.top_logprobs,
        }
    }
}

impl Said {
    /// What is said in words, by a text or a refusal.
    pub(in crate::simulator) fn prose(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Refusal(text) => Some(text),
            Self::Calls(_) => None,
        }
    }

    /// How it ends when nothing cuts it.
    fn finish(&self) -> Finish {
        match self {
            Self::Text(_) | Self::Refusal(_) => Finish::Stop,
            Self::Calls(calls) => match calls.first().map(|call| call.form) {
                Some(ToolForm::Legacy) => Finish::FunctionCall,
                Some(_) | None => Finish::ToolCalls,
            },
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::Text(text) | Self::Refusal(text) => count(text),
            Self::Calls(calls) => calls.iter().map(|call| count(&call.payload)).sum(),
        }
    }

    /// Cuts a text before the first of `stops`, and tells which one that was.
    fn stop_at(&mut self, stops: &[&str]) -> Option<String> {
        let (Self::Text(text) | Self::Refusal(text)) = self else {
            return None;
        };
        // A search prepares for its needle, so one that cannot be found is not
        // looked for: it may be megabytes long.
        let findable = |stop: &&&str| !stop.is_empty() && stop.len() <= text.len();
        let found = stops
            .iter()
            .filter(findable)
            .filter_map(|stop| Some((text.find(*stop)?, *stop)));
        let (place, stop) = found.min_by_key(|(place, _)| *place)?;
        text.truncate(place);
        Some(stop.to_owned())
    }

    /// Drops what exceeds `limit` units; the length of what is left, and
    /// whether that is everything.
    fn keep(&mut self, limit: u64) -> (u64, bool) {
        let calls = match self {
            Self::Text(text) | Self::Refusal(text) => {
                let length = text.len();
                return (keep(text, limit), text.len() == length);
            }
            Self::Calls(calls) => calls,
        };
        let mut kept = 0;
        for at in 0..calls.len() {
            if kept == limit {
                calls.truncate(at);
                return (kept, false);
            }
            let payload = &mut calls[at].payload;
            let length = payload.len();
            kept += keep(payload, limit - kept);
            if payload.len() < length {
                calls.truncate(at + 1);
                return (kept, false);
            }
        }
        (kept, true)
    }
}

/// Cuts `text` after `limit` units; how many are left.
fn keep(text: &mut String, limit: u64) -> u64 {
    let whole = count(text);
    if whole <= limit {
        return whole;
    }
    let (kept, length) = beginning(text, limit);
    let kept = kept.len();
    text.truncate(kept);
    length
}

/// `text` in groups of pieces, without gaps: what one event of a stream adds.
pub(in crate::simulator) fn bits(text: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut lengths) = (text, pieces(text).map(str::len));
    std::iter::from_fn(move || {
        let (bit, after) = rest.split_at(lengths.by_ref().take(PIECES_PER_BIT).sum());
        rest = after;
        (!bit.is_empty()).then_some(bit)
    })
}
