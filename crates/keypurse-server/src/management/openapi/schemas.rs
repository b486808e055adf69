//! The shapes of bodies.

use serde_json::{Map, Value, json};

use keypurse_core::ledger::MAX_NOTE_CHARS;
use keypurse_core::token::MAX_NAME_CHARS;

use super::{audit_log, reports, rules, statement};

/// White space that is trimmed from a name; some of it is a control character
/// elsewhere.
const WHITE_SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f";
const HIGHEST: f64 = 99_999.999_999_999;

pub(super) fn all() -> Value {
    let mut all = json!({
        "CreateToken": create_token(),
        "UpdateToken": update_token(),
        "RotateToken": rotate_token(),
        "TopUp": top_up(),
        "CreatedToken": shown_token(&money_text(), &json!({"token": secret()})),
        "UpdatedToken": shown_token(&money_number(), &json!({})),
        "RotatedToken": shown_token(&money_number(), &json!({"token": secret()})),
        "Token": shown_token(&money_number(), &json!({"token": {
            "type": ["string", "null"],
            "description": "The secret, while secrets are revealed; else null.",
        }})),
        "Oneself": shown_token(&money_number(), &json!({"masked": {
            "type": "string",
            "description": "First 8 and last 4 characters of the presented secret.",
            "examples": ["kp_live_…8dK2"],
        }})),
        "Credits": credits(),
        "AuditLog": audit_log::page(),
        "Statement": statement::schema(),
        "Error": error(&json!({"type": "string"})),
        "ValidationError": error(&json!({
            "type": "object",
            "description": "Every reason, by field.",
            "minProperties": 1,
            "additionalProperties": {
                "type": "array", "minItems": 1, "items": {"type": "string"},
            },
        })),
        "NotFound": {
            "type": "object",
            "required": ["details"],
            "additionalProperties": false,
            "properties": {"details": {"const": "Not Found"}},
        },
    });
    add(&mut all, reports::schemas());
    all
}

fn create_token() -> Value {
    let mut schema = settings_wish();
    schema["required"] = json!(["name"]);
    schema["properties"]["name"] = name();
    schema["properties"]["token_type"] = kind();
    schema["anyOf"] = json!([
        without_period(),
        without_period_as_shown(),
        with_period(&["balance_reset_amount"]),
    ]);
    schema
}

/// Whether a period alone or an amount alone makes sense depends on the token.
fn update_token() -> Value {
    let mut schema = without_defaults(settings_wish());
    schema["anyOf"] = json!([
        without_period(),
        without_period_as_shown(),
        with_period(&[]),
        {"properties": {
            "balance_reset_period": false,
            "balance_reset_amount": amount_alone(),
            "active_balance": {"const": true},
        }},
    ]);
    schema
}

fn without_period() -> Value {
    json!({
        "title": "No periodic budget",
        "properties": {
            "balance_reset_period": {"enum": ["none", null]},
            "balance_reset_amount": false,
        },
    })
}

/// What an answer shows may be sent back.
fn without_period_as_shown() -> Value {
    json!({
        "title": "No periodic budget, as answers show it",
        "properties": {
            "balance_reset_period": {"enum": ["none", null]},
            "balance_reset_amount": {"type": "null"},
        },
        "required": ["balance_reset_period"],
    })
}

fn amount_alone() -> Value {
    json!({"not": {"type": "null"}})
}

fn with_period(also_required: &[&str]) -> Value {
    let required = [&["balance_reset_period"], also_required].concat();
    json!({
        "title": "A periodic budget",
        "properties": {
            "balance_reset_period": {"enum": ["daily", "weekly", "monthly"]},
            "balance_reset_amount": amount_alone(),
            "active_balance": {"const": true},
        },
        "required": required,
    })
}

/// The same without what an absent member means: a change leaves it alone, and
/// an answer has it.
pub(super) fn without_defaults(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            members.remove("default");
            for member in members.values_mut() {
                *member = without_defaults(member.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_defaults(item.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

fn settings_wish() -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "balance": money_wish(&json!({"minimum": -HIGHEST}), "-?"),
            "active_balance": active_balance(),
            "expire_time": {
                "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
                "description": "Valid until just before this instant. Without an offset: UTC.",
            },
            "balance_reset_period": {
                "enum": ["none", "daily", "weekly", "monthly", null],
                "description": "When the balance is set back: on local days, Mondays, or the \
                    1st. Switches `active_balance` on.",
            },
            "balance_reset_amount": {
                "description": "What the balance is set back to. Null only beside a period of \
                    `none` or null.",
                "anyOf": [
                    {"allOf": [money_wish(&json!({"minimum": 1e-9}), ""), {"not": zero()}]},
                    {"type": "null"},
                ],
            },
            "overdraft": overdraft(),
            "simulate_budget": simulate_budget(),
        },
    });
    add(&mut schema["properties"], rules::wish());
    schema
}

/// Adds members to an object.
fn add(object: &mut Value, members: Value) {
    let object = object.as_object_mut().expect("built as an object");
    if let Value::Object(members) = members {
        object.extend(members);
    }
}

/// A decimal string that is taken exactly, or a number that is rounded
/// half-even to 9 decimals.
pub(super) fn money_wish(number: &Value, sign: &str) -> Value {
    let mut number = number.clone();
    number["type"] = json!("number");
    number["maximum"] = json!(HIGHEST);
    json!({
        "description": "US dollars. A string is taken exactly; a number is rounded half-even \
            to 9 decimals. A string in exponent form is accepted too.",
        "anyOf": [
            {
                "type": "string",
                "pattern": format!(r"^{sign}([0-9]{{1,5}}(\.[0-9]{{0,9}})?|\.[0-9]{{1,9}})$"),
            },
            number,
        ],
        "examples": ["50.00", 12.5],
    })
}

pub(super) fn zero() -> Value {
    json!({"type": "string", "pattern": r"^[0.]*$"})
}

fn rotate_token() -> Value {
    json!({
        "type": "object",
        "properties": {
            "grace_period": {
                "type": "integer",
                "minimum": 0,
                "maximum": 2_592_000,
                "default": 0,
                "description": "Seconds during which the old secret still works.",
            },
        },
    })
}

fn top_up() -> Value {
    json!({
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": {
                "description": "What is added.",
                "allOf": [money_wish(&json!({"minimum": 1e-9}), ""), {"not": zero()}],
            },
            "note": {
                "type": "string",
                "maxLength": MAX_NOTE_CHARS,
                "pattern": format!("^[^{CONTROL}]*$"),
                "description": "Why; kept with the entry.",
                "examples": ["Invoice 17"],
            },
        },
    })
}

/// A token in an answer, with the members that only this answer has. All are
/// always there.
fn shown_token(money: &Value, own: &Value) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS},
            "token_type": kind(),
            "balance": money,
            "active_balance": active_balance(),
            "expire_time": {
                "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
            },
            "balance_reset_period": {"enum": ["none", "daily", "weekly", "monthly"]},
            "balance_reset_amount": {"anyOf": [money, {"type": "null"}]},
            "overdraft": overdraft(),
            "simulate_budget": simulate_budget(),
        },
        "additionalProperties": false,
    });
    add(&mut schema["properties"], rules::shown());
    add(&mut schema["properties"], own.clone());
    let properties = schema["properties"].as_object();
    let always: Vec<_> = properties.into_iter().flat_map(Map::keys).collect();
    schema["required"] = json!(always);
    without_defaults(schema)
}

fn name() -> Value {
    let mut schema = visible_text(MAX_NAME_CHARS);
    add(
        &mut schema,
        json!({
            "not": {"enum": [".", "..", "me", "base_token"]},
            "description": "Unique in the account. Surrounding white space is removed.",
            "examples": ["production-v1"],
        }),
    );
    schema
}

/// Text without control characters, and not of white space alone.
pub(super) fn visible_text(most_chars: usize) -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": most_chars,
        "pattern": format!("^[^{CONTROL}]*[^{CONTROL}{WHITE_SPACE}][^{CONTROL}]*$"),
    })
}

fn kind() -> Value {
    json!({
        "enum": ["api_token", "sandbox_api_token"],
        "default": "api_token",
        "description": "Calls of a sandbox token are simulated and cost nothing.",
    })
}

fn active_balance() -> Value {
    json!({
        "type": "boolean",
        "default": false,
        "description": "Charge every call to the balance, and refuse priced calls at 0.",
    })
}

fn overdraft() -> Value {
    json!({
        "enum": ["clamp", "refuse", "allow"],
        "default": "clamp",
        "description": "What happens when the balance does not cover what a call could cost.",
    })
}

fn simulate_budget() -> Value {
    json!({
        "type": "boolean",
        "default": false,
        "description": "Whether a sandbox token with an active balance rehearses spending: what \
            its calls would cost is taken from its balance, and never from the account's credits.",
    })
}

fn secret() -> Value {
    json!({
        "type": ["string", "null"],
        "description": "The secret: send it as a bearer token. Null in a repetition by \
            `Idempotency-Key` when it can no longer be shown: secrets are not revealed, or it has \
            been replaced since.",
    })
}

fn money_text() -> Value {
    json!({"type": "string", "pattern": r"^-?[0-9]{1,5}\.[0-9]{9}$"})
}

fn money_number() -> Value {
    json!({"type": "number", "minimum": -HIGHEST, "maximum": HIGHEST})
}

fn credits() -> Value {
    json!({
        "type": "object",
        "required": ["credits"],
        "additionalProperties": false,
        "properties": {
            "credits": {"type": "number", "description": "US dollars: credits minus charges."},
            "unlimited": {
                "const": true,
                "description": "Calls are admitted whatever the credits are.",
            },
        },
    })
}

fn error(message: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "additionalProperties": false,
        "properties": {
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "additionalProperties": false,
                "properties": {"type": {"type": "string"}, "message": message},
            },
        },
    })
}
