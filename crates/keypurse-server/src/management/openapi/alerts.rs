//! Alerts: their operations and shapes.

use keypurse_core::alert::{
    LONGEST_WINDOW_SECONDS, MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS, MOST_CALLS,
    SHORTEST_WINDOW_SECONDS,
};
use serde_json::{Value, json};

use super::operations::{MANAGED, body, content, make_once, operation, schema};
use super::schemas::{money_wish, visible_text, without_defaults, zero};
use super::statement::{instant, object};
use crate::alerts::{MAX_SECRET_CHARS, MAX_URL_CHARS, MIN_SECRET_CHARS};

const KINDS: [&str; 7] = [
    "balance_below",
    "balance_share_below",
    "spend_rate_above",
    "expiring_within",
    "exhausted",
    "error_rate_above",
    "provider_down",
];
const ID: &str = "^alr_[0-9a-f]{16}$";
const EVENT: &str = "^evt_[0-9a-f]{32}$";

pub(super) fn paths() -> Value {
    let id = json!([{"$ref": "#/components/parameters/alert"}]);
    json!({
        "/v2/alerts/": {"get": list(), "post": create()},
        "/v2/alerts/events/": {"get": events()},
        "/v2/alerts/{id}/": {
            "parameters": id, "get": get(), "patch": update(), "delete": delete(),
        },
        "/v2/alerts/{id}/test/": {"parameters": id, "post": test()},
        "/v2/alerts/{id}/deliveries/": {"parameters": id, "get": deliveries()},
    })
}

pub(super) fn parameters() -> Value {
    json!({
        "alert": {
            "name": "id",
            "in": "path",
            "required": true,
            "schema": {"type": "string", "pattern": ID},
            "example": "alr_3f9a1c0b7d5e2486",
        },
    })
}

pub(super) fn schemas() -> Value {
    json!({
        "CreateAlert": create_alert(),
        "UpdateAlert": update_alert(),
        "Alert": alert(),
        "AlertEvents": page("events", &event()),
        "AlertDeliveries": page("deliveries", &delivery()),
        "AlertTest": tested(),
    })
}

fn told(id: &str, summary: &str, done: (&str, Value), more: &[u16]) -> Value {
    let refused = [&MANAGED[..], more].concat();
    let mut operation = operation(id, summary, done, &refused);
    operation["tags"] = json!(["Alerts"]);
    operation
}

fn list() -> Value {
    let alerts = json!({"type": "array", "items": schema("Alert")});
    let done = ("200", content("All alerts, oldest first", &alerts));
    told("listAlerts", "List all alerts", done, &[])
}

fn create() -> Value {
    let done = ("201", content("Created", &schema("Alert")));
    let mut operation = told("createAlert", "Create an alert", done, &[400, 413, 415]);
    make_once(&mut operation);
    operation["requestBody"] = body("CreateAlert", &json!(true));
    operation
}

fn get() -> Value {
    let done = ("200", content("The alert", &schema("Alert")));
    told("getAlert", "Show an alert", done, &[404])
}

fn update() -> Value {
    let done = ("200", content("The changed alert", &schema("Alert")));
    let refused = [400, 404, 412, 413, 415];
    let mut operation = told("updateAlert", "Change an alert", done, &refused);
    make_once(&mut operation);
    operation["requestBody"] = body("UpdateAlert", &json!(false));
    operation
}

fn delete() -> Value {
    let mut done = content("Deleted; what fired stays listed", &json!({}));
    done.as_object_mut()
        .expect("built as an object")
        .remove("content");
    let mut operation = told("deleteAlert", "Delete an alert", ("204", done), &[400, 404]);
    make_once(&mut operation);
    operation
}

fn test() -> Value {
    let done = (
        "200",
        content("What the receiver said", &schema("AlertTest")),
    );
    let summary = "Send an imagined event, marked as a test, at once";
    let mut operation = told("testAlert", summary, done, &[400, 404, 409]);
    make_once(&mut operation);
    operation
}

fn events() -> Value {
    let done = (
        "200",
        content("What fired, newest first", &schema("AlertEvents")),
    );
    let mut operation = told("listAlertEvents", "List what fired", done, &[400]);
    operation["parameters"] = paging();
    operation
}

fn deliveries() -> Value {
    let done = (
        "200",
        content("Deliveries, newest first", &schema("AlertDeliveries")),
    );
    let summary = "List what was sent to an alert's webhook";
    let mut operation = told("listAlertDeliveries", summary, done, &[400, 404]);
    operation["parameters"] = paging();
    operation
}

fn paging() -> Value {
    json!([
        {
            "name": "cursor",
            "in": "query",
            "description": "The `next_cursor` of the page before.",
            "schema": {"type": "integer", "format": "int64", "minimum": 1},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        },
    ])
}

fn create_alert() -> Value {
    let mut schema = wish();
    schema["required"] = json!(["name", "kind"]);
    schema["properties"]["webhook"] = nullable(&webhook_wish(&["url"]));
    schema["anyOf"] = json!([
        of_kind(
            &["balance_below"],
            &json!({"threshold": amount()}),
            &["threshold"]
        ),
        of_kind(
            &["balance_share_below"],
            &json!({"threshold": whole(1, 100)}),
            &["threshold"]
        ),
        of_kind(
            &["spend_rate_above"],
            &json!({"threshold": amount(), "window": window()}),
            &["threshold", "window"],
        ),
        of_kind(
            &["expiring_within"],
            &json!({
                "threshold": whole(MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS),
                "token": {"type": "string"},
            }),
            &["threshold", "token"],
        ),
        of_kind(&["exhausted"], &json!({}), &[]),
        of_kind(&["provider_down"], &json!({"token": {"type": "null"}}), &[]),
        of_kind(
            &["error_rate_above"],
            &json!({
                "threshold": whole(1, 99),
                "window": window(),
                "least_calls": nullable(&whole(1, MOST_CALLS)),
            }),
            &["threshold", "window"],
        ),
    ]);
    schema
}

/// Which members make sense depends on the alert that is changed.
fn update_alert() -> Value {
    let mut schema = wish();
    schema["properties"]["webhook"] = nullable(&webhook_wish(&[]));
    without_defaults(schema)
}

/// The members that a kind has; it has no others.
fn of_kind(kinds: &[&str], members: &Value, required: &[&str]) -> Value {
    let mut properties = json!({
        "kind": {"enum": kinds},
        "threshold": {"type": "null"},
        "window": {"type": "null"},
        "least_calls": {"type": "null"},
    });
    for (name, schema) in members.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    json!({"title": kinds[0], "properties": properties, "required": required})
}

fn wish() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": visible_text(200),
            "kind": {"enum": KINDS, "description": "What it waits for."},
            "token": {
                "type": ["string", "null"],
                "description": "The name of the token it watches; `*`: each token; null: the account.",
                "default": null,
            },
            "threshold": {
                "description": "US dollars, percent or seconds, as the kind has it.",
                "type": ["number", "string", "null"],
                "examples": ["5.00", 20],
            },
            "window": {
                "type": ["integer", "null"],
                "description": "Seconds over which a rate is measured.",
            },
            "least_calls": {
                "type": ["integer", "null"],
                "description": "With fewer calls a share of errors says nothing; default 20.",
            },
            "enabled": {"type": "boolean", "default": true},
            "id": shown_alone(),
            "created_at": shown_alone(),
        },
    })
}

fn webhook_wish(required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": {
            "url": {
                "type": "string",
                "format": "uri",
                "pattern": "^https?://[^/?#@]+",
                "maxLength": MAX_URL_CHARS,
                "description": "Where events are posted to; shown up to its host alone.",
                "examples": ["https://example.com/hooks/keypurse"],
            },
            "format": {"enum": ["json", "slack"], "default": "json"},
            "secret": {
                "type": ["string", "null"],
                "pattern": format!("^[!-~]{{{MIN_SECRET_CHARS},{MAX_SECRET_CHARS}}}$"),
                "description": "Signs every event; never shown again. null: they are not signed.",
            },
            "signed": shown_alone(),
        },
    })
}

/// A member of answers that may be sent back: `readOnly` would promise that it
/// is refused.
fn shown_alone() -> Value {
    json!({"description": "Shown; what is sent is not looked at."})
}

fn amount() -> Value {
    json!({"allOf": [money_wish(&json!({"minimum": 1e-9}), ""), {"not": zero()}]})
}

fn window() -> Value {
    whole(SHORTEST_WINDOW_SECONDS, LONGEST_WINDOW_SECONDS)
}

fn whole(least: u32, most: u32) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

fn nullable(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn condition() -> Value {
    json!({
        "kind": {"enum": KINDS},
        "threshold": {"type": ["number", "null"]},
        "window": {"type": ["integer", "null"]},
        "least_calls": {"type": ["integer", "null"]},
    })
}

fn alert() -> Value {
    let mut members = json!({
        "id": {"type": "string", "pattern": ID},
        "name": {"type": "string"},
        "token": {"type": ["string", "null"]},
        "webhook": nullable(&object(&json!({
            "url": {"type": "string", "description": "Up to its host."},
            "format": {"enum": ["json", "slack"]},
            "signed": {"type": "boolean"},
        }))),
        "enabled": {"type": "boolean"},
        "created_at": instant(),
    });
    join(&mut members, condition());
    object(&members)
}

fn event() -> Value {
    let mut rule = json!({
        "id": {"type": "string", "pattern": ID},
        "name": {"type": "string"},
    });
    join(&mut rule, condition());
    object(&json!({
        "id": {"type": "string", "pattern": EVENT},
        "rule": object(&rule),
        "subject": object(&json!({
            "type": {"enum": ["account", "token", "provider"]},
            "name": {"type": ["string", "null"]},
        })),
        "measured": {
            "type": "object",
            "description": "`balance` and `budget`, `spent`, `expires_at`, or `calls` and `errors`.",
        },
        "text": {"type": "string", "description": "The event in a sentence."},
        "fired_at": instant(),
        "cleared_at": nullable(&instant()),
    }))
}

fn delivery() -> Value {
    object(&json!({
        "event": {"type": ["string", "null"], "description": "null: it was a test."},
        "test": {"type": "boolean"},
        "created_at": instant(),
        "state": {"enum": ["pending", "delivered", "given_up"]},
        "next_try_at": nullable(&instant()),
        "tries": {"type": "array", "items": object(&json!({
            "at": instant(),
            "status": {"type": ["integer", "null"]},
            "error": {"type": ["string", "null"]},
            "took_ms": {"type": "integer", "minimum": 0},
        }))},
    }))
}

fn tested() -> Value {
    object(&json!({
        "event": {"type": "string", "pattern": EVENT},
        "delivered": {"type": "boolean", "description": "The receiver answered with 2xx."},
        "status": {"type": ["integer", "null"]},
        "error": {"type": ["string", "null"]},
        "took_ms": {"type": "integer", "minimum": 0},
    }))
}

fn page(name: &str, item: &Value) -> Value {
    let mut members = json!({
        "next_cursor": {
            "type": ["string", "null"],
            "description": "Send it as `cursor` for the next page; null: there is none.",
        },
    });
    members[name] = json!({"type": "array", "items": item});
    object(&members)
}

fn join(members: &mut Value, others: Value) {
    let members = members.as_object_mut().expect("built as an object");
    if let Value::Object(others) = others {
        members.extend(others);
    }
}
