//! How long a session lasts, and who ends it.

use keypurse_store::Actor;
use keypurse_testkit::TestApp;

use super::{Browser, VIEWER_KEY, give_viewer_key};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

#[tokio::test]
async fn w4_a_session_that_rests_half_an_hour_is_over() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    for _ in 0..4 {
        app.clock().advance_ms(29 * MINUTE_MS);
        assert_eq!(browser.get("/").await.status, 200, "it is in use");
    }
    app.clock().advance_ms(30 * MINUTE_MS);
    assert_eq!(browser.get("/").await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn w4_a_page_that_renews_itself_is_no_use() {
    let app = TestApp::new().await;
    let browser = Browser::signed_in(&app).await;
    let poll = || {
        let request = app.get("/").without_key().header("host", "localhost");
        let request = request.header("x-keypurse-poll", "1");
        request.header("cookie", browser.cookie.as_deref().unwrap())
    };
    app.clock().advance_ms(20 * MINUTE_MS);
    assert_eq!(poll().send().await.status, 200);
    app.clock().advance_ms(20 * MINUTE_MS);
    assert_eq!(poll().send().await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn w4_a_session_in_use_is_over_after_twelve_hours() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    for _ in 0..47 {
        app.clock().advance_ms(HOUR_MS / 4);
        assert_eq!(browser.get("/").await.status, 200);
    }
    app.clock().advance_ms(HOUR_MS / 4);
    assert_eq!(browser.get("/").await.status, 401);
    app.finish().await;
}

/// Actions, subjects and who did them, newest first.
async fn told(app: &TestApp) -> Vec<String> {
    let page = app.get("/v2/audit_log/").send().await.json();
    let entries = page["entries"].as_array().unwrap();
    let told = entries.iter().map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap_or("none").to_owned();
        let (action, subject) = (text("action"), text("subject"));
        format!(
            "{action} {subject} by {} at {}",
            text("actor"),
            text("address")
        )
    });
    told.collect()
}

#[tokio::test]
async fn who_signs_in_and_out_is_in_the_audit_log() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    let mut admin = Browser::signed_in(&app).await;
    let mut viewer = Browser::signed_in_with(&app, VIEWER_KEY).await;
    admin.sign_in(app.account_key()).await;
    for _ in 0..2 {
        admin.post("/sessions/2/end", &[]).await;
    }
    assert_eq!(viewer.get("/").await.status, 401);
    admin.post("/sign-out", &[]).await;
    let told = told(&app).await;
    assert_eq!(
        told[..6],
        [
            "sign_out session:3 by session:3 at 0.0.0.0",
            "session.end session:2 by session:3 at 0.0.0.0",
            "sign_in session:3 by account_key at 0.0.0.0",
            "sign_out session:1 by session:1 at 0.0.0.0",
            "sign_in session:2 by viewer at 0.0.0.0",
            "sign_in session:1 by account_key at 0.0.0.0",
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn w4_a_new_account_key_ends_the_sessions_of_the_old_one() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    let mut admin = Browser::signed_in(&app).await;
    let mut viewer = Browser::signed_in_with(&app, VIEWER_KEY).await;
    let store = &app.state().store;
    let new_key = app
        .state()
        .vault
        .digest("another-account-key-0123456789abcdef");
    store
        .set_account_key("main", (new_key, 1), Actor::SYSTEM)
        .await
        .unwrap();
    assert_eq!(admin.get("/").await.status, 401);
    assert_eq!(admin.sign_in(app.account_key()).await.status, 401);
    assert_eq!(viewer.get("/").await.status, 200);
    store
        .set_viewer_key("main", None, Actor::SYSTEM)
        .await
        .unwrap();
    assert_eq!(viewer.get("/").await.status, 401);
    assert_eq!(viewer.sign_in(VIEWER_KEY).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = TestApp::new().await;
    let mut here = Browser::signed_in(&app).await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let form = Browser::new(&app).form("/sign-in", &[("key", app.account_key())]);
    let form = form.header("user-agent", agent).from([192, 0, 2, 7].into());
    let elsewhere = form.header("sec-fetch-site", "same-origin").send().await;
    let mut there = Browser::new(&app);
    let cookie = elsewhere.header("set-cookie");
    there.cookie = Some(cookie.split(';').next().unwrap().to_owned());

    let page = here.get("/sessions").await.text;
    for shown in [
        "Firefox on Linux",
        "192.0.2.7",
        "This one",
        "/sessions/2/end",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(there.get("/").await.status, 200);
    let page = here.submit("/sessions/2/end", &[]).await;
    assert!(page.text.contains("The session was ended."));
    assert_eq!(there.get("/").await.status, 401);
    assert_eq!(here.get("/").await.status, 200);
    let own = here.post("/sessions/1/end", &[]).await;
    assert_eq!((own.status, own.header("location")), (303, "/sign-in"));
    assert_eq!(here.get("/").await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn one_account_neither_sees_nor_ends_anothers_sessions() {
    let app = TestApp::new().await;
    let mut ours = Browser::signed_in(&app).await;
    let other_key = app.account("other").await;
    let mut theirs = Browser::signed_in_with(&app, &other_key).await;
    let page = theirs.get("/sessions").await.text;
    assert!(!page.contains("/sessions/1/end"));
    theirs.post("/sessions/1/end", &[]).await;
    assert_eq!(ours.get("/").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn the_database_has_no_id_that_signs_in() {
    let app = TestApp::new().await;
    let browser = Browser::signed_in(&app).await;
    let cookie = browser.cookie.clone().unwrap();
    let (_, id) = cookie.split_once('=').unwrap();
    let files = std::fs::read_dir(app.directory()).unwrap();
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let is_in = bytes.windows(id.len()).any(|part| part == id.as_bytes());
        assert!(!is_in);
    }
    app.finish().await;
}
