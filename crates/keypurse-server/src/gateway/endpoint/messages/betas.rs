//! What a client tries out of Anthropic's API, by its `anthropic-beta` header.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::request::Messages;
use crate::gateway::endpoint::asked::{Asked, Wire};
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;

const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// Features that change no price ("Beta headers"), without their dates. What
/// is not here is not passed on: it may have a price nobody here knows.
const HARMLESS: [&str; 24] = [
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
    "mid-conversation-system",
    "model-context-window-exceeded",
    "output-128k",
    "pdfs",
    "prompt-caching",
    "prompt-caching-scope",
    "structured-outputs",
    "task-budgets",
    "thinking-token-count",
    "token-counting",
    "token-efficient-tools",
    "tool-search-tool",
];

/// Features that make a call dearer, or are calls of their own. Those that are
/// tools are refused where they are asked for, among the tools.
const PRICED: [&str; 4] = [
    "compact",
    "fallback-credit",
    "fast-mode",
    "server-side-fallback",
];

/// Inputs beyond [`USUAL_INPUT`], of a million tokens at most ("Context
/// windows"). They may cost more, which a model's price tells or does not.
const LONG: &str = "context-1m";
const USUAL_INPUT: u64 = 200_000;
const LONG_INPUT: u64 = 1_000_000;

/// What a client tries out, as far as it may pass.
#[derive(Debug, Default)]
pub(super) struct Betas {
    /// As the client wrote them.
    harmless: Vec<String>,
    /// Long inputs, if it asks for them.
    long: Option<String>,
}

impl Messages {
    /// The header that names what the client tries out at this model. Without
    /// its long inputs a provider refuses them itself.
    pub(in crate::gateway) fn betas(&self, route: &Route) -> Option<(HeaderName, HeaderValue)> {
        let long = self.betas.long.as_ref();
        let long = long.filter(|_| prices_long_inputs(route));
        let passing = self.betas.harmless.iter().chain(long);
        let passing: Vec<&str> = passing.map(String::as_str).collect();
        if passing.is_empty() {
            return None;
        }
        let value = HeaderValue::try_from(passing.join(","));
        Some((ANTHROPIC_BETA, value.expect("parts of a header are one")))
    }

    /// The most input tokens it may have because it asks this model for long
    /// inputs.
    pub(in crate::gateway) fn long_input(&self, route: &Route) -> Option<u64> {
        let long = self.betas.long.as_ref();
        long.filter(|_| prices_long_inputs(route))
            .map(|_| LONG_INPUT)
    }
}

/// Whether its price tells what inputs beyond the usual cost: by a band of
/// theirs, or because it is that of a model whose usual input is longer.
fn prices_long_inputs(route: &Route) -> bool {
    let has_band = route
        .price
        .bands()
        .iter()
        .any(|band| band.above >= USUAL_INPUT);
    has_band
        || route
            .max_input_tokens
            .is_some_and(|most| most > USUAL_INPUT)
}

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

fn read(headers: &HeaderMap) -> Result<Betas, GatewayError> {
    let wrong = "`anthropic-beta` must be a list of names";
    let mut betas = Betas::default();
    for value in headers.get_all(ANTHROPIC_BETA) {
        let text = value.to_str();
        let text = text.map_err(|_| GatewayError::invalid(None, wrong))?;
        for beta in text.split(',').map(str::trim) {
            let name = undated(beta);
            if PRICED.contains(&name) {
                let why = format!("`{beta}` changes what the call costs");
                return Err(GatewayError::unpriced("anthropic-beta", why));
            }
            if name == LONG {
                betas.long = Some(beta.to_owned());
            } else if HARMLESS.contains(&name) {
                betas.harmless.push(beta.to_owned());
            }
        }
    }
    Ok(betas)
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
        let betas = read(&headers).ok()?;
        Some(betas.harmless.join(","))
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
            (
                &["output-128k-2025-02-19,context-1m-2025-08-07"],
                Some("output-128k-2025-02-19"),
            ),
            (&["fast-mode-2026-02-01"], None),
        ] {
            assert_eq!(passing(values).as_deref(), expected, "{values:?}");
        }
    }
}
