//! What other sites can make a browser send changes nothing.

use keypurse_testkit::TestApp;
use serde_json::Value;

use super::{Browser, mutating, token};

async fn state_of(app: &TestApp) -> (Value, usize) {
    let tokens = app.get("/v2/user/custom_token/").send().await.json();
    let accounts = app.state().store.accounts().await.unwrap();
    let sessions = app
        .state()
        .store
        .sessions(accounts[0].id, app.state().now());
    (tokens, sessions.await.unwrap().len())
}

#[tokio::test]
async fn w1_a_change_asked_for_elsewhere_is_refused_and_nothing_changes() {
    let app = TestApp::new().await;
    let token = token(&app, "team").await;
    let browser = Browser::signed_in(&app).await;
    let before = state_of(&app).await;
    let fields = [
        ("name", "team"),
        ("amount", "1"),
        ("key", app.account_key()),
    ];
    let elsewhere: [&[(&'static str, &str)]; 8] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://localhost:8787"),
        ],
        &[("origin", "https://evil.example")],
        &[("origin", "https://localhost:8787")],
        &[("origin", "null")],
        &[],
    ];
    let mut paths = mutating(&token);
    paths.push("/sign-in".to_owned());
    for path in &paths {
        for headers in elsewhere {
            let mut request = browser.form(path, &fields);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let answer = request.send().await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert_eq!(answer.header("set-cookie"), "", "{path} {headers:?}");
        }
    }
    assert_eq!(state_of(&app).await, before);
    app.finish().await;
}

#[tokio::test]
async fn w1_a_page_that_is_asked_for_changes_nothing() {
    let app = TestApp::new().await;
    let token = token(&app, "team").await;
    let mut browser = Browser::signed_in(&app).await;
    let before = state_of(&app).await;
    for path in mutating(&token) {
        let answer = browser.get(&format!("{path}?name=team&amount=1")).await;
        assert!(
            [200, 405].contains(&answer.status),
            "{path} {}",
            answer.status
        );
    }
    assert_eq!(state_of(&app).await, before);
    app.finish().await;
}

#[tokio::test]
async fn a_browser_that_only_says_its_origin_is_heard() {
    let app = TestApp::new().await;
    let token = token(&app, "team").await;
    let browser = Browser::signed_in(&app).await;
    let form = browser.form(&format!("{token}/top-up"), &[("amount", "1")]);
    let answer = form.header("origin", "http://localhost:8787").send().await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    app.finish().await;
}
