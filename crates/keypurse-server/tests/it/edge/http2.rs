//! HTTP/2's own ways to keep a server busy.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use keypurse_server::http::serve::Limits;
use tokio::time::{Instant, timeout};

use super::frames::{
    CONTINUATION, Certificate, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, frame,
    request,
};
use super::seen::{Seen, endless};
use super::{FAR, SOON, patient};

const WINDOW: u32 = 65_535;
/// What no honest client sends so many of.
const FLOOD: u32 = 20_000;

async fn server(limits: Limits) -> (Certificate, Seen) {
    let certificate = Certificate::issue();
    let tls = Some(certificate.server.clone());
    let server = Seen::answering(limits, tls, Body::empty).await;
    (certificate, server)
}

#[tokio::test]
async fn a_request_by_hand_is_answered() {
    let (certificate, server) = server(patient()).await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    let head = request("POST", "/a", &[("content-length", "3")]);
    client.send(frame(HEADERS, END_HEADERS, 1, &head)).await;
    client.send(frame(DATA, END_STREAM, 1, b"abc")).await;
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests(), ["POST https://x/a abc"]);
}

#[tokio::test]
async fn h4_rapid_resets_end_the_connection() {
    let (certificate, server) = server(patient()).await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    let head = request("GET", "/a", &[]);
    let mut sent = 0;
    for number in 0..FLOOD {
        let stream = 2 * number + 1;
        let mut both = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        both.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        if !client.send(both).await {
            break;
        }
        sent += 1;
    }
    client.until_closed().await;
    assert!(server.requests().len() < sent, "all were served");
}

#[tokio::test]
async fn h4_headers_without_end_end_the_connection() {
    let (certificate, server) = server(patient()).await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    let head = request("GET", "/a", &[]);
    client.send(frame(HEADERS, END_STREAM, 1, &head)).await;
    let more = super::frames::fields(&[("x-more", "0123456789")]).repeat(800);
    let mut sent = 0;
    while client.send(frame(CONTINUATION, 0, 1, &more)).await {
        sent += 1;
        assert!(sent < FLOOD, "they are read for ever");
    }
    client.until_closed().await;
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn h4_a_window_that_never_opens_ends_the_connection() {
    let certificate = Certificate::issue();
    let limits = Limits {
        write_stall: SOON,
        ..patient()
    };
    let gone = Arc::<Mutex<Vec<_>>>::default();
    let answers = gone.clone();
    let tls = Some(certificate.server.clone());
    let server = Seen::answering(limits, tls, move || {
        let (body, gone) = endless();
        answers.lock().unwrap().push(gone);
        body
    })
    .await;
    for window in [0, 1, WINDOW] {
        let started = Instant::now();
        let mut client = certificate.connect(&server.base_url, window).await;
        let head = request("GET", "/a", &[]);
        let flags = END_HEADERS | END_STREAM;
        client.send(frame(HEADERS, flags, 1, &head)).await;
        // It is there, and answers what it is asked; it only takes nothing.
        while client.send(frame(PING, 0, 0, b"are you?")).await {
            assert!(started.elapsed() < FAR / 4, "it is waited for");
            tokio::task::yield_now().await;
        }
        let gone = gone.lock().unwrap().pop().unwrap();
        assert!(timeout(FAR / 4, gone).await.unwrap().is_err(), "{window}");
        assert!(started.elapsed() >= SOON, "{window}");
    }
}

#[tokio::test]
async fn an_answer_whose_client_takes_it_slowly_comes_whole() {
    let certificate = Certificate::issue();
    let tls = Some(certificate.server.clone());
    let text = "0123456789".repeat(5_000);
    let answer = text.clone();
    let server = Seen::answering(patient(), tls, move || Body::from(answer.clone())).await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    let head = request("GET", "/a", &[]);
    let flags = END_HEADERS | END_STREAM;
    client.send(frame(HEADERS, flags, 1, &head)).await;
    let mut read = String::new();
    while read.matches(|c: char| c.is_ascii_digit()).count() < text.len() {
        read.push_str(&client.some().await);
    }
}

#[tokio::test]
async fn h1_a_connection_that_asks_nothing_is_closed() {
    let hasty = Limits {
        head: SOON,
        ..patient()
    };
    let (certificate, server) = server(hasty).await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    client.until_closed().await;
    let mut client = certificate.connect(&server.base_url, WINDOW).await;
    let head = request("GET", "/a", &[]);
    client.send(frame(HEADERS, END_STREAM, 1, &head)).await;
    client.until_closed().await;
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn h2_fields_that_would_be_lines_elsewhere_reach_nobody() {
    let (certificate, server) = server(patient()).await;
    for (path, more) in [
        ("/a", &[("x-a", "b\r\nx-hidden: 1")][..]),
        ("/a", &[("x-a", "b\nc")]),
        ("/a", &[("x-a", "b\0c")]),
        ("/a", &[("x-a\r\nx-hidden", "1")]),
        ("/a", &[("x a", "1")]),
        ("/a", &[("X-A", "1")]),
        ("/a", &[("transfer-encoding", "chunked")]),
        ("/a", &[("connection", "close")]),
        ("/a", &[("content-length", "5")]),
        ("/a", &[("content-length", "+3")]),
        ("/a", &[(":path", "/b")]),
        ("/a", &[("x-a", "1"), (":path", "/b")]),
        ("/a HTTP/1.1\r\nX: 1", &[]),
        ("/a b", &[]),
        ("", &[]),
    ] {
        let mut client = certificate.connect(&server.base_url, WINDOW).await;
        let head = request("POST", path, more);
        client.send(frame(HEADERS, END_HEADERS, 1, &head)).await;
        client.send(frame(DATA, END_STREAM, 1, b"abc")).await;
        // Answered after what was sent before it.
        client.send(frame(PING, 0, 0, b"are you?")).await;
        client.until_pong_or_closed().await;
        let seen = server.requests();
        let is_alone = seen.is_empty() || seen.iter().all(|seen| seen.ends_with("(broken)"));
        assert!(is_alone, "{path:?} {more:?}: {seen:?}");
    }
}
