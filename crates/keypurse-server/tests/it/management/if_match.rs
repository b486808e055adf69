//! `ETag` and `If-Match`

use keypurse_testkit::{TestAnswer, TestApp, TestRequest};
use serde_json::json;

use super::{TOKENS, assert_error, assert_invalid, assert_not_found, assert_status, token_path};

const ROTATE: &str = "/v2/user/custom_token/team/rotate/";
const TOP_UP: &str = "/v2/user/custom_token/team/top_up/";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "balance": "1"}))
        .await;
    app
}

async fn shown(app: &TestApp) -> TestAnswer {
    app.get(&token_path("team")).send().await
}

async fn etag(app: &TestApp) -> String {
    let etag = shown(app).await.header("etag").to_owned();
    assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'));
    etag
}

/// Every call that changes the token, ready to be sent.
fn changes(app: &TestApp) -> [TestRequest<'_>; 4] {
    let path = token_path("team");
    [
        app.patch(&path).json(&json!({"balance": 7})),
        app.post(ROTATE),
        app.post(TOP_UP).json(&json!({"amount": 1})),
        app.delete(&path),
    ]
}

#[tokio::test]
async fn a_tag_covers_the_settings_and_the_secret_not_the_balance() {
    let app = TestApp::new().await;
    let created = app.post(TOKENS).json(&json!({"name": "team"})).send().await;
    let first = etag(&app).await;
    assert_eq!(created.header("etag"), first);
    let path = token_path("team");
    for untouched in [
        app.patch(&path).json(&json!({"balance": 5})),
        app.patch(&path).json(&json!({})),
        app.post(TOP_UP).json(&json!({"amount": 1})),
    ] {
        let answer = untouched.send().await;
        assert_eq!(answer.header("etag"), first, "{}", answer.text);
    }
    let mut seen = vec![first];
    for changing in [
        app.patch(&path).json(&json!({"active_balance": true})),
        app.patch(&path).json(&json!({"overdraft": "refuse"})),
        app.patch(&path)
            .json(&json!({"expire_time": "2027-01-01T00:00:00Z"})),
        app.patch(&path)
            .json(&json!({"balance_reset_period": "daily", "balance_reset_amount": 3})),
        app.patch(&path).json(&json!({"balance_reset_amount": 4})),
        app.patch(&path).json(&json!({"tags": ["a"]})),
        app.patch(&path).json(&json!({"requests_per_minute": 4})),
        app.patch(&path).json(&json!({"denied_models": ["a/*"]})),
        app.post(ROTATE),
    ] {
        let answer = changing.send().await;
        let tag = answer.header("etag").to_owned();
        assert!(!seen.contains(&tag), "{}", answer.text);
        assert_eq!(etag(&app).await, tag);
        seen.push(tag);
    }
    app.clock().set("2026-11-22T00:00:00Z");
    let topped = app.post(TOP_UP).json(&json!({"amount": 1})).send().await;
    let tag = topped.header("etag");
    assert_eq!(
        tag,
        seen.last().unwrap(),
        "a reset is no change of settings"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_stale_tag_changes_nothing() {
    let app = app().await;
    let stale = etag(&app).await;
    let path = token_path("team");
    let change = app.patch(&path).json(&json!({"overdraft": "refuse"}));
    assert_status(&change.header("if-match", &stale).send().await, 200);
    let before = shown(&app).await.text;
    for change in changes(&app) {
        let answer = change.header("if-match", &stale).send().await;
        assert_error(&answer, 412, "conflict_error");
    }
    assert_eq!(shown(&app).await.text, before);
    app.finish().await;
}

#[tokio::test]
async fn a_fresh_tag_or_a_star_lets_the_change_through() {
    for with_star in [false, true] {
        let app = app().await;
        for change in changes(&app) {
            let tag = if with_star {
                "*".to_owned()
            } else {
                format!("\"other\", {}", etag(&app).await)
            };
            let answer = change.header("if-match", &tag).send().await;
            assert!(answer.status < 300, "{}", answer.text);
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_weak_tag_matches_nothing() {
    let app = app().await;
    let weak = format!("W/{}", etag(&app).await);
    for change in changes(&app) {
        let answer = change.header("if-match", &weak).send().await;
        assert_error(&answer, 412, "conflict_error");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_list_of_tags_is_refused() {
    let app = app().await;
    let before = shown(&app).await.text;
    let reason = "Send `*`, or entity tags as they came, in double quotes.";
    for bad in ["", "abc", "\"abc", "* , \"abc\""] {
        for change in changes(&app) {
            let answer = change.header("if-match", bad).send().await;
            assert_invalid(&answer, &json!({"If-Match": [reason]}));
        }
    }
    assert_eq!(shown(&app).await.text, before);
    app.finish().await;
}

#[tokio::test]
async fn a_successor_of_the_same_name_has_another_tag() {
    let app = app().await;
    let old = etag(&app).await;
    let path = token_path("team");
    assert_status(&app.delete(&path).send().await, 204);
    for change in changes(&app) {
        assert_not_found(&change.header("if-match", "*").send().await);
    }
    app.create_token(json!({"name": "team", "balance": "1"}))
        .await;
    let answer = app.delete(&path).header("if-match", &old).send().await;
    assert_error(&answer, 412, "conflict_error");
    app.finish().await;
}

#[tokio::test]
async fn of_many_changes_to_what_was_seen_exactly_one_is_made() {
    let app = app().await;
    let tag = etag(&app).await;
    let path = token_path("team");
    let attempts = (0..20).map(|day| {
        let change = json!({"expire_time": format!("2027-01-{:02}T00:00:00Z", day + 1)});
        let request = app.patch(&path).json(&change);
        request.header("if-match", &tag).send()
    });
    let answers = futures_util::future::join_all(attempts).await;
    let count = |status: u16| answers.iter().filter(|it| it.status == status).count();
    assert_eq!((count(200), count(412)), (1, 19));
    app.finish().await;
}
