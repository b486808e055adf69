//! Storage that cannot be read or written: pages say so, and nothing is done.

use keypurse_testkit::{TestAnswer, TestApp};

use super::{Browser, mutating, token};

fn assert_says_so(answer: &TestAnswer, path: &str) {
    assert_eq!(answer.status, 503, "{path}");
    assert_eq!(answer.header("retry-after"), "5", "{path}");
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text.contains("Not available now"), "{path}");
    assert!(!answer.text.contains("the test's"), "{}", answer.text);
}

#[tokio::test]
async fn on_a_full_disk_no_form_changes_anything_and_every_page_is_shown() {
    let app = TestApp::new().await;
    let path = token(&app, "kept").await;
    let mut browser = Browser::signed_in(&app).await;
    let before = app.get("/v2/user/custom_token/").send().await.text;
    app.faults().fill_disk();
    for form in mutating(&path) {
        if form.ends_with("/secret/done") || form == "/sign-out" {
            continue;
        }
        let fields = [
            ("name", "kept"),
            ("amount", "1"),
            ("grace_period", "0"),
            ("requests_per_minute", "5"),
            ("seen", &seen(&mut browser, &path).await),
        ];
        let answer = browser.post(&form, &fields).await;
        assert_says_so(&answer, &form);
    }
    let rule = [("name", "n"), ("kind", "exhausted"), ("token", "*")];
    assert_says_so(&browser.post("/alerts/new", &rule).await, "/alerts/new");
    for page in ["/", "/tokens", &path, "/costs", "/alerts", "/audit"] {
        assert_eq!(browser.get(page).await.status, 200, "{page}");
    }
    app.faults().free_disk();
    assert_eq!(app.get("/v2/user/custom_token/").send().await.text, before);
    app.finish().await;
}

/// What the form that edits a token says it shows.
async fn seen(browser: &mut Browser<'_>, path: &str) -> String {
    let form = browser.get(&format!("{path}/edit")).await;
    let (_, rest) = form.text.split_once(r#"name="seen" value=""#).unwrap();
    let seen = rest.split('"').next().unwrap();
    seen.replace("&#34;", "\"")
}

#[tokio::test]
async fn while_nothing_can_be_read_every_page_says_so() {
    let app = TestApp::new().await;
    let path = token(&app, "kept").await;
    let mut browser = Browser::signed_in(&app).await;
    app.faults().break_reads();
    for page in [
        "/",
        "/tokens",
        &path,
        "/costs",
        "/costs.csv",
        "/models",
        "/audit",
        "/sessions",
    ] {
        assert_says_so(&browser.get(page).await, page);
    }
    app.faults().mend_reads();
    assert_eq!(browser.get("/tokens").await.status, 200);
    app.finish().await;
}
