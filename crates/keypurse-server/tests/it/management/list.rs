//! `GET /v2/user/custom_token/` and `GET …/{name}/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, assert_not_found, assert_status, token_path};

#[tokio::test]
async fn tokens_are_listed_in_the_order_of_their_creation() {
    let app = TestApp::new().await;
    let empty = app.get(TOKENS).send().await;
    assert_eq!(empty.text, "[]");
    for name in ["zebra", "apple", "mango"] {
        app.create_token(json!({"name": name})).await;
        app.clock().advance_ms(-1);
    }
    let listed = app.get(TOKENS).send().await.json();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["zebra", "apple", "mango"]);
    app.finish().await;
}

#[tokio::test]
async fn a_listed_token_is_the_token_itself_with_its_secret() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "team", "balance": "1e-05", "active_balance": true,
        "expire_time": "2027-01-01T00:00:00.25Z",
        "requests_per_minute": 7.0, "allowed_ips": ["203.0.113.7"], "tags": [" a "],
    });
    let (_, secret) = app.create_token(wish).await;
    let shown = app.get(&token_path("team")).send().await;
    assert_status(&shown, 200);
    let expected = format!(
        concat!(
            r#"{{"name":"team","token_type":"api_token","balance":0.00001,"#,
            r#""active_balance":true,"expire_time":"2027-01-01T00:00:00.250000Z","#,
            r#""balance_reset_period":"none","balance_reset_amount":null,"#,
            r#""overdraft":"clamp","simulate_budget":false,"allowed_models":null,"denied_models":null,"#,
            r#""requests_per_minute":7,"tokens_per_minute":null,"max_concurrency":null,"#,
            r#""allowed_ips":["203.0.113.7/32"],"tags":["a"],"response_cache_seconds":null,"token":"{}"}}"#
        ),
        secret
    );
    assert_eq!(shown.text, expected);
    assert_eq!(app.get(TOKENS).send().await.text, format!("[{expected}]"));
    app.finish().await;
}

#[tokio::test]
async fn one_account_never_meets_the_tokens_of_another() {
    let app = TestApp::new().await;
    let other = app.account("other").await;
    let (name, secret) = app
        .create_token(json!({"name": "mine", "balance": 5}))
        .await;
    let path = token_path(&name);
    assert_eq!(app.get(TOKENS).key(&other).send().await.text, "[]");
    assert_not_found(&app.get(&path).key(&other).send().await);
    let change = json!({"balance": 0});
    assert_not_found(&app.patch(&path).key(&other).json(&change).send().await);
    assert_not_found(&app.delete(&path).key(&other).send().await);
    assert_not_found(&app.post(&format!("{path}rotate/")).key(&other).send().await);
    let shown = app.get(&path).send().await.json();
    assert_eq!(
        (&shown["balance"], &shown["token"]),
        (&json!(5.0), &json!(secret))
    );
    let same_name = app
        .post(TOKENS)
        .key(&other)
        .json(&json!({"name": "mine"}))
        .send()
        .await;
    assert_status(&same_name, 201);
    app.finish().await;
}
