//! Failures on demand: what the `x-keypurse-sandbox` header may ask for.

use thiserror::Error;

/// What a sandbox call rehearses instead of a plain success.
///
/// The server plays the ones that live in HTTP. `Refusal`, `Length` and `Empty`
/// are answers, and [`chat`](super::chat) writes them.
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
    /// The stream ends without its last chunks.
    CutStream,
    /// One chunk is not JSON.
    MalformedChunk,
    /// The model declines to answer.
    Refusal,
    /// The answer stops at the output limit.
    Length,
    /// The answer has no text.
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
