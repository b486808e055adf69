//! Who gets in, in which order the checks run, and what every answer carries.

use http::Method;
use keypurse_testkit::TestApp;
use serde_json::json;

use super::{CREDITS, ME, TOKENS, assert_error, assert_not_found, assert_status, token_path};

#[tokio::test]
async fn every_path_is_the_same_with_and_without_its_last_slash() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    for path in [TOKENS, CREDITS, &token_path("team")] {
        let bare = app.get(path.trim_end_matches('/')).send().await;
        let slashed = app.get(path).send().await;
        assert_status(&bare, 200);
        assert_eq!(bare.text, slashed.text, "{path}");
    }
    for path in [ME, "/v2/user/custom_token/me"] {
        assert_status(&app.get(path).key(&secret).send().await, 200);
    }
    let bare = "/v2/user/custom_token";
    assert_status(
        &app.post(bare).json(&json!({"name": "bare"})).send().await,
        201,
    );
    let bare = "/v2/user/custom_token/bare";
    assert_status(&app.patch(bare).json(&json!({})).send().await, 200);
    assert_status(&app.post(&format!("{bare}/rotate")).send().await, 200);
    assert_status(&app.delete(bare).send().await, 204);
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_path_is_404_whoever_asks() {
    let app = TestApp::new().await;
    for path in [
        "/v2",
        "/v2/user/",
        "/v2/user/custom_tokens/",
        "/v2/user/custom_token/a/b/",
        "/V2/user/custom_token/",
        "/v2/user/custom_token/a/rotate/x",
    ] {
        let anonymous = app.get(path).without_key().send().await;
        assert_eq!(anonymous.status, 404, "{path}");
        assert_not_found(&app.get(path).send().await);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_method_is_405_and_says_which_are_right() {
    let app = TestApp::new().await;
    let rotate = "/v2/user/custom_token/team/rotate/";
    for (method, path, allow) in [
        (Method::PUT, TOKENS, "GET,HEAD,POST"),
        (Method::PATCH, TOKENS, "GET,HEAD,POST"),
        (Method::OPTIONS, TOKENS, "GET,HEAD,POST"),
        (
            Method::PUT,
            "/v2/user/custom_token/team",
            "GET,HEAD,PATCH,DELETE",
        ),
        (
            Method::POST,
            "/v2/user/custom_token/team/",
            "GET,HEAD,PATCH,DELETE",
        ),
        (Method::DELETE, ME, "GET,HEAD"),
        (Method::GET, rotate, "POST"),
        (Method::POST, CREDITS, "GET,HEAD"),
    ] {
        let answer = app.request(method.clone(), path).without_key().send().await;
        assert_error(&answer, 405, "request_error");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_request_without_a_live_credential_is_401() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let mistyped = format!("{}x", &secret[..secret.len() - 1]);
    let ten_megabytes = "x".repeat(10 << 20);
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        &secret,
        "Bearer kp_live_00000000000000000000000000000000000000",
        &format!("Bearer {mistyped}"),
        "Bearer an-unknown-key-of-32-characters!!",
        "Bearer ' OR 1=1 --",
        "Bearer null",
        &format!("Bearer {ten_megabytes}"),
    ] {
        let request = app
            .get(TOKENS)
            .without_key()
            .header("authorization", header);
        let answer = request.send().await;
        assert_error(&answer, 401, "authentication_error");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let twice = app
        .get(TOKENS)
        .header("authorization", &format!("Bearer {secret}"));
    assert_error(&twice.send().await, 401, "authentication_error");
    let other_header = app
        .get(TOKENS)
        .without_key()
        .header("x-api-key", app.account_key());
    assert_error(&other_header.send().await, 401, "authentication_error");
    app.finish().await;
}

#[tokio::test]
async fn a_custom_token_manages_no_tokens() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let path = token_path("team");
    let rotate = format!("{path}rotate/");
    for (method, path) in [
        (Method::GET, TOKENS),
        (Method::POST, TOKENS),
        (Method::GET, &path),
        (Method::PATCH, &path),
        (Method::DELETE, &path),
        (Method::POST, &rotate),
    ] {
        let answer = app.request(method, path).key(&secret).send().await;
        assert_status(&answer, 403);
        let message = "You do not have permission to manage tokens";
        let expected = json!({"error": {"type": "permission_error", "message": message}});
        assert_eq!(answer.json(), expected);
    }
    app.finish().await;
}

/// Each request has every later fault too.
#[tokio::test]
async fn checks_run_in_the_order_of_the_contract() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let absent = token_path("absent");
    let long = "x".repeat(64 * 1024 + 1);
    let request = |method: Method, path: &str| app.request(method, path).body(long.clone());
    let no_route = request(Method::PUT, "/v2/absent")
        .without_key()
        .send()
        .await;
    assert_not_found(&no_route);
    let wrong_method = request(Method::PUT, &absent).without_key().send().await;
    assert_status(&wrong_method, 405);
    let no_key = request(Method::PATCH, &absent).without_key().send().await;
    assert_status(&no_key, 401);
    let no_permission = request(Method::PATCH, &absent).key(&secret).send().await;
    assert_status(&no_permission, 403);
    let no_json = request(Method::PATCH, &absent).send().await;
    assert_status(&no_json, 415);
    let too_long = app.patch(&absent).json_text(long.clone()).send().await;
    assert_status(&too_long, 413);
    let broken = app.patch(&absent).json_text("{").send().await;
    assert_error(&broken, 400, "parse_error");
    let invalid = app
        .patch(&absent)
        .json_text(r#"{"balance":""}"#)
        .send()
        .await;
    assert_status(&invalid, 400);
    let absent = app.patch(&absent).json_text("{}").send().await;
    assert_not_found(&absent);
    app.finish().await;
}

#[tokio::test]
async fn every_answer_carries_an_id_and_is_not_kept() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let mut ids = Vec::new();
    for answer in [
        app.get(TOKENS).send().await,
        app.get(&token_path("team")).send().await,
        app.post(TOKENS).json(&json!({"name": "new"})).send().await,
        app.post("/v2/user/custom_token/team/rotate").send().await,
        app.get(TOKENS).without_key().send().await,
        app.get(&token_path("absent")).send().await,
        app.post(TOKENS).json_text("{").send().await,
        app.get("/nowhere").send().await,
    ] {
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        ids.push(answer.header("x-request-id").to_owned());
    }
    ids.push(
        app.get("/livez")
            .send()
            .await
            .header("x-request-id")
            .to_owned(),
    );
    assert!(ids.iter().all(|id| id.starts_with("req_")), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 9, "no two answers share an id");
    app.finish().await;
}
