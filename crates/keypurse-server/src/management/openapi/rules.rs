//! The shapes of a token's rules.

use keypurse_core::rules::{
    MAX_CONCURRENCY, MAX_ENTRIES, MAX_PATTERN_CHARS, MAX_REQUESTS_PER_MINUTE,
    MAX_RESPONSE_CACHE_SECONDS, MAX_TAG_CHARS, MAX_TOKENS_PER_MINUTE,
};
use serde_json::{Value, json};

use super::schemas::visible_text;

/// Rules as they are sent: an empty list is no rule where that is not
/// ambiguous.
pub(super) fn wish() -> Value {
    rules(&Lists {
        least: 0,
        network: json!({
            "type": "string",
            "pattern": "^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$",
        }),
        tag: visible_text(MAX_TAG_CHARS),
    })
}

/// Rules as they are shown.
pub(super) fn shown() -> Value {
    rules(&Lists {
        least: 1,
        network: json!({"type": "string", "pattern": "^[0-9a-f:.]{2,45}/[0-9]{1,3}$"}),
        tag: json!({"type": "string", "minLength": 1, "maxLength": MAX_TAG_CHARS}),
    })
}

struct Lists {
    /// The least entries of those lists that may be empty in a request.
    least: usize,
    network: Value,
    tag: Value,
}

fn rules(lists: &Lists) -> Value {
    let Lists {
        least,
        network,
        tag,
    } = lists;
    json!({
        "allowed_models": list(1, &pattern(), "Only these models may be called: patterns of \
            `provider/model`, in which `*` stands for any characters."),
        "denied_models": list(*least, &pattern(), "These models may not be called, even if they \
            are allowed."),
        "requests_per_minute": limit(MAX_REQUESTS_PER_MINUTE, "How many calls may begin in a \
            minute; as many may come at once."),
        "tokens_per_minute": limit(MAX_TOKENS_PER_MINUTE, "How many input and output tokens may \
            be used in a minute. Calls are counted when they are over."),
        "max_concurrency": limit(MAX_CONCURRENCY, "How many calls may be under way."),
        "allowed_ips": list(1, network, "Calls may come from these addresses alone: IPv4 and \
            IPv6, networks in CIDR notation."),
        "tags": list(*least, tag, "Words to find the token by. They rule nothing."),
        "response_cache_seconds": cache(),
    })
}

fn cache() -> Value {
    json!({
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MAX_RESPONSE_CACHE_SECONDS,
        "description": "For so many seconds the same request gets the same answer again, at no \
            cost. Answers are kept in memory for it. Null: no answer is kept.",
    })
}

fn pattern() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_PATTERN_CHARS,
        "pattern": r"^(\*[!-~]*|[!-~]+/[!-~]+)$",
        "examples": ["openai/*", "*/gpt-5*"],
    })
}

fn list(least: usize, item: &Value, description: &str) -> Value {
    json!({
        "description": format!("{description} Null: no rule."),
        "anyOf": [
            {"type": "array", "minItems": least, "maxItems": MAX_ENTRIES, "items": item},
            {"type": "null"},
        ],
    })
}

fn limit(most: u32, description: &str) -> Value {
    json!({
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": most,
        "description": format!("{description} Null: no limit."),
    })
}
