//! The shape of a statement.

use keypurse_core::token::MAX_NAME_CHARS;
use keypurse_core::usage::{ServiceTier, TokenCounts};
use serde_json::{Map, Value, json};

/// A page of a statement.
pub(super) fn schema() -> Value {
    object(&json!({
        "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS},
        "lines": {"type": "array", "items": line()},
        "next": {
            "type": ["integer", "null"],
            "description": "Send it as `before` for the next page; null: there is none.",
        },
    }))
}

fn line() -> Value {
    object(&json!({
        "line": {
            "type": "integer",
            "minimum": 1,
            "description": "Lines are numbered in the order in which they changed balances.",
        },
        "at": instant(),
        "kind": {"enum": ["charge", "open", "adjust", "reset", "top_up", "checkpoint"]},
        "amount": {"type": "number", "description": "Signed change in US dollars."},
        "balance": {"type": "number", "description": "The balance it led to."},
        "note": {"type": ["string", "null"], "description": "What the operator said."},
        "call": {"anyOf": [call(), {"type": "null"}]},
    }))
}

fn call() -> Value {
    let dollars = json!({"type": "number"});
    object(&json!({
        "request_id": {"type": "string", "pattern": "^req_[0-9a-f]{32}$"},
        "provider": {"type": "string"},
        "model": {"type": "string"},
        "feature": {"type": "string"},
        "streamed": {"type": "boolean"},
        "status": {"type": "integer", "description": "0: nobody was answered."},
        "outcome": {"enum": ["settled", "void", "recovered", "simulated"]},
        "estimated": {
            "type": "boolean",
            "description": "Counted, because the provider did not say what was used.",
        },
        "usage": usage(),
        "held": dollars,
        "cost": dollars,
        "house": {
            "type": "number",
            "description": "What neither hold nor balance could cover: not charged.",
        },
        "price": object(&json!({
            "version": {"type": "integer"},
            "bands": {"type": "array", "minItems": 1, "items": band()},
        })),
        "started_at": instant(),
    }))
}

pub(super) fn usage() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    let classes = TokenCounts::NAMES.iter();
    let mut classes: Map<String, Value> = classes
        .map(|class| ((*class).to_owned(), count.clone()))
        .collect();
    let tiers = ServiceTier::ALL.map(ServiceTier::as_str);
    classes.insert("tier".to_owned(), json!({"enum": tiers}));
    object(&Value::Object(classes))
}

fn band() -> Value {
    object(&json!({
        "above": {
            "type": "integer",
            "minimum": 0,
            "description": "Applies to calls with more input tokens than this.",
        },
        "per_million": {
            "type": "object",
            "description": "US dollars per million tokens, characters, seconds, images or calls, by class.",
            "required": ["input", "output"],
            "additionalProperties": {"type": "string"},
        },
    }))
}

pub(super) fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// An object that always has all of these members and no others.
pub(super) fn object(properties: &Value) -> Value {
    let members = properties.as_object().into_iter().flatten();
    let required: Vec<_> = members.map(|(name, _)| name.clone()).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
