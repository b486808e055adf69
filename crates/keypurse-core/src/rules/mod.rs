//! What a token may do: which models, from where, how fast.
//!
//! Rules are decided here and enforced by the gateway. Tags and the response
//! cache are no rules: they only stand beside them.

mod limiter;
mod network;
mod pattern;
mod set;
mod tag;

pub use limiter::{
    Exceeded, Limit, Limits, Load, MAX_CONCURRENCY, MAX_REQUESTS_PER_MINUTE, MAX_TOKENS_PER_MINUTE,
};
pub use network::{Network, NetworkError};
pub use pattern::{MAX_PATTERN_CHARS, ModelPattern, ModelPatternError};
pub use set::{Rules, RulesChange};
pub use tag::{MAX_TAG_CHARS, Tag, TagError};

/// The longest that answers may be repeated for: a day.
pub const MAX_RESPONSE_CACHE_SECONDS: u32 = 86_400;

/// The most entries of each list.
pub const MAX_ENTRIES: usize = 100;

#[cfg(test)]
mod tests;
