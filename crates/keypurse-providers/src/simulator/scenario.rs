//! Failures on demand: what the `x-keypurse-sandbox` header may ask for, or a
//! model called `sandbox/<scenario>`.
//!
//! `sandbox/echo` is a model that always answers. The header outranks the
//! model's name, so that any model can be made to fail.

use thiserror::Error;

/// What a sandbox call rehearses instead of a plain success.
///
/// Each means something on every route, for whole answers and streams:
///
/// | Scenario | whole | stream |
/// |---|---|---|
/// | `rate_limit`, `server_error`, `unavailable` | the provider's 429 with `Retry-After`, 500, 503 | the same |
/// | `timeout`, `insufficient_balance`, `expired` | the gateway's own 504, 402, 401 | the same |
/// | `slow`, `slow_first_token` | comes late | comes late, bit by bit or at first |
/// | `cut_stream` | half of the body | half of the events |
/// | `malformed_chunk` | a body that lacks its last byte | one broken event |
/// | `refusal` | chat, responses, messages: in the answer; moderations: all is flagged; else a 400 | the same |
/// | `length` | chat, responses, messages, speech, transcriptions: half of the answer; else a 400 | the same |
/// | `empty` | no text, vector, verdict, image or sound | the same |
///
/// The server plays what lives in HTTP, as [`Scenario::failure`] and
/// [`Scenario::pace`] say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// 429 with `Retry-After`.
    RateLimit,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// No answer until the caller's or the gateway's deadline.
    Timeout,
    /// Every piece comes late.
    Slow,
    /// Only the first piece comes late.
    SlowFirstToken,
    /// The answer ends too early.
    CutStream,
    /// A part of the answer is not JSON.
    MalformedChunk,
    /// The model declines to answer.
    Refusal,
    /// The answer stops at the output limit.
    Length,
    /// There is nothing in the answer.
    Empty,
    /// 402.
    InsufficientBalance,
    /// 401, as after `expire_time`.
    Expired,
}

/// A scenario nobody knows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown sandbox scenario `{given}`; use one of {}", known())]
pub struct UnknownScenario {
    /// What the header said, shortened to what is fit to show.
    pub given: String,
}

impl Scenario {
    /// Every scenario, in the order shown to people.
    pub const ALL: [Self; 13] = [
        Self::RateLimit,
        Self::ServerError,
        Self::Unavailable,
        Self::Timeout,
        Self::Slow,
        Self::SlowFirstToken,
        Self::CutStream,
        Self::MalformedChunk,
        Self::Refusal,
        Self::Length,
        Self::Empty,
        Self::InsufficientBalance,
        Self::Expired,
    ];

    /// Reads a header value, in any case; an empty one asks for nothing.
    pub fn parse(header_value: &str) -> Result<Option<Self>, UnknownScenario> {
        let given = header_value.trim();
        if given.is_empty() {
            return Ok(None);
        }
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name().eq_ignore_ascii_case(given))
            .map(Some)
            .ok_or_else(|| UnknownScenario {
                given: given.chars().take(40).collect(),
            })
    }

    /// Reads the name of a model: `None` for one that is not the sandbox's own,
    /// `Some(None)` for `sandbox/echo`.
    pub fn of_model(name: &str) -> Option<Result<Option<Self>, UnknownScenario>> {
        match name.strip_prefix("sandbox/")? {
            "echo" => Some(Ok(None)),
            "" => Some(Err(UnknownScenario {
                given: String::new(),
            })),
            scenario => Some(Self::parse(scenario)),
        }
    }

    /// The name that asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Slow => "slow",
            Self::SlowFirstToken => "slow_first_token",
            Self::CutStream => "cut_stream",
            Self::MalformedChunk => "malformed_chunk",
            Self::Refusal => "refusal",
            Self::Length => "length",
            Self::Empty => "empty",
            Self::InsufficientBalance => "insufficient_balance",
            Self::Expired => "expired",
        }
    }
}

fn known() -> String {
    Scenario::ALL
        .map(|scenario| format!("`{}`", scenario.name()))
        .join(", ")
}
