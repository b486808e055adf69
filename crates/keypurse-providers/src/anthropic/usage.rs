//! The `usage` object of an answer, and of a stream piece by piece.
//!
//! "Messages", Usage: `input_tokens` has neither what was read from the cache
//! nor what was written to it; all input is the sum of the three.

use keypurse_core::usage::TokenCounts;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::openai::ImplausibleUsage;
use crate::openai::text::is_object;

/// What one or several usage objects say. A later one is of the whole answer
/// so far, and may leave out what has not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct UsageParts {
    /// Input that has nothing to do with the cache.
    #[serde(default)]
    pub input_tokens: Option<u64>,
    /// Read from the cache.
    #[serde(default)]
    pub cache_read_input_tokens: Option<u64>,
    /// Written to the cache, however long it stays there.
    #[serde(default)]
    pub cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
    /// All output, thinking included.
    #[serde(default)]
    pub output_tokens: Option<u64>,
    #[serde(default)]
    output_tokens_details: Option<OutputParts>,
    #[serde(default)]
    server_tool_use: Option<ServerTools>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_5m_input_tokens: Option<u64>,
    #[serde(default)]
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct OutputParts {
    #[serde(default)]
    thinking_tokens: Option<u64>,
}

/// Calls of tools that run at the provider and have a fee of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct ServerTools {
    #[serde(default)]
    web_search_requests: Option<u64>,
    #[serde(default)]
    web_fetch_requests: Option<u64>,
}

/// Reads the usage of a whole answer.
pub fn read_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    UsageParts::read(usage)?.counts()
}

impl UsageParts {
    /// Reads one usage object.
    pub fn read(usage: &RawValue) -> Result<Self, ImplausibleUsage> {
        if !is_object(usage.get().as_bytes()) {
            return Err(ImplausibleUsage);
        }
        serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)
    }

    /// What is known after a later object, too.
    #[must_use]
    pub fn followed_by(self, later: Self) -> Self {
        Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            cache_read_input_tokens: later
                .cache_read_input_tokens
                .or(self.cache_read_input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
            cache_creation: later.cache_creation.or(self.cache_creation),
            output_tokens: later.output_tokens.or(self.output_tokens),
            output_tokens_details: later.output_tokens_details.or(self.output_tokens_details),
            server_tool_use: later.server_tool_use.or(self.server_tool_use),
        }
    }

    /// Searches and fetches that ran at the provider.
    pub fn server_tool_requests(&self) -> u64 {
        let tools = self.server_tool_use.unwrap_or_default();
        let searches = tools.web_search_requests.unwrap_or(0);
        searches.saturating_add(tools.web_fetch_requests.unwrap_or(0))
    }

    /// Token counts whose parts fit their totals. It knows no tier.
    ///
    /// What is written to the cache lives for minutes unless it is said to
    /// live for an hour.
    pub fn counts(&self) -> Result<TokenCounts, ImplausibleUsage> {
        let (Some(fresh), Some(output)) = (self.input_tokens, self.output_tokens) else {
            return Err(ImplausibleUsage);
        };
        let read = self.cache_read_input_tokens.unwrap_or(0);
        let by_life = self.cache_creation.unwrap_or_default();
        let long = by_life.ephemeral_1h_input_tokens.unwrap_or(0);
        let short = by_life.ephemeral_5m_input_tokens.unwrap_or(0);
        let by_life = short.checked_add(long).ok_or(ImplausibleUsage)?;
        let written = self.cache_creation_input_tokens.unwrap_or(0).max(by_life);
        let input = fresh.checked_add(read);
        let input = input.and_then(|input| input.checked_add(written));
        let thinking = self.output_tokens_details.unwrap_or_default();
        let counts = TokenCounts {
            input: input.ok_or(ImplausibleUsage)?,
            cached_input: read,
            cache_write: written - long,
            cache_write_long: long,
            output,
            reasoning: thinking.thinking_tokens.unwrap_or(0),
            ..TokenCounts::default()
        };
        if counts.is_consistent() {
            Ok(counts)
        } else {
            Err(ImplausibleUsage)
        }
    }
}

/// The usage object that says these counts.
pub(crate) fn write_usage(counts: &TokenCounts) -> Value {
    let written = counts.cache_write + counts.cache_write_long;
    let cached = counts.cached_input + counts.cached_audio;
    let mut usage = json!({
        "input_tokens": counts.input.saturating_sub(written + cached),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write,
            "ephemeral_1h_input_tokens": counts.cache_write_long,
        },
        "output_tokens": counts.output,
    });
    if counts.reasoning > 0 {
        usage["output_tokens_details"] = json!({ "thinking_tokens": counts.reasoning });
    }
    usage
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::{UsageParts, read_usage, write_usage};

    fn raw(usage: &str) -> Box<RawValue> {
        RawValue::from_string(usage.to_owned()).unwrap()
    }

    #[test]
    fn all_input_is_the_sum_of_fresh_read_and_written() {
        for (usage, input, cached, short, long, output, thinking) in [
            (r#"{"input_tokens":3,"output_tokens":5}"#, 3, 0, 0, 0, 5, 0),
            (
                r#"{"input_tokens":3,"cache_read_input_tokens":10,"cache_creation_input_tokens":7,
                    "output_tokens":5,"service_tier":"standard"}"#,
                20,
                10,
                7,
                0,
                5,
                0,
            ),
            (
                r#"{"input_tokens":3,"cache_creation_input_tokens":7,"cache_creation":
                    {"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5},
                    "output_tokens":5,"output_tokens_details":{"thinking_tokens":4}}"#,
                10,
                0,
                2,
                5,
                5,
                4,
            ),
            (
                r#"{"input_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":5},
                    "cache_read_input_tokens":null,"output_tokens":0}"#,
                8,
                0,
                0,
                5,
                0,
                0,
            ),
        ] {
            let expected = TokenCounts {
                input,
                cached_input: cached,
                cache_write: short,
                cache_write_long: long,
                output,
                reasoning: thinking,
                ..TokenCounts::default()
            };
            assert_eq!(read_usage(&raw(usage)), Ok(expected), "{usage}");
            let written = raw(&write_usage(&expected).to_string());
            assert_eq!(read_usage(&written), Ok(expected), "{usage}");
        }
    }

    #[test]
    fn usage_no_provider_could_mean_is_told_apart() {
        for usage in [
            "null",
            "[]",
            "{}",
            "[3,5]",
            r#"{"input_tokens":3}"#,
            r#"{"output_tokens":3}"#,
            r#"{"input_tokens":-3,"output_tokens":5}"#,
            r#"{"input_tokens":3.5,"output_tokens":5}"#,
            r#"{"input_tokens":"3","output_tokens":5}"#,
            r#"{"input_tokens":3,"output_tokens":1e3}"#,
            r#"{"input_tokens":3,"output_tokens":5,"output_tokens_details":{"thinking_tokens":6}}"#,
            r#"{"input_tokens":18446744073709551615,"cache_read_input_tokens":1,"output_tokens":5}"#,
            r#"{"input_tokens":1,"output_tokens":5,"cache_creation":
                {"ephemeral_5m_input_tokens":18446744073709551615,"ephemeral_1h_input_tokens":1}}"#,
        ] {
            assert!(read_usage(&raw(usage)).is_err(), "{usage}");
        }
    }

    #[test]
    fn a_later_object_is_of_the_whole_answer() {
        let read = |usage| UsageParts::read(&raw(usage)).unwrap();
        let start = read(
            r#"{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":1,
                "server_tool_use":{"web_search_requests":0}}"#,
        );
        let end = start.followed_by(read(
            r#"{"output_tokens":30,"server_tool_use":{"web_search_requests":2}}"#,
        ));
        let counts = end.counts().unwrap();
        assert_eq!(
            (counts.input, counts.cached_input, counts.output),
            (13, 4, 30)
        );
        assert_eq!(end.server_tool_requests(), 2);
        let revised = end.followed_by(read(r#"{"input_tokens":100,"output_tokens":31}"#));
        assert_eq!(revised.counts().unwrap().input, 104);
    }
}
