//! Bodies that are no JSON, not stated to be, or too long.

use http::Method;
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{TOKENS, assert_error, assert_not_found, assert_status, token_path};

#[tokio::test]
async fn what_two_parsers_could_read_differently_is_a_parse_error() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let deep = format!(
        r#"{{"name":"x","deep":{}1{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    for body in [
        "null",
        "[]",
        "1",
        r#""name""#,
        "{",
        "{}}",
        "name=x",
        r#"{"name":"x",}"#,
        "{'name':'x'}",
        r#"{"name":"x","name":"y"}"#,
        r#"{"name":"x","n\u0061me":"y"}"#,
        r#"{"name":"x","balance":1,"balance":2}"#,
        r#"{"name":"\ud800"}"#,
        r#"{"name":"x","other":{"a":1,"a":2}}"#,
        r#"{"name":"x","balance":NaN}"#,
        r#"{"name":"x","balance":Infinity}"#,
        r#"{"name":"x","balance":01}"#,
        r#"{"name":"x","balance":.5}"#,
        "{\"name\":\"a\u{0}b\"}",
        "\u{feff}{}",
        &deep,
    ] {
        let body = body.to_owned();
        let created = app.post(TOKENS).json_text(body.clone()).send().await;
        assert_error(&created, 400, "parse_error");
        let changed = app
            .patch(&token_path("team"))
            .json_text(body.clone())
            .send()
            .await;
        assert_error(&changed, 400, "parse_error");
        let rotate = app
            .post("/v2/user/custom_token/team/rotate")
            .json_text(body);
        assert_error(&rotate.send().await, 400, "parse_error");
    }
    let not_utf8 = app
        .post(TOKENS)
        .json_text(&b"{\"name\":\"\xff\"}"[..])
        .send()
        .await;
    assert_error(&not_utf8, 400, "parse_error");
    let nothing = app.post(TOKENS).send().await;
    assert_error(&nothing, 400, "parse_error");
    app.finish().await;
}

async fn post(app: &TestApp, content_type: &str, encoding: &str) -> TestAnswer {
    let body = json!({"name": content_type, "balance": 1}).to_string();
    let mut request = app.post(TOKENS).body(body);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    if !encoding.is_empty() {
        request = request.header("content-encoding", encoding);
    }
    request.send().await
}

#[tokio::test]
async fn a_body_must_be_stated_to_be_json() {
    let app = TestApp::new().await;
    for (content_type, encoding) in [
        ("application/json", "identity"),
        ("application/json; charset=utf-8", ""),
        ("APPLICATION/JSON", ""),
        ("application/merge-patch+json", ""),
    ] {
        assert_status(&post(&app, content_type, encoding).await, 201);
    }
    for (content_type, encoding) in [
        ("", ""),
        ("text/plain", ""),
        ("application/x-www-form-urlencoded", ""),
        ("multipart/form-data; boundary=x", ""),
        ("application/json", "gzip"),
    ] {
        let answer = post(&app, content_type, encoding).await;
        assert_error(&answer, 415, "request_error");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_request_without_a_body_needs_no_content_type() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    assert_status(&app.patch(&token_path("team")).send().await, 200);
    assert_status(
        &app.post("/v2/user/custom_token/team/rotate").send().await,
        200,
    );
    app.finish().await;
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_not_one_byte_more() {
    let app = TestApp::new().await;
    let padded = |name: &str, length: usize| {
        let start = format!(r#"{{"name":"{name}","pad":""#);
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    let longest = app
        .post(TOKENS)
        .json_text(padded("longest", 65_536))
        .send()
        .await;
    assert_status(&longest, 201);
    for length in [65_537, 10 << 20] {
        let answer = app
            .post(TOKENS)
            .json_text(padded("longer", length))
            .send()
            .await;
        assert_error(&answer, 413, "request_error");
    }
    assert_not_found(&app.get(&token_path("longer")).send().await);
    app.finish().await;
}

#[tokio::test]
async fn a_body_where_none_is_asked_for_is_ignored() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let path = token_path("team");
    for (method, status) in [(Method::GET, 200), (Method::DELETE, 204)] {
        let answer = app.request(method, &path).body("{{{").send().await;
        assert_status(&answer, status);
    }
    app.finish().await;
}

/// Over a real connection: a server that answers and hangs up while the client
/// still sends would reset the connection, and the answer with it.
#[tokio::test]
async fn a_client_that_sends_too_much_still_reads_the_answer() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let address = server.base_url().trim_start_matches("http://");
    for (key, status) in [(app.account_key(), "413"), ("wrong", "401")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {TOKENS} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            10 << 20
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; 10 << 20]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
    server.stop().await;
    app.finish().await;
}
