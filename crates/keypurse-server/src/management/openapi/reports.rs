//! Reports: their operations and the shapes of their answers.

use keypurse_core::token::MAX_NAME_CHARS;
use keypurse_core::usage::TokenCounts;
use keypurse_store::{Feature, StatusClass};
use serde_json::{Map, Value, json};

use super::operations::{MANAGED, add_next_page, add_table, content, operation, schema};
use super::statement::{instant, object, usage};
use crate::management::reports::{Group, status_word};

/// `GET /v2/cost_management/`
pub(super) fn summary() -> Value {
    let either = json!({"anyOf": [schema("Costs"), schema("GroupedUsage")]});
    let mut answer = content("Costs; with `group_by`, sums in groups", &either);
    add_table(&mut answer);
    let refused = [&MANAGED[..], &[400, 404]].concat();
    let done = ("200", answer);
    let mut operation = operation(
        "getCosts",
        "Tell what was used and what it cost",
        done,
        &refused,
    );
    operation["tags"] = json!(["Reports"]);
    operation["description"] =
        json!("A custom token sees itself alone. Days are those of the configured time zone.");
    let mut parameters = vec![
        day("begin", "The first day.", true),
        day("end", DAY_END, true),
        step(),
    ];
    parameters.push(group_by());
    parameters.extend(filters());
    operation["parameters"] = json!(parameters);
    operation
}

/// `GET /v2/cost_management/calls/`
pub(super) fn calls() -> Value {
    let mut answer = content("A page of calls, newest first", &schema("Calls"));
    add_table(&mut answer);
    add_next_page(&mut answer);
    let refused = [&MANAGED[..], &[400, 404]].concat();
    let mut operation = operation("getCalls", "List calls", ("200", answer), &refused);
    operation["tags"] = json!(["Reports"]);
    let mut parameters = vec![
        day("begin", "The first day on which they ended.", false),
        day("end", "The last day on which they ended.", false),
    ];
    parameters.extend(filters());
    parameters.push(json!({
        "name": "limit",
        "in": "query",
        "description": "How many at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    }));
    parameters.push(json!({
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the page before.",
        "schema": {"type": "string", "pattern": "^[0-7][0-9a-f]{15}$"},
    }));
    operation["parameters"] = json!(parameters);
    operation
}

/// `GET /v2/cost_management/focus/`
pub(super) fn focus() -> Value {
    let mut answer = content("Charges by day, token and model", &json!({}));
    answer["content"] = json!({"text/csv": {"schema": {"type": "string"}}});
    let refused = [&MANAGED[..], &[400]].concat();
    let done = ("200", answer);
    let mut operation = operation(
        "exportFocus",
        "Export costs for FinOps tools",
        done,
        &refused,
    );
    operation["tags"] = json!(["Reports"]);
    operation["description"] = json!("A table with the columns of FOCUS 1.2; at most 366 days.");
    operation["parameters"] = json!([
        day("begin", "The first day.", true),
        day("end", DAY_END, true)
    ]);
    operation
}

const DAY_END: &str = "The last day, not before the first.";

fn day(name: &str, description: &str, required: bool) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "example": "2026-11-21",
    })
}

fn step() -> Value {
    json!({
        "name": "step",
        "in": "query",
        "required": true,
        "description": "How long a period is: 1 a day, 2 a week from Monday, 3 a month, 4 a year; \
            with `group_by` also 0, everything at once, and 5, an hour (at most 7 days).",
        "schema": {"type": "integer", "minimum": 0, "maximum": 5},
        "example": 1,
    })
}

fn group_by() -> Value {
    json!({
        "name": "group_by",
        "in": "query",
        "description": "What is told apart. A call counts under each tag of its token.",
        "style": "form",
        "explode": false,
        "schema": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": true,
            "items": {"enum": Group::ALL.map(Group::as_str)},
        },
    })
}

fn filters() -> [Value; 6] {
    let filter = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let text = || json!({"type": "string", "minLength": 1});
    let features = Feature::ALL.map(Feature::as_str);
    [
        filter(
            "token",
            "Only this token's; `base_token`: the account key's.",
            text(),
        ),
        filter("tag", "Only those of tokens with this tag.", text()),
        filter("provider", "Only what this provider served.", text()),
        filter(
            "model",
            "Only this model's.",
            json!({"type": "string", "pattern": "^[^/]+/.+$"}),
        ),
        filter(
            "subfeature",
            "Only this kind of work.",
            json!({"enum": features}),
        ),
        filter("status", "Only what ended so.", status()),
    ]
}

fn status() -> Value {
    json!({"enum": StatusClass::ALL.map(status_word)})
}

/// The shapes of all answers.
pub(super) fn schemas() -> Value {
    json!({
        "Costs": costs(),
        "GroupedUsage": grouped(),
        "Calls": object(&json!({
            "calls": {"type": "array", "items": call()},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Send it as `cursor` for the next page; null: there is none.",
            },
        })),
    })
}

fn costs() -> Value {
    let feature = object(&json!({
        "total_cost": dollars(),
        "details": {"type": "integer", "minimum": 1, "description": "Calls."},
        "cost_per_provider": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": dollars(),
        },
    }));
    object(&json!({
        "response": {"type": "array", "items": object(&json!({
            "token": token_name(),
            "data": by_period(&json!({
                "type": "object",
                "description": "By feature.",
                "minProperties": 1,
                "additionalProperties": feature,
            })),
        }))},
    }))
}

fn grouped() -> Value {
    let group_names = Group::ALL.map(Group::as_str);
    object(&json!({
        "group_by": {"type": "array", "minItems": 1, "items": {"enum": group_names}},
        "response": {"type": "array", "items": object(&json!({
            "group": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"enum": group_names},
                "additionalProperties": {"type": ["string", "null"]},
            },
            "data": by_period(&sums()),
        }))},
    }))
}

fn sums() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    let classes = TokenCounts::NAMES.into_iter();
    let classes: Map<String, Value> = classes
        .map(|class| (class.to_owned(), json!({"type": "integer", "minimum": 1})))
        .collect();
    let latency = json!({"type": ["integer", "null"], "minimum": 0});
    object(&json!({
        "total_cost": dollars(),
        "details": {"type": "integer", "minimum": 1, "description": "Calls."},
        "errors": count,
        "simulated": count,
        "estimated": count,
        "input_tokens": count,
        "output_tokens": count,
        "tokens": {
            "type": "object",
            "description": "What was used, by class; a class that was not is left out.",
            "properties": classes,
            "additionalProperties": false,
        },
        "latency_ms": object(&json!({"p50": latency, "p90": latency, "p99": latency})),
    }))
}

fn call() -> Value {
    object(&json!({
        "request_id": {"type": "string", "pattern": "^req_[0-9a-f]{32}$"},
        "token": token_name(),
        "provider": {"type": "string"},
        "model": {"type": "string"},
        "feature": {"enum": Feature::ALL.map(Feature::as_str)},
        "streamed": {"type": "boolean"},
        "status": {"type": "integer", "description": "0: nobody was answered."},
        "outcome": {"enum": ["settled", "void", "recovered", "simulated"]},
        "estimated": {
            "type": "boolean",
            "description": "Counted, because the provider did not say what was used.",
        },
        "usage": usage(),
        "cost": dollars(),
        "rehearsed_cost": {
            "type": ["number", "null"],
            "description": "What a rehearsal took from its token; null: it did not rehearse.",
        },
        "house": {
            "type": "number",
            "description": "What neither hold nor balance could cover: not charged.",
        },
        "started_at": instant(),
        "finished_at": instant(),
        "latency_ms": {"type": "integer", "minimum": 0},
    }))
}

fn by_period(schema: &Value) -> Value {
    json!({
        "type": "object",
        "description": "By period: its first day; an hour's first instant.",
        "propertyNames": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"},
        "additionalProperties": schema,
    })
}

fn token_name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS})
}

fn dollars() -> Value {
    json!({"type": "number", "description": "US dollars."})
}
