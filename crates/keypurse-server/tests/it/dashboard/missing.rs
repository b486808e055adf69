//! Addresses that nothing is at.

use keypurse_testkit::{TestAnswer, TestApp};

use super::Browser;

/// As browsers ask when somebody goes to an address.
const PAGES: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn look(app: &TestApp, path: &str, accept: &str) -> TestAnswer {
    let request = app.get(path).without_key().header("host", "localhost:8787");
    request.header("accept", accept).send().await
}

#[tokio::test]
async fn a_mistyped_address_is_a_page_for_browsers_and_json_for_programs() {
    let app = TestApp::new().await;
    for path in ["/nope", "/tokens/x/y/z", "/v2x", "/alerts/a/b/c", "//nope"] {
        let page = look(&app, path, PAGES).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text.contains("<h1>Not found</h1>"), "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert!(!page.header("content-security-policy").is_empty(), "{path}");
        let json = look(&app, path, "*/*").await;
        assert_eq!(json.status, 404, "{path}");
        assert_eq!(json.json()["details"], "Not Found", "{path}");
    }
    for path in ["/v1/nope", "/v2/nope", "/v2", "/v3/nope/"] {
        let json = look(&app, path, PAGES).await;
        assert_eq!(json.status, 404, "{path}");
        assert_eq!(json.header("content-type"), "application/json", "{path}");
    }
    let posted = app.post("/nope").header("accept", PAGES).send().await;
    assert_eq!(posted.status, 404);
    assert_eq!(posted.header("content-type"), "application/json");
    app.finish().await;
}

#[tokio::test]
async fn a_slash_too_many_leads_to_the_page() {
    let app = TestApp::new().await;
    for page in ["/tokens", "/alerts", "/costs", "/sessions"] {
        let answer = look(&app, &format!("{page}/"), PAGES).await;
        assert_eq!((answer.status, answer.header("location")), (303, page));
    }
    // A page elsewhere is no page of ours.
    for elsewhere in ["//tokens/", "//example.com/", "/tokens//"] {
        assert_eq!(look(&app, elsewhere, PAGES).await.status, 404);
    }
    let mut browser = Browser::signed_in(&app).await;
    assert_eq!(browser.get("/tokens").await.status, 200);
    app.finish().await;
}
