//! What two parsers read differently: the first of them would let the second
//! see a request it has not seen itself.

use super::patient;
use super::raw::Raw;
use super::seen::Seen;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends it and reads to the end of the connection: the statuses, and what the
/// router saw. A server that stays open is asked to close.
async fn check(request: &str, statuses: &[&str], seen: &[&str]) {
    let server = Seen::start(patient()).await;
    let mut client = Raw::connect(&server.base_url).await;
    client.send(request).await;
    // Seen only if the connection lives on.
    client
        .send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    let answers = client.until_closed().await;
    let told: Vec<_> = answers
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(told, statuses, "{request:?}: {answers}");
    assert_eq!(server.requests(), seen, "{request:?}");
}

#[tokio::test]
async fn h2_what_two_parsers_read_differently_is_400_and_closes() {
    let get =
        |headers: &str| format!("POST /a HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\nabc{HIDDEN}");
    for headers in [
        // A length that is no number for everybody.
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3a",
        "Content-Length: 3 3",
        "Content-Length: 3, 4",
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 99999999999999999999999",
        "Content-Length:",
        "Content-Length : 3",
        // A coding that only some know.
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chun\rked",
        // Lines that some join and some do not.
        "Content-Length: 3\r\n folded: 1",
        " Content-Length: 3",
        "X: a\r\n\tb\r\nContent-Length: 3",
        "X: a\0b\r\nContent-Length: 3",
        "X y: a\r\nContent-Length: 3",
        ": a\r\nContent-Length: 3",
    ] {
        check(&get(headers), &["400"], &[]).await;
    }
    for line in [
        "GET  /a HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /a HTTP/1.1 x",
        "GET /a HTTP/2.0",
        "GET /a HTTP/1.2",
        "GET /a",
        "G\u{0}T /a HTTP/1.1",
        "GET a HTTP/1.1 HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        check(&format!("{line}\r\nHost: x\r\n\r\n{HIDDEN}"), &["400"], &[]).await;
    }
    let old = "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check(&format!("{old}{HIDDEN}"), &["400"], &[]).await;
}

#[tokio::test]
async fn h2_a_length_beside_chunks_is_read_as_chunks_and_closes() {
    for framing in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nTransfer-Encoding: CHUNKED",
        "Transfer-Encoding: chunked\r\nContent-Length: +6",
    ] {
        let empty = format!("POST /a HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n0\r\n\r\n{HIDDEN}");
        check(&empty, &["200"], &["POST /a"]).await;
        let one = format!(
            "POST /a HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n3\r\nabc\r\n0\r\n\r\n{HIDDEN}"
        );
        check(&one, &["200"], &["POST /a abc"]).await;
    }
}

#[tokio::test]
async fn h2_chunks_that_are_none_end_the_connection() {
    for chunks in [
        "ffffffffffffffffff\r\nabc",
        "10000000000000000\r\nabc",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n",
    ] {
        let request = format!(
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{HIDDEN}"
        );
        let server = Seen::start(patient()).await;
        let mut client = Raw::connect(&server.base_url).await;
        client.send(&request).await;
        let answers = client.until_closed().await;
        assert!(
            answers.matches("HTTP/1.1 ").count() <= 1,
            "{chunks:?}: {answers}"
        );
        let seen = server.requests();
        let is_alone = seen.is_empty() || seen == ["POST /a (broken)"];
        assert!(is_alone, "{chunks:?}: {seen:?}");
    }
}

#[tokio::test]
async fn what_everybody_reads_alike_is_served() {
    let twice = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc{HIDDEN}");
    let seen = ["POST /a abc", "GET /hidden", "GET /last"];
    check(&twice, &["200"; 3], &seen).await;
    let same = twice.replacen(
        "Content-Length: 3",
        "Content-Length: 3\r\nContent-Length: 3",
        1,
    );
    check(&same, &["200"; 3], &seen).await;
    let chunked = format!(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;name=value\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n{HIDDEN}"
    );
    check(&chunked, &["200"; 3], &seen).await;
    // We are no proxy: the path counts, whoever was meant.
    let foreign = "GET http://169.254.169.254/latest HTTP/1.1\r\nHost: evil\r\n\r\n";
    let seen = ["GET http://169.254.169.254/latest", "GET /last"];
    check(foreign, &["200"; 2], &seen).await;
}

#[tokio::test]
async fn h2_nobody_is_connected_or_echoed() {
    let app = keypurse_testkit::TestApp::new().await;
    let server = app.serve_with(None, patient()).await;
    for (request, status) in [
        (
            "TRACE /v1/models HTTP/1.1\r\nHost: x\r\nX-Secret: echo\r\n",
            405,
        ),
        ("CONNECT 127.0.0.2:9 HTTP/1.1\r\nHost: x\r\n", 404),
        ("GET http://127.0.0.2:9/livez HTTP/1.1\r\nHost: x\r\n", 200),
        (
            "GET http://127.0.0.2:9/nowhere HTTP/1.1\r\nHost: x\r\n",
            404,
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n", 404),
    ] {
        let mut client = Raw::connect(server.base_url()).await;
        client
            .send(format!("{request}Connection: close\r\n\r\n"))
            .await;
        let answer = client.until_closed().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
        assert!(!answer.contains("echo"), "{answer}");
    }
}
