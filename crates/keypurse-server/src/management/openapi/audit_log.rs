//! The audit log: its operation and the shape of its pages.

use keypurse_store::Action;
use serde_json::{Value, json};

use super::operations::{MANAGED, content, operation, schema};

pub(super) fn list() -> Value {
    let done = (
        "200",
        content("A page of the log, newest first", &schema("AuditLog")),
    );
    let refused = [&MANAGED[..], &[400]].concat();
    let summary = "Show who changed what";
    let mut operation = operation("getAuditLog", summary, done, &refused);
    operation["tags"] = json!(["Audit log"]);
    operation["parameters"] = json!([
        {
            "name": "cursor",
            "in": "query",
            "description": "The `next_cursor` of the page before.",
            "schema": {"type": "integer", "format": "int64", "minimum": 1},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many entries at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        },
    ]);
    operation
}

/// A page of the log.
pub(super) fn page() -> Value {
    json!({
        "type": "object",
        "required": ["entries", "next_cursor"],
        "additionalProperties": false,
        "properties": {
            "entries": {"type": "array", "items": entry()},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Send it as `cursor` for the next page; null: there is none.",
            },
        },
    })
}

fn entry() -> Value {
    json!({
        "type": "object",
        "required": [
            "seq", "at", "actor", "address", "action", "subject", "details", "hash"
        ],
        "additionalProperties": false,
        "properties": {
            "seq": {"type": "integer", "minimum": 1, "description": "Without gaps in the log of \
                the whole installation; an account sees its own."},
            "at": {"type": "string", "format": "date-time"},
            "actor": {
                "type": "string",
                "description": "Who did it; `session:7` is somebody signed in to the dashboard.",
                "pattern": "^(account_key|viewer|session:[0-9]+|command_line|system)$",
            },
            "address": {
                "type": ["string", "null"],
                "description": "Where the request came from; null: it was no request.",
            },
            "action": {"enum": Action::ALL.map(Action::as_str)},
            "subject": {"type": "string", "description": "What it was done to, by name."},
            "details": {
                "type": "object",
                "description": "What changed, as `{from, to}` by field; amounts are text.",
            },
            "hash": {
                "type": "string",
                "description": "HMAC-SHA-256 over the hash before it and this entry, under a key \
                    that only the server has.",
                "pattern": "^[0-9a-f]{64}$",
            },
        },
    })
}
