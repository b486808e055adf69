//! What is charged when a provider says something odd about usage.

use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{Shop, hello, hello_stream};

/// What a call is charged when counted: one token per byte of the request and
/// of the answer's text.
fn counted(request: &Value, text: &str) -> i64 {
    let bytes = |text: &str| i64::try_from(text.len()).unwrap();
    bytes(&request.to_string()) * 1_000 + bytes(text) * 10_000
}

#[tokio::test]
async fn usage_is_charged_as_reported_where_it_can_be() {
    let details = json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 15}});
    let hidden = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 30});
    for (reported, expected) in [
        (usage(10, 20), 210_000),
        (usage(0, 0), 0),
        (usage(1, 0), 1_000),
        (details, 210_000),
        (hidden, 210_000),
        // Output beyond the visible text is plausible: models reason.
        (usage(10, 1000), 10_010_000),
    ] {
        check(&reported, "Hello", expected).await;
    }
}

#[tokio::test]
async fn usage_that_cannot_be_is_counted_instead() {
    let huge = 9_223_372_036_854_775_808_u64;
    for reported in [
        json!(null),
        json!("5"),
        json!([10, 20]),
        json!({}),
        json!({"prompt_tokens": 10}),
        json!({"prompt_tokens": -10, "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": -20}),
        json!({"prompt_tokens": 10.5, "completion_tokens": 20}),
        json!({"prompt_tokens": "10", "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": huge}),
        json!({"prompt_tokens": huge, "completion_tokens": huge}),
        json!({"prompt_tokens": 10, "completion_tokens": 1e300}),
        // More output than the limit sent, more input than bytes sent.
        json!({"prompt_tokens": 10, "completion_tokens": 1001}),
        json!({"prompt_tokens": 5000, "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 11}}),
        json!({"prompt_tokens": 10, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 21}}),
    ] {
        check(&reported, "Grüße", counted(&hello(), "Grüße")).await;
    }
}

/// The same usage costs the same, streamed or not.
async fn check(reported: &Value, text: &str, expected: i64) {
    let shop = Shop::open("1").await;
    shop.upstream.next(Reply::chat(text, reported));
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 200, "{reported}: {}", answer.text);
    let balance = shop.balance_now().await.nanos();
    assert_eq!(1_000_000_000 - balance, expected, "{reported}");

    let mut expected = expected;
    if counted(&hello(), text) == expected {
        expected = counted(&hello_stream(), text);
    }
    shop.upstream.next(Reply::chat_stream(&[text], reported));
    let answer = shop.ask(&hello_stream()).await;
    assert!(
        answer.text.ends_with("data: [DONE]\n\n"),
        "{reported}: {}",
        answer.text
    );
    shop.app.settled().await;
    let streamed = balance - shop.balance_now().await.nanos();
    assert_eq!(streamed, expected, "{reported}, streamed");
    shop.app.finish().await;
}

#[tokio::test]
async fn more_text_than_was_held_for_is_charged_no_more_than_the_hold() {
    let shop = Shop::open("1").await;
    let long = "x".repeat(100_000);
    shop.upstream.next(Reply::chat(&long, &Value::Null));
    assert_eq!(shop.ask(&hello()).await.status, 200);
    let cost = counted(&hello(), &"x".repeat(1000));
    assert_eq!(1_000_000_000 - shop.balance_now().await.nanos(), cost);
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 0);
}

#[tokio::test]
async fn a_provider_that_sends_single_characters_is_not_cut() {
    let shop = Shop::open("1").await;
    let body = super::with(hello_stream(), "max_tokens", json!(5));
    let letters = (0..20).fold(Reply::stream(), |reply, _| reply.chunk("x"));
    shop.upstream
        .next(letters.finish().usage(&usage(10, 5)).done());
    let answer = shop.ask(&body).await;
    assert_eq!(super::said(&answer.text), "x".repeat(20));
    assert_eq!(shop.balance().await, "0.99994");
}

#[tokio::test]
async fn a_stream_with_more_output_than_allowed_is_cut_politely() {
    let shop = Shop::open("1").await;
    let body = super::with(hello_stream(), "max_tokens", json!(30));
    let words = |reply: Reply, count| (0..count).fold(reply, |reply, _| reply.chunk("word "));
    let reply = words(Reply::stream(), 130).wait(&Gate::new());
    shop.upstream
        .next(words(reply, 2696).finish().usage(&usage(10, 2826)).done());
    let answer = shop.ask(&body).await;
    let chunks = super::data(&answer.text);
    assert_eq!(super::said(&answer.text).matches("word").count(), 120);
    let [.., last, done] = chunks.as_slice() else {
        panic!("{}", answer.text)
    };
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "length");
    assert_eq!(*done, "[DONE]");
    super::soon(shop.upstream.wait_for_cancelled(1)).await;
    // Counted, and never more than the 30 tokens that were held for.
    let cost = counted(&body, &"x".repeat(30));
    shop.app.settled().await;
    assert_eq!(1_000_000_000 - shop.balance_now().await.nanos(), cost);
}
