//! `/sign-in` and `/sign-out`.

use std::net::{IpAddr, Ipv4Addr};

use keypurse_server::Transport;
use keypurse_testkit::TestApp;
use serde_json::json;

use super::{Browser, VIEWER_KEY, give_viewer_key};

const WRONG: &str = "a-key-that-nobody-ever-had-0123456789";

#[tokio::test]
async fn the_account_key_signs_in_and_signing_out_ends_the_session() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    let asked = browser.get("/tokens?q=a").await;
    assert_eq!(asked.status, 401);
    assert!(asked.text.contains(r#"name="next" value="/tokens?q=a""#));
    assert_eq!(
        browser.sign_in(app.account_key()).await.header("location"),
        "/"
    );
    let page = browser.get("/tokens").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(app.account_key()));
    let part = app
        .get("/tokens")
        .without_key()
        .header("hx-request", "true");
    let part = part.header("host", "localhost").send().await;
    assert_eq!((part.status, part.header("hx-refresh")), (401, "true"));
    let cookie = browser.cookie.clone();
    assert_eq!(browser.post("/sign-out", &[]).await.status, 303);
    assert_eq!(browser.cookie, None);
    browser.cookie = cookie;
    assert_eq!(browser.get("/tokens").await.status, 401, "w4: replayed");
    app.finish().await;
}

#[tokio::test]
async fn after_signing_in_comes_the_page_that_was_asked_for() {
    let app = TestApp::new().await;
    for (next, expected) in [
        ("/tokens?q=a", "/tokens?q=a"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
    ] {
        let form = [("key", app.account_key()), ("next", next)];
        let answer = Browser::new(&app).post("/sign-in", &form).await;
        assert_eq!(answer.header("location"), expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_account_key_does_not_sign_in() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "t"})).await;
    for (key, status) in [("", 400), ("short", 401), (WRONG, 401), (&*secret, 403)] {
        let mut browser = Browser::new(&app);
        let answer = browser.sign_in(key).await;
        assert_eq!(answer.status, status, "{key}");
        assert!(answer.text.contains(r#"role="alert""#), "{key}");
        assert_eq!(browser.cookie, None, "{key}");
    }
    app.finish().await;
}

#[tokio::test]
async fn w4_an_id_from_before_signing_in_is_worth_nothing_after() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    let planted = "keypurse-sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    browser.cookie = Some(planted.to_owned());
    browser.sign_in(app.account_key()).await;
    let first = browser.cookie.clone().unwrap();
    assert_ne!(first, planted);
    browser.sign_in(app.account_key()).await;
    assert_ne!(browser.cookie.as_deref(), Some(&*first));
    assert_eq!(browser.get("/").await.status, 200);
    for stale in [planted, &first] {
        browser.cookie = Some(stale.to_owned());
        assert_eq!(browser.get("/").await.status, 401, "{stale}");
    }
    app.finish().await;
}

#[tokio::test]
async fn wrong_keys_are_slowed_down_and_a_right_one_never() {
    let app = TestApp::new().await;
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
    let try_with = |key: &'static str| {
        let form = Browser::new(&app).form("/sign-in", &[("key", key)]);
        form.header("sec-fetch-site", "same-origin").from(address)
    };
    for _ in 0..20 {
        assert_eq!(try_with(WRONG).send().await.status, 401);
    }
    let refused = try_with(WRONG).send().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.text.contains("Too many wrong keys"));
    let form = Browser::new(&app).form("/sign-in", &[("key", app.account_key())]);
    let right = form.header("sec-fetch-site", "same-origin").from(address);
    assert_eq!(right.send().await.status, 303);
    app.clock().advance_ms(1000);
    assert_eq!(try_with(WRONG).send().await.status, 401, "it may try again");
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_key_signs_in_to_look() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    let mut browser = Browser::signed_in_with(&app, VIEWER_KEY).await;
    let page = browser.get("/tokens").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("View only") && !page.text.contains("/tokens/new"));
    app.finish().await;
}

#[tokio::test]
async fn over_plain_http_from_elsewhere_nobody_signs_in_and_the_page_says_why() {
    let app = TestApp::new().await;
    for (host, is_local) in [
        ("localhost:8787", true),
        ("127.0.0.1:8787", true),
        ("[::1]:8787", true),
        ("rebound.example:8787", false),
        ("192.0.2.1", false),
    ] {
        let page = app.get("/sign-in").without_key().header("host", host);
        let page = page.send().await;
        assert_eq!(page.status, if is_local { 200 } else { 403 }, "{host}");
        assert_eq!(page.text.contains("plain HTTP"), !is_local, "{host}");
        assert_eq!(page.text.contains("<form"), is_local, "{host}");
        let form = format!("key={}", app.account_key());
        let sent = app.post("/sign-in").without_key().header("host", host);
        let sent = sent.header("content-type", "application/x-www-form-urlencoded");
        let sent = sent.header("sec-fetch-site", "same-origin").body(form);
        let status = sent.send().await.status;
        assert_eq!(status, if is_local { 303 } else { 403 }, "{host}");
    }
    app.finish().await;
}

#[tokio::test]
async fn behind_a_proxy_what_it_says_of_the_way_counts() {
    let app = TestApp::builder()
        .settings(|settings| settings.transport = Transport::BehindProxy)
        .build()
        .await;
    for (host, proto, from_here, cookie) in [
        ("keys.example.com", Some("https"), false, "__Host-sid="),
        ("keys.example.com", None, false, "__Host-sid="),
        ("keys.example.com", Some("http"), false, ""),
        ("keys.example.com", Some("https, http"), false, ""),
        ("localhost:8787", None, true, "keypurse-sid="),
        ("localhost:8787", None, false, "__Host-sid="),
    ] {
        let address = if from_here {
            [127, 0, 0, 1]
        } else {
            [192, 0, 2, 1]
        };
        let mut form = app.post("/sign-in").without_key().header("host", host);
        form = form.header("content-type", "application/x-www-form-urlencoded");
        form = form
            .header("sec-fetch-site", "same-origin")
            .from(address.into());
        if let Some(proto) = proto {
            form = form.header("x-forwarded-proto", proto);
        }
        let answer = form.body(format!("key={}", app.account_key())).send().await;
        let set = answer.header("set-cookie");
        assert!(set.starts_with(cookie), "{host} {proto:?} {set}");
        assert_eq!(set.is_empty(), cookie.is_empty(), "{host} {proto:?} {set}");
    }
    app.finish().await;
}

#[tokio::test]
async fn on_a_full_disk_nobody_signs_in_and_who_is_in_goes_on_looking() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    app.faults().fill_disk();
    app.clock().advance_ms(120_000);
    assert_eq!(browser.get("/tokens").await.status, 200);
    let refused = Browser::new(&app).sign_in(app.account_key()).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), "5");
    app.faults().free_disk();
    app.finish().await;
}
