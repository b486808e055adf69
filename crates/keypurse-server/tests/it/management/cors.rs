//! Pages of other origins.

use http::Method;
use keypurse_server::http::cors::Origin;
use keypurse_testkit::TestApp;

use super::TOKENS;

const NAMED: &str = "https://admin.example.com";

async fn open_to(origins: &[&str]) -> TestApp {
    let origins: Vec<_> = origins
        .iter()
        .map(|origin| Origin::parse(origin).unwrap())
        .collect();
    let app = TestApp::builder().settings(|settings| settings.cors_origins = origins);
    app.build().await
}

#[tokio::test]
async fn without_named_origins_no_page_may_read_an_answer() {
    let app = TestApp::new().await;
    let answer = app.get(TOKENS).header("origin", NAMED).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let preflight = app.request(Method::OPTIONS, TOKENS).without_key();
    let preflight = preflight.header("origin", NAMED);
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = preflight.send().await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    app.finish().await;
}

#[tokio::test]
async fn a_named_origin_may_call_with_a_key_and_without_cookies() {
    let app = open_to(&["http://localhost:5173", NAMED]).await;
    let preflight = app.request(Method::OPTIONS, TOKENS).without_key();
    let preflight = preflight.header("origin", NAMED);
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = preflight.send().await;
    assert_eq!(answer.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", NAMED),
        ("access-control-allow-methods", "GET, POST, PATCH, DELETE"),
        ("access-control-allow-credentials", ""),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let allowed = answer.header("access-control-allow-headers");
    assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"));

    let answer = app.get(TOKENS).header("origin", NAMED).send().await;
    assert_eq!(answer.header("access-control-allow-origin"), NAMED);
    let refused = app.get(TOKENS).without_key().header("origin", NAMED);
    let refused = refused.send().await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), NAMED);
    app.finish().await;
}

#[tokio::test]
async fn no_other_origin_and_no_other_path_is_open() {
    let app = open_to(&[NAMED]).await;
    for (path, origin) in [
        (TOKENS, "https://evil.example"),
        (TOKENS, "https://admin.example.com.evil.example"),
        (TOKENS, "http://admin.example.com"),
        (TOKENS, "null"),
        ("/", NAMED),
        ("/tokens", NAMED),
        ("/v1/models", NAMED),
    ] {
        let answer = app.get(path).header("origin", origin).send().await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, "", "{path} {origin}");
    }
    app.finish().await;
}
