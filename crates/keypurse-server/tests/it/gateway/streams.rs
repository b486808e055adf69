//! Streamed answers.

use std::time::Duration;

use http_body_util::BodyExt;
use keypurse_core::money::Money;
use keypurse_store::Tokens as _;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::http_client::Client;
use super::{CHAT, Shop, data, hello_stream, said, soon, with};

#[tokio::test]
async fn a_stream_is_charged_exactly_and_tells_its_cost_in_a_comment() {
    let shop = Shop::open("1").await;
    shop.upstream
        .next(Reply::chat_stream(&["Hel", "lo"], &usage(10, 20)));
    let answer = shop.ask(&hello_stream()).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(said(&answer.text), "Hello");
    assert!(
        answer
            .text
            .ends_with("\n\n: keypurse-cost=0.00021\n\ndata: [DONE]\n\n"),
        "{}",
        answer.text
    );
    assert!(
        !answer.text.contains("prompt_tokens"),
        "usage nobody asked for"
    );
    let sent = shop.upstream.last().json();
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    assert_eq!(shop.balance().await, "0.99979");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_client_that_asks_for_usage_gets_it_with_the_cost() {
    let shop = Shop::open("1").await;
    let asking = with(
        hello_stream(),
        "stream_options",
        json!({"include_usage": true}),
    );
    shop.upstream
        .next(Reply::chat_stream(&["Hi"], &usage(10, 20)));
    let answer = shop.ask(&asking).await;
    let events = data(&answer.text);
    let [.., last, done] = events.as_slice() else {
        panic!("{}", answer.text)
    };
    assert_eq!(*done, "[DONE]");
    assert!(
        last.ends_with(r#""total_tokens":30,"cost":0.00021},"cost":0.00021}"#)
            && last.contains(r#""choices":[]"#),
        "{last}"
    );
    assert!(!answer.text.contains(": keypurse-cost"));
    let sent = shop.upstream.last().body;
    assert_eq!(sent.matches("stream_options").count(), 1, "{sent}");
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn usage_is_told_to_who_asks_however_a_stream_ends() {
    let begun = || Reply::stream().chunk("abc");
    let part = json!({"id": "c", "created": 1, "model": "m", "usage": usage(1, 1),
        "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]});
    let error = json!({"error": {"message": "no", "type": "server_error"}});
    for (name, reply, output) in [
        ("usage is not told", begun().finish().done(), 3),
        ("it breaks", begun().breaks(), 3),
        ("an error ends it", begun().data(&error), 3),
        (
            "usage of a part was told",
            Reply::stream().data(&part).chunk("bcd").breaks(),
            4,
        ),
    ] {
        let shop = Shop::open("1").await;
        let options = json!({"include_usage": true});
        shop.upstream.next(reply);
        let asking = with(hello_stream(), "stream_options", options);
        let answer = shop.ask(&asking).await;
        let usages: Vec<Value> = data(&answer.text)
            .into_iter()
            .filter_map(|data| serde_json::from_str(data).ok())
            .filter(|chunk: &Value| chunk["usage"].is_object())
            .collect();
        assert_eq!(usages.len(), 1, "{name}: {}", answer.text);
        assert_eq!(usages[0]["choices"], json!([]), "{name}");
        let told = &usages[0]["usage"];
        assert_eq!(told["completion_tokens"], json!(output), "{name}");
        let charged = shop.charged().await;
        let cost = Money::parse_text(&told["cost"].to_string()).unwrap();
        assert_eq!(cost.nanos(), charged, "{name}");
        assert!(!answer.text.contains(": keypurse-cost"), "{name}");
    }
}

#[tokio::test]
async fn stream_options_are_kept_and_usage_is_asked_for() {
    let shop = Shop::open("1").await;
    for (given, sent) in [
        (json!(null), json!({"include_usage": true})),
        (json!({}), json!({"include_usage": true})),
        (
            json!({"include_usage": false}),
            json!({"include_usage": true}),
        ),
        (json!({"x": 1}), json!({"x": 1, "include_usage": true})),
    ] {
        shop.upstream
            .next(Reply::chat_stream(&["Hi"], &usage(10, 20)));
        let answer = shop
            .ask(&with(hello_stream(), "stream_options", given.clone()))
            .await;
        assert!(!answer.text.contains("prompt_tokens"), "{given}");
        assert_eq!(
            shop.upstream.last().json()["stream_options"],
            sent,
            "{given}"
        );
    }
    assert_eq!(shop.balance().await, "0.99916");
}

#[tokio::test]
async fn bytes_pass_through_unchanged_and_as_they_come() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let first = "data: {\"choices\" : [{\"delta\":{\"content\":\"a\\u00e9\"}}],\"x\":1.0}\r\n\r\n";
    let reply = Reply::stream()
        .raw(": keep-alive\n\n")
        .raw(&first[..20])
        .raw(&first[20..])
        .wait(&gate)
        .raw(": still here\n\n")
        .finish()
        .usage(&usage(10, 20))
        .done();
    shop.upstream.next(reply);
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    let frame = soon(body.frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), first.as_bytes());
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    assert!(rest.starts_with(b": still here\n\ndata: {"));
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn usage_on_content_chunks_is_hidden_and_the_last_one_counts() {
    let shop = Shop::open("1").await;
    let chunk = |text: &str, output: u64| {
        json!({"id": "c", "created": 1, "model": "m", "usage": usage(10, output),
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]})
    };
    let reply = || {
        Reply::stream()
            .data(&chunk("a", 1))
            .data(&chunk("b", 20))
            .done()
    };
    shop.upstream.next(reply());
    let answer = shop.ask(&hello_stream()).await;
    assert_eq!(said(&answer.text), "ab");
    assert!(!answer.text.contains("prompt_tokens") && answer.text.contains(r#""usage":null"#));
    shop.upstream.next(reply());
    let asking = with(
        hello_stream(),
        "stream_options",
        json!({"include_usage": true}),
    );
    let answer = shop.ask(&asking).await;
    assert_eq!(
        answer.text.matches("prompt_tokens").count(),
        1,
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains(r#""completion_tokens":20"#),
        "{}",
        answer.text
    );
    assert_eq!(shop.balance().await, "0.99958");
}

#[tokio::test]
async fn a_provider_that_sends_no_mark_at_the_end_is_complete_all_the_same() {
    let shop = Shop::open("1").await;
    let reply = Reply::stream().chunk("Hi").finish().raw(&format!(
        "data: {}",
        json!({"choices": [], "usage": usage(10, 20)})
    ));
    shop.upstream.next(reply);
    let answer = shop.ask(&hello_stream()).await;
    assert!(
        answer
            .text
            .ends_with(": keypurse-cost=0.00021\n\ndata: [DONE]\n\n"),
        "{}",
        answer.text
    );
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn l4_what_is_delivered_is_covered_on_disk_first() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let long = "x".repeat(1500);
    let reply = Reply::stream()
        .chunk("a")
        .wait(&gate)
        .chunk(&long)
        .wait(&gate)
        .done();
    shop.upstream.next(reply);
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    let request_bytes = u64::try_from(hello_stream().to_string().len()).unwrap();
    // One token per byte: what was sent, what came, and a block of 1024.
    for text_bytes in [1, 1501] {
        soon(body.frame()).await.unwrap().unwrap();
        let output = (text_bytes + 1024).min(1000);
        let floor = request_bytes * 1000 + output * 10_000;
        let crashed = shop.app.after_crash();
        let token = crashed
            .store
            .token_by_id(shop.token)
            .await
            .unwrap()
            .unwrap();
        let charged = 1_000_000_000 - token.balance.nanos();
        assert_eq!(charged, i64::try_from(floor).unwrap(), "after {text_bytes}");
        gate.let_pass(1);
    }
    drop(body);
    shop.app.settled().await;
}

#[tokio::test]
async fn l5_the_end_of_a_stream_waits_for_its_charge() {
    let shop = Shop::open("1").await;
    shop.upstream
        .next(Reply::chat_stream(&["Hi"], &usage(10, 20)));
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    let mut seen = String::new();
    while !seen.ends_with("data: [DONE]\n\n") {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    // No wait for the call's task: the charge must be there already.
    assert_eq!(shop.balance_now().await.to_string(), "0.99979");
}

#[tokio::test]
async fn small_chunks_are_not_held_back() {
    let shop = Shop::open("1").await;
    let server = shop.app.serve().await;
    let gate = Gate::new();
    let reply = (0..50).fold(Reply::stream(), |reply, _| reply.chunk("x").wait(&gate));
    shop.upstream
        .next(reply.finish().usage(&usage(10, 20)).done());
    let mut client = Client::connect(server.base_url()).await;
    let (_, mut stream) = soon(client.open(CHAT, &shop.secret, &hello_stream())).await;
    // With Nagle's algorithm on either side each would wait 40 ms: 2 s in all.
    let all = async {
        for _ in 0..50 {
            stream.frame().await.unwrap().unwrap();
            gate.let_pass(1);
        }
        stream.collect().await.unwrap()
    };
    tokio::time::timeout(Duration::from_secs(1), all)
        .await
        .expect("no stalls");
    server.stop().await;
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn usage_of_a_part_is_not_the_last_word_on_a_stream_that_broke_off() {
    let shop = Shop::open("1").await;
    let early = json!({"id": "c", "created": 1, "model": "m", "usage": usage(10, 1),
        "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]});
    let reply = Reply::stream().data(&early).chunk(&"x".repeat(499));
    shop.upstream.next(reply.breaks());
    shop.ask(&hello_stream()).await;
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    shop.app.settled().await;
    let call = shop.app.calls()[0];
    assert!(call.estimated);
    assert_eq!(call.charged.nanos(), sent * 1_000 + 500 * 10_000);
}
