//! `PATCH /v2/user/custom_token/{name}/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{assert_invalid, assert_not_found, assert_status, raw, token_path};

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "team", "balance": 5, "balance_reset_period": "daily",
        "balance_reset_amount": 7, "expire_time": "2027-01-01T00:00:00Z", "overdraft": "allow",
    });
    app.create_token(wish).await;
    let path = token_path("team");
    let before = app.get(&path).send().await;
    let by_object = app.patch(&path).json(&json!({})).send().await;
    let by_no_body = app.patch(&path).send().await;
    for answer in [by_object, by_no_body] {
        assert_status(&answer, 200);
        let mut expected = before.json();
        expected.as_object_mut().unwrap().remove("token");
        assert_eq!(answer.json(), expected, "all but the secret");
    }
    assert_eq!(app.get(&path).send().await.text, before.text);
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_changed_is_ignored() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let path = token_path("team");
    let before = app.get(&path).send().await.text;
    for change in [
        json!({"name": "other", "token_type": "sandbox_api_token", "token": "x"}),
        json!({"name": null, "token_type": 7, "token": {"a": 1}}),
        json!({"id": 1, "held": 5, "created_at": "x", "status": "admin"}),
    ] {
        assert_status(&app.patch(&path).json(&change).send().await, 200);
        assert_eq!(app.get(&path).send().await.text, before);
    }
    assert!(before.contains(&secret));
    app.finish().await;
}

#[tokio::test]
async fn a_balance_is_set_and_not_added() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "balance": "5", "active_balance": true}))
        .await;
    let path = token_path("team");
    for (change, shown) in [
        (json!({"balance": 2.5}), "2.5"),
        (json!({"balance": "0.000000001"}), "0.000000001"),
        (json!({"balance": -3}), "-3.0"),
        (json!({"active_balance": false}), "-3.0"),
    ] {
        let answer = app.patch(&path).json(&change).send().await;
        assert_eq!(raw(&answer, "balance"), shown, "{change}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "balance": 5}))
        .await;
    let path = token_path("team");
    let before = app.get(&path).send().await.text;
    let change = json!({"balance": 1, "overdraft": "no", "active_balance": true});
    let answer = app.patch(&path).json(&change).send().await;
    assert_invalid(
        &answer,
        &json!({"overdraft": ["\"no\" is not a valid choice."]}),
    );
    assert_eq!(app.get(&path).send().await.text, before);
    app.finish().await;
}

#[tokio::test]
async fn null_takes_expiry_and_period_away() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "team", "expire_time": "2027-01-01T00:00:00Z",
        "balance_reset_period": "weekly", "balance_reset_amount": 7,
    });
    app.create_token(wish).await;
    let change = json!({"expire_time": null, "balance_reset_period": null});
    let changed = app
        .patch(&token_path("team"))
        .json(&change)
        .send()
        .await
        .json();
    assert_eq!(changed["expire_time"], json!(null));
    assert_eq!(changed["balance_reset_period"], "none");
    assert_eq!(changed["balance_reset_amount"], json!(null));
    assert_eq!(changed["active_balance"], true, "the balance stays on");
    app.finish().await;
}

#[tokio::test]
async fn a_body_is_judged_before_the_token_is_looked_for() {
    let app = TestApp::new().await;
    let path = token_path("absent");
    let invalid = app.patch(&path).json(&json!({"balance": "x"})).send().await;
    assert_status(&invalid, 400);
    let contradiction = json!({"active_balance": false, "balance_reset_period": "daily"});
    assert_status(&app.patch(&path).json(&contradiction).send().await, 400);
    // Whether an amount alone makes sense depends on the token.
    let amount = json!({"balance_reset_amount": 5});
    assert_not_found(&app.patch(&path).json(&amount).send().await);
    assert_not_found(&app.patch(&path).json(&json!({})).send().await);
    app.finish().await;
}

#[tokio::test]
async fn what_get_shows_can_be_sent_back() {
    let app = TestApp::new().await;
    for wish in [
        json!({"name": "plain"}),
        json!({"name": "bounded", "balance": 5, "active_balance": true}),
        json!({"name": "periodic", "balance_reset_period": "daily", "balance_reset_amount": 7}),
    ] {
        let path = token_path(wish["name"].as_str().unwrap());
        app.create_token(wish.clone()).await;
        let before = app.get(&path).send().await;
        let answer = app.patch(&path).json(&before.json()).send().await;
        assert_status(&answer, 200);
        assert_eq!(app.get(&path).send().await.text, before.text, "{wish}");
    }
    // A period that is there needs its amount.
    let path = token_path("periodic");
    for change in [
        json!({"balance_reset_amount": null}),
        json!({"balance_reset_period": "daily", "balance_reset_amount": null}),
    ] {
        let answer = app.patch(&path).json(&change).send().await;
        let reasons = json!({"balance_reset_amount": ["This field may not be null."]});
        assert_invalid(&answer, &reasons);
    }
    app.finish().await;
}
