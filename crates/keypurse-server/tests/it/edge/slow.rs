//! Clients that keep a server waiting.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keypurse_server::http::pace::Pace;
use keypurse_server::http::serve::Limits;
use keypurse_testkit::TestApp;
use tokio::time::{Instant, timeout};

use super::raw::Raw;
use super::seen::{Seen, endless};
use super::{FAR, SOON, patient};

const REQUEST: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
const DRIP: Duration = Duration::from_millis(10);

fn hasty_heads() -> Limits {
    Limits {
        head: SOON,
        ..patient()
    }
}

#[tokio::test]
async fn h1_headers_that_do_not_come_end_the_connection() {
    let server = Seen::start(hasty_heads()).await;
    for begun in [
        "",
        "GET /livez HTT",
        "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ",
    ] {
        let started = Instant::now();
        let mut client = Raw::connect(&server.base_url).await;
        client.send(begun).await;
        assert_eq!(client.until_closed().await, "", "{begun}");
        assert!(started.elapsed() >= SOON, "{begun}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn h1_a_byte_now_and_then_buys_no_time() {
    let server = Seen::start(hasty_heads()).await;
    let mut client = Raw::connect(&server.base_url).await;
    client.send("GET /livez HTTP/1.1\r\nX-Slow: ").await;
    let (lasted, said) = client.drip(b'a', DRIP).await;
    assert!(lasted < FAR / 10, "{lasted:?}");
    assert_eq!(said, "");
}

#[tokio::test]
async fn a_connection_may_idle_for_longer_than_headers_may_take() {
    let server = Seen::start(hasty_heads()).await;
    let mut client = Raw::connect(&server.base_url).await;
    for _ in 0..2 {
        client.send(REQUEST).await;
        client.until("\r\n\r\n").await;
        // It is the client that pauses.
        tokio::time::sleep(SOON * 2).await;
    }
    client.send("GET /li").await;
    assert_eq!(client.until_closed().await, "");
    assert_eq!(server.requests(), ["GET /livez", "GET /livez"]);
}

#[tokio::test]
async fn a_connection_that_idles_too_long_is_closed() {
    let limits = Limits {
        idle: SOON,
        ..patient()
    };
    let server = Seen::start(limits).await;
    let mut client = Raw::connect(&server.base_url).await;
    client.send(REQUEST).await;
    assert!(client.until_closed().await.starts_with("HTTP/1.1 200"));
}

/// A node whose clients have to send their bodies at this pace.
async fn node(pace: Pace) -> TestApp {
    let builder = TestApp::builder().settings(|settings| settings.body_pace = pace);
    builder.build().await
}

/// A request's head, for a body of a thousand bytes.
fn head(app: &TestApp, path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        app.account_key()
    )
}

const PATHS: [&str; 4] = [
    "/v1/chat/completions",
    "/v1/audio/transcriptions",
    "/v1/messages/count_tokens",
    "/v2/user/custom_token/",
];

#[tokio::test]
async fn h1_half_a_body_is_answered_with_408() {
    let app = node(Pace {
        idle: SOON,
        grace: FAR,
        ..Pace::default()
    })
    .await;
    let server = app.serve_with(patient()).await;
    for path in PATHS {
        let mut client = Raw::connect(server.base_url()).await;
        client.send(head(&app, path) + r#"{"name": "#).await;
        let answer = client.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(
            answer.contains("the body came too slowly")
                || answer.contains("The body came too slowly"),
            "{answer}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn h1_half_a_form_is_answered_with_408_and_a_page() {
    let app = node(Pace {
        idle: SOON,
        grace: FAR,
        ..Pace::default()
    })
    .await;
    let server = app.serve_with(patient()).await;
    let mut client = Raw::connect(server.base_url()).await;
    client
        .send(
            "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nkey=",
        )
        .await;
    let answer = client.until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("The form came too slowly"), "{answer}");
    app.finish().await;
}

#[tokio::test]
async fn h1_a_body_that_drips_is_answered_with_408() {
    let app = node(Pace {
        idle: FAR,
        grace: SOON,
        ..Pace::default()
    })
    .await;
    let server = app.serve_with(patient()).await;
    for path in PATHS {
        let mut client = Raw::connect(server.base_url()).await;
        client.send(head(&app, path)).await;
        let (lasted, answer) = client.drip(b' ', DRIP).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!((SOON..FAR / 10).contains(&lasted), "{lasted:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_holds_nothing_up() {
    let app = node(Pace {
        idle: SOON,
        grace: SOON,
        ..Pace::default()
    })
    .await;
    let server = app.serve_with(patient()).await;
    for path in ["/v1/models", "/nowhere"] {
        let mut client = Raw::connect(server.base_url()).await;
        client.send(head(&app, path) + "half").await;
        let answer = client.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{path}: {answer}");
    }
    server.stop().await;
    app.finish().await;
}

#[tokio::test]
async fn h1_a_client_that_does_not_read_is_let_go() {
    let limits = Limits {
        write_stall: SOON,
        ..patient()
    };
    let gone = Arc::<Mutex<Vec<_>>>::default();
    let answers = gone.clone();
    let server = Seen::answering(limits, None, move || {
        let (body, gone) = endless();
        answers.lock().unwrap().push(gone);
        body
    })
    .await;
    let mut client = Raw::connect(&server.base_url).await;
    client.send(REQUEST).await;
    client.until("HTTP/1.1 200").await;
    let gone = gone.lock().unwrap().pop().unwrap();
    let over = timeout(FAR / 4, gone).await;
    assert!(over.unwrap().is_err(), "its answer goes on");
}
