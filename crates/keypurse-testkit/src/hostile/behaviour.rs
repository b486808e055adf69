//! What a hostile provider can do.

use keypurse_core::entropy::Entropy;

/// One way to answer, good or bad. Its name is the name of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// Answers as asked.
    Good,
    /// Answers as asked, at length: several blocks of text.
    Talkative,
    /// Lets its first byte wait for twenty paces.
    SlowFirstByte,
    /// Writes each byte on its own.
    OneByteAtATime,
    /// Neither length nor chunks: the end of the connection ends the answer.
    UntilClose,
    /// An informational answer before the real one.
    EarlyHints,
    /// Comments before the first event.
    KeepAlivesFirst,
    /// A good answer called `text/plain`.
    Mislabelled,
    /// Bytes behind the end of the answer.
    JunkAfterEnd,
    /// Leaves out the mark at the end.
    NoDone,
    /// Half of its output is thought, not shown.
    Reasoning,
    /// Usage so far in every chunk.
    RunningUsage,
    /// Usage before the text, and never again: it breaks off.
    StaleUsage,
    /// Says nothing of what it used.
    NoUsage,
    /// Says it used nothing.
    ZeroUsage,
    /// A negative count.
    NegativeUsage,
    /// 2^63 tokens.
    HugeUsage,
    /// A count as text.
    TextUsage,
    /// Usage twice, different: in one object, or in two chunks.
    UsageTwice,
    /// One token more than it was allowed.
    UsageAboveLimit,
    /// 2,826 tokens, whatever it was allowed.
    IgnoresLimit,
    /// Refuses the request.
    Status400,
    /// Does not know our key.
    Status401,
    /// Wants to be paid.
    Status402,
    /// Forbids our key.
    Status403,
    /// Too many requests, with `Retry-After`.
    Status429,
    /// Fails.
    Status500,
    /// Is overloaded.
    Status503,
    /// Sends us elsewhere.
    Redirect,
    /// Status 200 with an error as its body.
    ErrorInside,
    /// An error in the middle of a stream.
    ErrorEvent,
    /// A web page with status 200.
    WrongType,
    /// Says its body is compressed, and it is none of ours to unpack.
    Gzip,
    /// No JSON.
    GarbageJson,
    /// An event in the middle that is no JSON.
    GarbageEvent,
    /// A stream where none was asked for, and the reverse.
    OtherShape,
    /// Hangs up without a word.
    CutBeforeHeaders,
    /// Hangs up in the middle of a header.
    CutInHeaders,
    /// Hangs up in the middle of its answer.
    CutInBody,
    /// Hangs up when everything but usage and the mark is said.
    CutBeforeEnd,
    /// A line that never ends.
    EndlessLine,
    /// A body larger than anybody keeps.
    HugeBody,
    /// Accepts and never answers.
    Silent,
    /// Begins to answer and never goes on.
    Stalls,
}

use Behaviour as B;

impl Behaviour {
    /// All of them and their names.
    pub const ALL: [(Self, &'static str); 44] = [
        (B::Good, "good"),
        (B::Talkative, "talkative"),
        (B::SlowFirstByte, "slow-first-byte"),
        (B::OneByteAtATime, "one-byte-at-a-time"),
        (B::UntilClose, "until-close"),
        (B::EarlyHints, "early-hints"),
        (B::KeepAlivesFirst, "keep-alives-first"),
        (B::Mislabelled, "mislabelled"),
        (B::JunkAfterEnd, "junk-after-end"),
        (B::NoDone, "no-done"),
        (B::Reasoning, "reasoning"),
        (B::RunningUsage, "running-usage"),
        (B::StaleUsage, "stale-usage"),
        (B::NoUsage, "no-usage"),
        (B::ZeroUsage, "zero-usage"),
        (B::NegativeUsage, "negative-usage"),
        (B::HugeUsage, "huge-usage"),
        (B::TextUsage, "text-usage"),
        (B::UsageTwice, "usage-twice"),
        (B::UsageAboveLimit, "usage-above-limit"),
        (B::IgnoresLimit, "ignores-limit"),
        (B::Status400, "status-400"),
        (B::Status401, "status-401"),
        (B::Status402, "status-402"),
        (B::Status403, "status-403"),
        (B::Status429, "status-429"),
        (B::Status500, "status-500"),
        (B::Status503, "status-503"),
        (B::Redirect, "redirect"),
        (B::ErrorInside, "error-inside"),
        (B::ErrorEvent, "error-event"),
        (B::WrongType, "wrong-type"),
        (B::Gzip, "gzip"),
        (B::GarbageJson, "garbage-json"),
        (B::GarbageEvent, "garbage-event"),
        (B::OtherShape, "other-shape"),
        (B::CutBeforeHeaders, "cut-before-headers"),
        (B::CutInHeaders, "cut-in-headers"),
        (B::CutInBody, "cut-in-body"),
        (B::CutBeforeEnd, "cut-before-end"),
        (B::EndlessLine, "endless-line"),
        (B::HugeBody, "huge-body"),
        (B::Silent, "silent"),
        (B::Stalls, "stalls"),
    ];

    /// What a request's `model` asks for.
    pub fn named(name: &str) -> Option<Self> {
        let named = Self::ALL.iter().find(|(_, known)| *known == name);
        named.map(|(behaviour, _)| *behaviour)
    }

    /// The name of its model.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(known, _)| *known == self);
        known.expect("every behaviour is listed").1
    }

    /// Any of those that end by themselves and soon: what many clients can ask
    /// for again and again.
    pub fn any(dice: &dyn Entropy) -> Self {
        loop {
            let (behaviour, _) = Self::ALL[below(dice, Self::ALL.len())];
            let is_quick = !matches!(behaviour, B::HugeBody | B::Silent | B::Stalls);
            if is_quick {
                return behaviour;
            }
        }
    }

    /// The status it refuses with, if it does.
    pub(super) const fn refusal(self) -> Option<u16> {
        match self {
            B::Status400 => Some(400),
            B::Status401 => Some(401),
            B::Status402 => Some(402),
            B::Status403 => Some(403),
            B::Status429 => Some(429),
            B::Status500 => Some(500),
            B::Status503 => Some(503),
            B::Redirect => Some(307),
            _ => None,
        }
    }
}

/// A number below `end`, as the dice fall.
pub fn below(dice: &dyn Entropy, end: usize) -> usize {
    let mut bytes = [0; 8];
    dice.fill(&mut bytes);
    let end = u64::try_from(end).expect("a small number");
    usize::try_from(u64::from_le_bytes(bytes) % end).expect("below a usize")
}
