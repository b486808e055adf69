//! The wire names of a token's rules, and what they are inside.
//!
//! | Wire | Inside |
//! |---|---|
//! | `allowed_models`, `denied_models` | lists of [`ModelPattern`] |
//! | `requests_per_minute`, `tokens_per_minute`, `max_concurrency` | `Limits` |
//! | `allowed_ips` | `Rules::allowed_networks` |
//! | `tags` | `Rules::tags` |
//! | `response_cache_seconds` | `Rules::response_cache_seconds` |
//! | null | no rule |

use std::num::NonZeroU32;

use keypurse_core::rules::{
    MAX_CONCURRENCY, MAX_ENTRIES, MAX_PATTERN_CHARS, MAX_REQUESTS_PER_MINUTE,
    MAX_RESPONSE_CACHE_SECONDS, MAX_TAG_CHARS, MAX_TOKENS_PER_MINUTE, ModelPattern,
    ModelPatternError, Network, NetworkError, RulesChange, Tag, TagError,
};
use serde_json::value::RawValue;

use super::wire::CONTROL_CHARACTER;
use crate::http::fields::{BLANK, Fields, Reason, text, whole};

const VISIBLE_ASCII: &str = "Only visible ASCII characters are allowed.";
const NO_PROVIDER: &str =
    "Write `provider/model`, with `*` for any characters: `openai/*`, `*/gpt-5*`.";
const NOT_AN_ADDRESS: &str = "Not an IP address or a network such as 10.0.0.0/8.";

/// The names of the fields.
mod field {
    pub(super) const ALLOWED_MODELS: &str = "allowed_models";
    pub(super) const DENIED_MODELS: &str = "denied_models";
    pub(super) const REQUESTS_PER_MINUTE: &str = "requests_per_minute";
    pub(super) const TOKENS_PER_MINUTE: &str = "tokens_per_minute";
    pub(super) const MAX_CONCURRENCY: &str = "max_concurrency";
    pub(super) const ALLOWED_IPS: &str = "allowed_ips";
    pub(super) const TAGS: &str = "tags";
    pub(super) const RESPONSE_CACHE_SECONDS: &str = "response_cache_seconds";
}

/// Reads the rules of POST and PATCH.
pub(super) fn read_rules(fields: &mut Fields<'_>) -> RulesChange {
    RulesChange {
        allowed_models: fields.list(field::ALLOWED_MODELS, 1..=MAX_ENTRIES, pattern),
        denied_models: fields.list(field::DENIED_MODELS, 0..=MAX_ENTRIES, pattern),
        requests_per_minute: limit(fields, field::REQUESTS_PER_MINUTE, MAX_REQUESTS_PER_MINUTE),
        tokens_per_minute: limit(fields, field::TOKENS_PER_MINUTE, MAX_TOKENS_PER_MINUTE),
        max_concurrency: limit(fields, field::MAX_CONCURRENCY, MAX_CONCURRENCY),
        allowed_networks: fields.list(field::ALLOWED_IPS, 1..=MAX_ENTRIES, network),
        tags: fields.list(field::TAGS, 0..=MAX_ENTRIES, tag),
        response_cache_seconds: limit(
            fields,
            field::RESPONSE_CACHE_SECONDS,
            MAX_RESPONSE_CACHE_SECONDS,
        ),
    }
}

#[expect(
    clippy::option_option,
    reason = "core's wishes have these three cases: leave, remove, set"
)]
fn limit(fields: &mut Fields<'_>, name: &'static str, most: u32) -> Option<Option<NonZeroU32>> {
    let limit = fields.nullable(name, |value| whole(value, 1..=i64::from(most)))?;
    Some(limit.and_then(|limit| NonZeroU32::new(u32::try_from(limit).ok()?)))
}

fn pattern(value: &RawValue) -> Result<ModelPattern, Reason> {
    ModelPattern::parse(&text(value)?).map_err(|error| match error {
        ModelPatternError::Blank => BLANK.into(),
        ModelPatternError::TooLong => too_long(MAX_PATTERN_CHARS),
        ModelPatternError::Character => VISIBLE_ASCII.into(),
        ModelPatternError::NoProvider => NO_PROVIDER.into(),
    })
}

fn network(value: &RawValue) -> Result<Network, Reason> {
    Network::parse(&text(value)?).map_err(|error| match error {
        NetworkError::Address => NOT_AN_ADDRESS.into(),
        NetworkError::Prefix { most } => {
            format!("After the slash comes a number from 0 to {most}.").into()
        }
        NetworkError::HostBits(network) => {
            format!("This is an address inside a network; for all of it write {network}.").into()
        }
    })
}

fn tag(value: &RawValue) -> Result<Tag, Reason> {
    Tag::parse(&text(value)?).map_err(|error| match error {
        TagError::Blank => BLANK.into(),
        TagError::TooLong => too_long(MAX_TAG_CHARS),
        TagError::ControlCharacter => CONTROL_CHARACTER.into(),
    })
}

fn too_long(most: usize) -> Reason {
    format!("Ensure this field has no more than {most} characters.").into()
}
