//! Providers that fail, in every way we know.

use std::time::Duration;

use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{Shop, UPSTREAM_KEY, hello, hello_stream, soon};

#[tokio::test]
async fn a_refusal_that_concerns_the_client_passes_with_its_body() {
    let shop = Shop::open("1").await;
    let body = json!({"error": {"message": "no", "type": "t", "param": "p", "code": "c"}});
    for status in [400, 404, 409, 413, 422, 429, 500, 502, 503, 529] {
        for request in [hello(), hello_stream()] {
            let reply = Reply::json(status, &body).header("retry-after", "7");
            shop.upstream.next(reply.header("set-cookie", "a=b"));
            let answer = shop.ask(&request).await;
            assert_eq!((answer.status, answer.json()), (status, body.clone()));
            assert_eq!(answer.header("retry-after"), "7");
            assert_eq!(answer.header("set-cookie"), "");
            assert!(answer.header("x-request-id").starts_with("req_"));
        }
    }
    assert_eq!(shop.balance().await, "1.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn trouble_with_our_credential_is_not_the_clients() {
    let shop = Shop::open("1").await;
    for status in [401, 402, 403, 301, 302, 307, 405, 418] {
        let body = json!({"error": {"message": format!("bad key {UPSTREAM_KEY}")}});
        shop.upstream
            .next(Reply::json(status, &body).header("location", "http://127.0.0.1:1/"));
        let answer = shop.ask(&hello()).await;
        assert_eq!(answer.status, 502, "{status}");
        assert_eq!(answer.json()["error"]["code"], "upstream_error", "{status}");
        assert!(!answer.text.contains(UPSTREAM_KEY), "{status}");
    }
    assert_eq!(
        shop.upstream.received().len(),
        8,
        "redirects are not followed"
    );
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn trouble_with_our_credential_may_come_as_a_400() {
    let shop = Shop::open("1").await;
    let reason = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID"});
    let key = json!({"code": 400, "message": "API key not valid.", "details": [reason]});
    let credit = json!({"type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API."});
    for error in [key, credit] {
        shop.upstream
            .next(Reply::json(400, &json!({"error": error})));
        let answer = shop.ask(&hello()).await;
        assert_eq!(answer.status, 502, "{error}");
        assert_eq!(answer.json()["error"]["code"], "upstream_error", "{error}");
    }
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn a_time_to_wait_that_stands_in_the_body_becomes_a_header() {
    let shop = Shop::open("1").await;
    let delay = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"});
    let body = json!({"error": {"code": 429, "message": "Quota", "details": [delay]}});
    for (reply, expected) in [
        (Reply::json(429, &body), "13"),
        (Reply::json(429, &body).header("retry-after", "7"), "7"),
    ] {
        shop.upstream.next(reply);
        let answer = shop.ask(&hello()).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (429, expected)
        );
    }
}

#[tokio::test]
async fn l13_our_key_is_never_shown_even_when_a_provider_quotes_it() {
    let shop = Shop::open("1").await;
    let quoting = json!({"error": {"message": format!("key {UPSTREAM_KEY} is slow")}});
    shop.upstream.next(Reply::json(429, &quoting));
    let refused = shop.ask(&hello()).await;
    assert_eq!(
        (refused.status, refused.text.contains(UPSTREAM_KEY)),
        (502, false)
    );
    shop.upstream
        .next(Reply::stream().chunk("a").data(&quoting));
    let cut = shop.ask(&hello_stream()).await;
    assert!(!cut.text.contains(UPSTREAM_KEY) && cut.text.contains("upstream_error"));
    let config = format!("{:?}", shop.app.state().gateway);
    assert!(!config.contains(UPSTREAM_KEY), "{config}");
}

#[tokio::test]
async fn what_fails_before_the_first_byte_costs_nothing() {
    let web_page = Reply::text(200, "text/html", "<html>maintenance</html>");
    let error = json!({"error": {"message": "overloaded"}});
    for (name, reply) in [
        ("a web page", web_page),
        ("nothing", Reply::text(200, "application/json", "")),
        ("an error with status 200", Reply::json(200, &error)),
        ("a list", Reply::json(200, &json!([1, 2]))),
        ("an empty object", Reply::json(200, &json!({}))),
        (
            "half an object",
            Reply::text(200, "application/json", "{\"choices\":["),
        ),
        (
            "a break in the body",
            Reply::text(200, "application/json", "{\"id\"").breaks(),
        ),
        ("no content", Reply::text(204, "application/json", "")),
    ] {
        let shop = Shop::open("1").await;
        shop.upstream.always(reply);
        let answer = shop.ask(&hello()).await;
        assert_eq!(answer.status, 502, "{name}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "upstream_error", "{name}");
        assert_eq!(shop.balance().await, "1.0", "{name}");
    }
    for (name, reply) in [
        (
            "a web page",
            Reply::text(200, "text/html", "<html>maintenance</html>"),
        ),
        ("nothing", Reply::stream()),
        ("a break", Reply::stream().breaks()),
        (
            "a keep-alive and a break",
            Reply::stream().raw(": ping\n\n").breaks(),
        ),
        ("an error event", Reply::stream().data(&error)),
        ("an error with status 200", Reply::json(200, &error)),
        ("no JSON", Reply::stream().raw("data: {\"id\"\n\n")),
        (
            "bytes that are no text",
            Reply::stream().raw("data: \u{0}\n\n"),
        ),
        (
            "a line without end",
            Reply::stream().raw(&"x".repeat(2 * 1024 * 1024)),
        ),
    ] {
        let shop = Shop::open("1").await;
        shop.upstream.always(reply);
        let answer = shop.ask(&hello_stream()).await;
        assert_eq!(answer.status, 502, "streamed {name}: {}", answer.text);
        assert_eq!(
            answer.json()["error"]["code"],
            "upstream_error",
            "streamed {name}"
        );
        assert_eq!(shop.balance().await, "1.0", "streamed {name}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_costs_nothing() {
    let shop = Shop::with("1", |upstream| {
        upstream.base_url = "http://127.0.0.1:9/v1".to_owned();
    })
    .await;
    for request in [hello(), hello_stream()] {
        let answer = shop.ask(&request).await;
        assert_eq!(answer.status, 502);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "upstream_error");
        assert_eq!(error["type"], "upstream_error");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("`up` could not be reached")
        );
    }
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn a_provider_that_answers_too_late_costs_nothing() {
    let gate = Gate::new();
    for (name, reply, request) in [
        (
            "no head",
            Reply::chat("Hi", &usage(1, 1)).held_by(&gate),
            hello(),
        ),
        (
            "no body",
            Reply::text(200, "application/json", "").wait(&gate),
            hello(),
        ),
        (
            "half a body",
            Reply::text(200, "application/json", "{").wait(&gate),
            hello(),
        ),
        (
            "no stream",
            Reply::chat_stream(&["Hi"], &usage(1, 1)).held_by(&gate),
            hello_stream(),
        ),
        (
            "no event",
            Reply::stream().raw(": ping\n\n").wait(&gate),
            hello_stream(),
        ),
    ] {
        let shop = Shop::with("1", |upstream| {
            upstream.timeouts.first_byte = Duration::from_millis(30);
            upstream.timeouts.idle = Duration::from_millis(30);
        })
        .await;
        shop.upstream.next(reply);
        let answer = soon(shop.ask(&request)).await;
        assert_eq!(answer.status, 504, "{name}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "upstream_timeout", "{name}");
        assert_eq!(shop.balance().await, "1.0", "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_charged_for_what_came() {
    let error = json!({"error": {"message": "overloaded", "code": "server_error"}});
    let begun = || Reply::stream().chunk("ab").chunk("cde");
    for (name, reply, expected_end) in [
        ("the connection breaks", begun().breaks(), "upstream_error"),
        ("it just ends", begun(), "upstream_error"),
        ("it says an error", begun().data(&error), "overloaded"),
        (
            "it is no JSON any more",
            begun().raw("data: {\n\n"),
            "upstream_error",
        ),
        (
            "a line has no end",
            begun().raw(&"x".repeat(2 << 20)),
            "upstream_error",
        ),
        (
            "it falls silent",
            begun().wait(&Gate::new()),
            "upstream_timeout",
        ),
    ] {
        let shop = Shop::with("1", |upstream| {
            upstream.timeouts.idle = Duration::from_millis(100);
        })
        .await;
        shop.upstream.next(reply);
        let answer = soon(shop.ask(&hello_stream())).await;
        let cost = i64::try_from(hello_stream().to_string().len()).unwrap() * 1_000 + 50_000;
        let told = format!(": keypurse-cost=0.{cost:09}");
        assert!(
            answer.text.contains(told.trim_end_matches('0')),
            "{name}: {}",
            answer.text
        );
        assert!(!answer.text.contains("[DONE]"), "{name}");
        let last = super::data(&answer.text)
            .last()
            .copied()
            .unwrap_or_default();
        let last: Value = serde_json::from_str(last).unwrap();
        assert!(
            last["error"].to_string().contains(expected_end),
            "{name}: {last}"
        );
        shop.app.settled().await;
        assert_eq!(
            1_000_000_000 - shop.balance_now().await.nanos(),
            cost,
            "{name}"
        );
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn a_stream_that_breaks_after_its_usage_is_charged_the_usage() {
    let shop = Shop::open("1").await;
    shop.upstream
        .next(Reply::stream().chunk("ab").usage(&usage(10, 20)).breaks());
    let answer = shop.ask(&hello_stream()).await;
    assert!(answer.text.contains("upstream_error") && !answer.text.contains("[DONE]"));
    assert_eq!(shop.balance().await, "0.99979");
}
