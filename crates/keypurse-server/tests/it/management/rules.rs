//! The rules of a token, on create and on update.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{TOKENS, assert_invalid, assert_status, token_path};

const PATTERN: &str =
    "Item 1: Write `provider/model`, with `*` for any characters: `openai/*`, `*/gpt-5*`.";
const ASCII: &str = "Item 1: Only visible ASCII characters are allowed.";
const NETWORK: &str = "Item 1: Not an IP address or a network such as 10.0.0.0/8.";
const BLANK: &str = "Item 1: This field may not be blank.";
const STRING: &str = "Item 1: Not a valid string.";
const LONGEST_PATTERN: &str = "Item 1: Ensure this field has no more than 200 characters.";
const LONGEST_TAG: &str = "Item 1: Ensure this field has no more than 100 characters.";
const INTEGER: &str = "A valid integer is required.";
const LIST: &str = "Expected a list of items.";
const EMPTY: &str = "This list may not be empty; send null for no rule.";
const TOO_MANY: &str = "Ensure this field has no more than 100 elements.";

/// Every rule, and what it is shown as.
fn every_rule() -> [(&'static str, Value, Value); 8] {
    let same = |value: Value| (value.clone(), value);
    let models = same(json!(["OpenAI/*", "*", "a/b"]));
    let denied = same(json!(["*/gpt-5*"]));
    let networks = (
        json!(["203.0.113.7", "::ffff:10.0.0.0/104", "2001:DB8::/32"]),
        json!(["203.0.113.7/32", "10.0.0.0/8", "2001:db8::/32"]),
    );
    let tags = (json!([" team a ", "Ключ"]), json!(["team a", "Ключ"]));
    [
        ("allowed_models", models),
        ("denied_models", denied),
        ("requests_per_minute", same(json!(1_000_000))),
        ("tokens_per_minute", (json!(60.0), json!(60))),
        ("max_concurrency", same(json!(1))),
        ("allowed_ips", networks),
        ("tags", tags),
        ("response_cache_seconds", same(json!(86_400))),
    ]
    .map(|(field, (sent, shown))| (field, sent, shown))
}

async fn shown(app: &TestApp) -> Value {
    app.get(&token_path("team")).send().await.json()
}

async fn patched(app: &TestApp, change: &Value) -> Value {
    let answer = app.patch(&token_path("team")).json(change).send().await;
    assert_status(&answer, 200);
    answer.json()
}

#[tokio::test]
async fn each_rule_is_set_kept_and_taken_away_by_itself() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "token_type": "sandbox_api_token"}))
        .await;
    let mut expected = shown(&app).await;
    for (field, sent, seen) in every_rule() {
        assert_eq!(expected[field], json!(null), "{field}");
        expected[field] = seen.clone();
        let answer = patched(&app, &json!({ field: sent })).await;
        assert_eq!(answer[field], seen);
        assert_eq!(shown(&app).await, expected, "{field} and no other");
    }
    let again = patched(&app, &json!({})).await;
    assert_eq!(again["allowed_ips"], expected["allowed_ips"]);
    for (field, _, _) in every_rule() {
        expected[field] = json!(null);
        patched(&app, &json!({ field: null })).await;
        assert_eq!(shown(&app).await, expected, "{field} and no other");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_shown_can_be_sent_back() {
    let app = TestApp::new().await;
    let mut wish = json!({"name": "team"});
    for (field, sent, _) in every_rule() {
        wish[field] = sent;
    }
    app.create_token(wish).await;
    let before = app.get(&token_path("team")).send().await;
    let mut back = before.json();
    // A number may not be null where there is no period.
    back.as_object_mut().unwrap().remove("balance_reset_amount");
    let answer = app.patch(&token_path("team")).json(&back).send().await;
    assert_status(&answer, 200);
    assert_eq!(answer.header("etag"), before.header("etag"));
    app.finish().await;
}

#[tokio::test]
async fn an_empty_list_is_no_rule_where_it_cannot_mean_the_contrary() {
    let app = TestApp::new().await;
    let wish = json!({"name": "team", "denied_models": ["a/b"], "tags": ["x"]});
    app.create_token(wish).await;
    let changed = patched(&app, &json!({"denied_models": [], "tags": []})).await;
    assert_eq!(
        (&changed["denied_models"], &changed["tags"]),
        (&json!(null), &json!(null))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_rotation_keeps_the_rules() {
    let app = TestApp::new().await;
    let mut wish = json!({"name": "team"});
    for (field, sent, _) in every_rule() {
        wish[field] = sent;
    }
    app.create_token(wish).await;
    let rotated = app.post("/v2/user/custom_token/team/rotate/").send().await;
    for (field, _, seen) in every_rule() {
        assert_eq!(rotated.json()[field], seen);
    }
    app.finish().await;
}

/// An app with a token that each of these values is refused for, with this
/// reason, as it is for a new one. Nothing changes.
async fn check_refused(refused: &[(&'static str, Value, &str)]) {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let before = app.get(&token_path("team")).send().await.text;
    for (field, value, reason) in refused {
        let faults = json!({ *field: [reason] });
        let change = app
            .patch(&token_path("team"))
            .json(&json!({ *field: value }));
        assert_invalid(&change.send().await, &faults);
        let wish = json!({"name": "new", *field: value});
        assert_invalid(&app.post(TOKENS).json(&wish).send().await, &faults);
    }
    assert_eq!(app.get(&token_path("team")).send().await.text, before);
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_pattern_is_refused_with_its_reason() {
    let too_long = "a/".to_owned() + &"b".repeat(199);
    check_refused(&[
        ("allowed_models", json!([]), EMPTY),
        ("allowed_models", json!({}), LIST),
        ("allowed_models", json!("openai/*"), LIST),
        ("allowed_models", json!(vec!["a/b"; 101]), TOO_MANY),
        ("denied_models", json!(vec!["a/b"; 101]), TOO_MANY),
        ("allowed_models", json!([""]), BLANK),
        ("allowed_models", json!([null]), STRING),
        ("allowed_models", json!(["gpt-5*"]), PATTERN),
        ("allowed_models", json!(["a/é"]), ASCII),
        ("denied_models", json!(["a/ b"]), ASCII),
        ("denied_models", json!([too_long]), LONGEST_PATTERN),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_limit_is_refused_with_its_reason() {
    let requests = "Ensure this value is between 1 and 1000000.";
    let tokens = "Ensure this value is between 1 and 1000000000.";
    let calls = "Ensure this value is between 1 and 100000.";
    let seconds = "Ensure this value is between 1 and 86400.";
    check_refused(&[
        ("requests_per_minute", json!(0), requests),
        ("requests_per_minute", json!(-1), requests),
        ("requests_per_minute", json!(1_000_001), requests),
        ("requests_per_minute", json!("60"), INTEGER),
        ("requests_per_minute", json!(true), INTEGER),
        ("requests_per_minute", json!([60]), INTEGER),
        ("tokens_per_minute", json!(1.5), INTEGER),
        ("tokens_per_minute", json!(1_000_000_001), tokens),
        ("max_concurrency", json!(100_001), calls),
        ("response_cache_seconds", json!(0), seconds),
        ("response_cache_seconds", json!(86_401), seconds),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_network_is_refused_with_its_reason() {
    check_refused(&[
        ("allowed_ips", json!([]), EMPTY),
        ("allowed_ips", json!(vec!["::1"; 101]), TOO_MANY),
        ("allowed_ips", json!([1]), STRING),
        ("allowed_ips", json!(["localhost"]), NETWORK),
        ("allowed_ips", json!(["fe80::1%eth0"]), NETWORK),
        (
            "allowed_ips",
            json!(["10.0.0.0/33"]),
            "Item 1: After the slash comes a number from 0 to 32.",
        ),
        (
            "allowed_ips",
            json!(["::1", "::/129"]),
            "Item 2: After the slash comes a number from 0 to 128.",
        ),
        (
            "allowed_ips",
            json!(["2001:db8::1/32"]),
            "Item 1: This is an address inside a network; for all of it write 2001:db8::/32.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_tag_is_refused_with_its_reason() {
    let control = "Item 1: Control characters are not allowed.";
    check_refused(&[
        ("tags", json!("a"), LIST),
        ("tags", json!([" "]), BLANK),
        ("tags", json!(["a\u{7}"]), control),
        ("tags", json!(["é".repeat(101)]), LONGEST_TAG),
        ("tags", json!(vec!["a"; 101]), TOO_MANY),
    ])
    .await;
}

#[tokio::test]
async fn the_most_there_may_be_is_taken() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let longest = "a/".to_owned() + &"b".repeat(198);
    let most = json!({
        "allowed_models": vec![longest.as_str(); 100],
        "denied_models": vec![longest.as_str(); 100],
        "allowed_ips": vec!["2001:db8::1/128"; 100],
        "tags": vec!["é".repeat(100); 100],
    });
    let answer = patched(&app, &most).await;
    for (field, sent) in most.as_object().unwrap() {
        assert_eq!(&answer[field], sent);
    }
    app.finish().await;
}
