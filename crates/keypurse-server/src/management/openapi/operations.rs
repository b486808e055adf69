//! The operations and their answers.

use serde_json::{Map, Value, json};

use super::audit_log;
use super::reports;

pub(super) const MANAGED: [u16; 4] = [401, 403, 429, 503];

pub(super) fn paths() -> Value {
    json!({
        "/v2/user/custom_token/": {"get": list(), "post": create()},
        "/v2/user/custom_token/me/": {"get": me()},
        "/v2/user/custom_token/{name}/": {
            "parameters": [{"$ref": "#/components/parameters/name"}],
            "get": get(),
            "patch": update(),
            "delete": delete(),
        },
        "/v2/user/custom_token/{name}/rotate/": {
            "parameters": [{"$ref": "#/components/parameters/name"}],
            "post": rotate(),
        },
        "/v2/user/custom_token/{name}/ledger/": {
            "parameters": [{"$ref": "#/components/parameters/name"}],
            "get": ledger(),
        },
        "/v2/user/custom_token/{name}/top_up/": {
            "parameters": [{"$ref": "#/components/parameters/name"}],
            "post": top_up(),
        },
        "/v2/cost_management/": {"get": reports::summary()},
        "/v2/cost_management/calls/": {"get": reports::calls()},
        "/v2/cost_management/focus/": {"get": reports::focus()},
        "/v2/audit_log/": {"get": audit_log::list()},
        "/v2/cost_management/credits/": {"get": credits()},
        "/v2/cost_management/credits/top_up/": {"post": top_up_credits()},
    })
}

pub(super) fn parameters() -> Value {
    json!({
        "name": name_parameter(),
        "idempotency-key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Names this change: once it is made, a repetition with the same key \
                and body answers for 24 hours as the first did, and does nothing. A refusal \
                (4xx, 503) changes nothing and is not kept: its repetition is tried anew. Where \
                that could meet another token of the same name, send `If-Match` as well.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            "example": "9b1c4d4e-create-production",
        },
        "if-match": {
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` of the token as it was seen, or `*`, or several tags with \
                commas between: a token that has changed since is left alone.",
            "schema": {"type": "string"},
            "example": "*",
        },
    })
}

fn name_parameter() -> Value {
    json!({
        "name": "name",
        "in": "path",
        "required": true,
        "description": "The token's name, percent-encoded: `a%2Fb` is the name `a/b`.",
        "schema": {"type": "string", "minLength": 1},
        "example": "production-v1",
    })
}

pub(super) fn headers() -> Value {
    let text = json!({"type": "string"});
    json!({
        "x-request-id": {
            "description": "Names this request in our logs.",
            "required": true,
            "schema": {"type": "string", "pattern": "^req_[0-9a-f]{32}$"},
        },
        "WWW-Authenticate": {"required": true, "schema": text},
        "Retry-After": {
            "description": "Seconds to wait.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
        "ETag": {
            "description": "Names the token's settings and secret, not its balance.",
            "required": true,
            "schema": {"type": "string", "pattern": r#"^"[0-9a-f]{32}"$"#},
        },
        "idempotent-replayed": {
            "description": "`true`: this was answered before, and nothing was done now.",
            "schema": {"const": "true"},
        },
        "Cache-Control": {"required": true, "schema": {"const": "no-store"}},
    })
}

/// Answers that many operations share, by status.
pub(super) fn refusals() -> Value {
    let either = json!({"anyOf": [schema("ValidationError"), schema("Error")]});
    json!({
        "400": refusal("No JSON object, or invalid fields", &either, &[]),
        "401": refusal("No live credential", &schema("Error"), &["WWW-Authenticate"]),
        "403": refusal("The credential is not for this", &schema("Error"), &[]),
        "404": refusal("No such token in this account", &schema("NotFound"), &[]),
        "409": refusal("The first request with this `Idempotency-Key` is not over",
            &schema("Error"), &[]),
        "412": refusal("The token is not as `If-Match` says", &schema("Error"), &[]),
        "413": refusal("The body is longer than 64 KiB", &schema("Error"), &[]),
        "415": refusal("The body is not JSON", &schema("Error"), &[]),
        "422": refusal("The `Idempotency-Key` was used for another request", &schema("Error"),
            &[]),
        "429": refusal("Too many wrong credentials from this address", &schema("Error"),
            &["Retry-After"]),
        "503": refusal("The change cannot be recorded now", &schema("Error"), &[]),
    })
}

fn refusal(description: &str, schema: &Value, headers: &[&str]) -> Value {
    let mut response = content(description, schema);
    for header in headers {
        response["headers"][*header] = header_ref(header);
    }
    response
}

fn list() -> Value {
    let tokens = json!({"type": "array", "items": schema("Token")});
    let done = ("200", content("All tokens, oldest first", &tokens));
    operation("listTokens", "List all tokens", done, &MANAGED)
}

fn create() -> Value {
    let done = (
        "201",
        content("Created; keep the secret", &schema("CreatedToken")),
    );
    let refused = [&MANAGED[..], &[400, 413, 415]].concat();
    let mut operation = operation("createToken", "Create a token", done, &refused);
    make_once(&mut operation);
    show_tag(&mut operation, "201");
    operation["requestBody"] = body("CreateToken", &json!(true));
    operation
}

fn get() -> Value {
    let done = ("200", content("The token", &schema("Token")));
    let refused = [&MANAGED[..], &[404]].concat();
    let mut operation = operation("getToken", "Show a token", done, &refused);
    show_tag(&mut operation, "200");
    operation
}

fn update() -> Value {
    let done = ("200", content("The changed token", &schema("UpdatedToken")));
    let refused = [&MANAGED[..], &[400, 404, 413, 415]].concat();
    let mut operation = operation("updateToken", "Change a token", done, &refused);
    make_once(&mut operation);
    make_conditional(&mut operation);
    show_tag(&mut operation, "200");
    operation["requestBody"] = body("UpdateToken", &json!(false));
    operation
}

fn delete() -> Value {
    let mut done = content("Deleted; its secrets are dead", &json!({}));
    done.as_object_mut()
        .expect("built as an object")
        .remove("content");
    let refused = [&MANAGED[..], &[400, 404]].concat();
    let mut operation = operation("deleteToken", "Delete a token", ("204", done), &refused);
    make_once(&mut operation);
    make_conditional(&mut operation);
    operation
}

fn rotate() -> Value {
    let done = (
        "200",
        content("The token with its new secret", &schema("RotatedToken")),
    );
    let refused = [&MANAGED[..], &[400, 404, 413, 415]].concat();
    let mut operation = operation("rotateToken", "Give a token a new secret", done, &refused);
    make_once(&mut operation);
    make_conditional(&mut operation);
    show_tag(&mut operation, "200");
    operation["requestBody"] = body("RotateToken", &json!(false));
    operation
}

fn ledger() -> Value {
    let mut page = content(
        "A page of the statement, newest first",
        &schema("Statement"),
    );
    add_next_page(&mut page);
    add_table(&mut page);
    let refused = [&MANAGED[..], &[400, 404]].concat();
    let mut operation = operation(
        "getLedger",
        "Show every change of a token's balance",
        ("200", page),
        &refused,
    );
    operation["parameters"] = json!([
        {
            "name": "before",
            "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "integer", "format": "int64", "minimum": 1},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many lines at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        },
    ]);
    operation
}

fn top_up() -> Value {
    let done = ("200", content("The token with its money", &schema("Token")));
    let refused = [&MANAGED[..], &[400, 404, 413, 415]].concat();
    let mut operation = operation("topUpToken", "Add to a token's balance", done, &refused);
    make_once(&mut operation);
    make_conditional(&mut operation);
    show_tag(&mut operation, "200");
    operation["requestBody"] = body("TopUp", &json!(true));
    operation
}

fn me() -> Value {
    let done = ("200", content("The calling token", &schema("Oneself")));
    operation(
        "getOneself",
        "Show the calling custom token",
        done,
        &MANAGED,
    )
}

fn credits() -> Value {
    let done = ("200", content("The account's credits", &schema("Credits")));
    let mut operation = operation("getCredits", "Show the account's credits", done, &MANAGED);
    operation["tags"] = json!(["Credits"]);
    operation
}

fn top_up_credits() -> Value {
    let done = ("200", content("The account's credits", &schema("Credits")));
    let refused = [&MANAGED[..], &[400, 413, 415]].concat();
    let mut operation = operation("topUpCredits", "Add to the credits", done, &refused);
    make_once(&mut operation);
    operation["tags"] = json!(["Credits"]);
    operation["requestBody"] = body("TopUp", &json!(true));
    operation
}

/// The answer may be one of several pages.
pub(super) fn add_next_page(answer: &mut Value) {
    answer["headers"]["Link"] = json!({
        "description": "The next page, if there is one.",
        "schema": {"type": "string"},
    });
}

/// The answer is a table for whoever asks for one.
pub(super) fn add_table(answer: &mut Value) {
    answer["content"]["text/csv"] = json!({"schema": {"type": "string"}});
}

/// The operation can be asked for once, by a key.
pub(super) fn make_once(operation: &mut Value) {
    add_parameter(operation, "idempotency-key");
    refuse(operation, "422");
    let replayed = header_ref("idempotent-replayed");
    let responses = operation["responses"].as_object_mut();
    for (status, response) in responses.expect("built as an object") {
        if status.starts_with('2') {
            response["headers"]["idempotent-replayed"] = replayed.clone();
        }
    }
}

/// The operation can be asked for on condition.
fn make_conditional(operation: &mut Value) {
    add_parameter(operation, "if-match");
    refuse(operation, "412");
}

fn add_parameter(operation: &mut Value, name: &str) {
    let parameter = json!({"$ref": format!("#/components/parameters/{name}")});
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn refuse(operation: &mut Value, status: &str) {
    let reference = format!("#/components/responses/{status}");
    operation["responses"][status] = json!({"$ref": reference});
}

fn show_tag(operation: &mut Value, status: &str) {
    operation["responses"][status]["headers"]["ETag"] = header_ref("ETag");
}

pub(super) fn operation(id: &str, summary: &str, done: (&str, Value), refused: &[u16]) -> Value {
    let mut responses = Map::new();
    responses.insert(done.0.to_owned(), done.1);
    for status in refused {
        let reference = format!("#/components/responses/{status}");
        responses.insert(status.to_string(), json!({"$ref": reference}));
    }
    json!({
        "operationId": id,
        "summary": summary,
        "tags": ["Tokens"],
        "responses": responses,
    })
}

pub(super) fn content(description: &str, schema: &Value) -> Value {
    json!({
        "description": description,
        "headers": {"x-request-id": header_ref("x-request-id")},
        "content": {"application/json": {"schema": schema}},
    })
}

pub(super) fn body(name: &str, required: &Value) -> Value {
    json!({"required": required, "content": {"application/json": {"schema": schema(name)}}})
}

pub(super) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn header_ref(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}
