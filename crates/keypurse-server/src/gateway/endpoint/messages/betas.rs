//! What a client tries out of Anthropic's API, by its `anthropic-beta` header.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::gateway::endpoint::asked::{Asked, Wire};
use crate::gateway::error::GatewayError;

pub(super) const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// Features that change no price ("Beta headers"), without their dates. What
/// is not here is not passed on: it may have a price nobody here knows.
const HARMLESS: [&str; 20] = [
    "adaptive-thinking",
    "advanced-tool-use",
    "claude-code",
    "computer-use",
    "context-management",
    "dev-full-thinking",
    "effort",
    "extended-cache-ttl",
    "files-api",
    "fine-grained-tool-streaming",
    "interleaved-thinking",
    "max-tokens-3-5-sonnet",
    "model-context-window-exceeded",
    "output-128k",
    "pdfs",
    "prompt-caching",
    "structured-outputs",
    "token-counting",
    "token-efficient-tools",
    "tool-search-tool",
];

/// Features that make a call dearer, or are calls of their own. Those that are
/// tools are refused where they are asked for, among the tools.
const PRICED: [&str; 5] = [
    "compact",
    "context-1m",
    "fallback-credit",
    "fast-mode",
    "server-side-fallback",
];

impl Asked {
    /// The same with what its headers say, or why they are refused.
    pub(in crate::gateway) fn with_headers(
        mut self,
        headers: &HeaderMap,
    ) -> Result<Self, GatewayError> {
        if let Wire::Messages(messages) = &mut self.wire {
            messages.betas = read(headers)?;
        }
        Ok(self)
    }
}

/// The header as it is passed on.
fn read(headers: &HeaderMap) -> Result<Option<HeaderValue>, GatewayError> {
    let wrong = "`anthropic-beta` must be a list of names";
    let mut passing = Vec::new();
    for value in headers.get_all(ANTHROPIC_BETA) {
        let text = value.to_str();
        let text = text.map_err(|_| GatewayError::invalid(None, wrong))?;
        for beta in text.split(',').map(str::trim) {
            let name = undated(beta);
            if PRICED.contains(&name) {
                let why = "a feature it names changes what the call costs";
                return Err(GatewayError::unpriced("anthropic-beta", why));
            }
            if HARMLESS.contains(&name) {
                passing.push(beta);
            }
        }
    }
    if passing.is_empty() {
        return Ok(None);
    }
    let value = HeaderValue::try_from(passing.join(","));
    Ok(Some(value.expect("parts of a header are one")))
}

/// `interleaved-thinking-2025-05-14` and `claude-code-20250219` without the
/// date.
fn undated(beta: &str) -> &str {
    let is_date = |c: char| c.is_ascii_digit() || c == '-';
    let name = beta.trim_end_matches(is_date);
    let digits = beta[name.len()..]
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    if digits == 8 { name } else { beta }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{ANTHROPIC_BETA, read};

    fn passing(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ANTHROPIC_BETA, HeaderValue::try_from(*value).unwrap());
        }
        let passing = read(&headers).ok()?;
        Some(passing.map_or(String::new(), |value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn what_changes_no_price_passes_and_what_does_is_refused() {
        for (values, expected) in [
            (&[][..], Some("")),
            (&["something-new-2026-01-01"], Some("")),
            (
                &["interleaved-thinking-2025-05-14, x", "claude-code-20250219"],
                Some("interleaved-thinking-2025-05-14,claude-code-20250219"),
            ),
            (
                &["max-tokens-3-5-sonnet-2024-07-15"],
                Some("max-tokens-3-5-sonnet-2024-07-15"),
            ),
            (&["output-128k-2025-02-19,context-1m-2025-08-07"], None),
            (&["fast-mode-2026-02-01"], None),
        ] {
            assert_eq!(passing(values).as_deref(), expected, "{values:?}");
        }
    }
}
