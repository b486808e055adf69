//! `chat/completions` at a provider that speaks Gemini's dialect.

use keypurse_server::gateway::Dialect;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{candidates, gemini_used, shop};
use crate::gateway::{UPSTREAM_KEY, data, hello, hello_stream, said, with};

#[tokio::test]
async fn a_chat_reaches_the_provider_in_its_own_words_and_comes_back() {
    let shop = shop(Dialect::Gemini, "1").await;
    let answer = shop.ask(&hello()).await;
    let sent = shop.upstream.last();
    assert_eq!(sent.path, "/v1/models/m:generateContent");
    assert_eq!(sent.headers["x-goog-api-key"], UPSTREAM_KEY);
    let body = sent.json();
    assert_eq!(body["contents"][0]["parts"][0]["text"], "Hi");
    assert_eq!(body["generationConfig"]["maxOutputTokens"], 1000);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello!");
    assert_eq!(answer.json()["provider"], "up");
    assert_eq!(shop.charged().await, 210_000);
    shop.app.finish().await;
}

#[tokio::test]
async fn thoughts_are_output_and_cached_input_is_cheaper() {
    let shop = shop(Dialect::Gemini, "1").await;
    let usage = json!({"promptTokenCount": 30, "cachedContentTokenCount": 20,
        "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 42});
    shop.upstream
        .always(Reply::json(200, &candidates("Hi", &usage)));
    let answer = shop.ask(&hello()).await.json();
    assert_eq!(answer["usage"]["completion_tokens"], 12);
    assert_eq!(shop.charged().await, 10 * 1000 + 20 * 100 + 12 * 10_000);
}

#[tokio::test]
async fn a_stream_comes_back_as_chunks() {
    let shop = shop(Dialect::Gemini, "1").await;
    let first = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}],
        "usageMetadata": {"promptTokenCount": 10}});
    let reply = Reply::stream()
        .data(&first)
        .data(&candidates("lo", &gemini_used(10, 20)));
    shop.upstream.always(reply);
    let answer = shop.ask(&hello_stream()).await;
    let path = shop.upstream.last().path;
    assert!(
        path.starts_with("/v1/models/m:streamGenerateContent"),
        "{path}"
    );
    assert_eq!(said(&answer.text), "Hello");
    assert_eq!(data(&answer.text).last(), Some(&"[DONE]"));
    assert!(answer.text.contains(": keypurse-cost=0.00021"));
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn who_wants_one_call_gets_the_first_one() {
    let shop = shop(Dialect::Gemini, "1").await;
    let mut called = candidates("Hi", &gemini_used(10, 20));
    let calls = ["f", "g"].map(|name| json!({"functionCall": {"name": name, "args": {}}}));
    called["candidates"][0]["content"]["parts"] = json!(calls);
    let tool = json!([{"type": "function", "function": {"name": "f"}}]);
    for (parallel, streamed, expected) in [
        (true, false, 2),
        (false, false, 1),
        (true, true, 2),
        (false, true, 1),
    ] {
        let mut request = if streamed { hello_stream() } else { hello() };
        request["tools"] = tool.clone();
        request["parallel_tool_calls"] = json!(parallel);
        let reply = Reply::stream().data(&called);
        let whole = Reply::json(200, &called);
        shop.upstream.always(if streamed { reply } else { whole });
        let answer = shop.ask(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let named = answer.text.matches(r#""arguments":"{}""#).count();
        assert_eq!(named, expected, "{}", answer.text);
    }
    assert_eq!(shop.charged().await, 4 * 210_000);
}

#[tokio::test]
async fn a_stream_that_breaks_is_charged_for_what_came() {
    let shop = shop(Dialect::Gemini, "1").await;
    let first = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}]});
    shop.upstream.always(Reply::stream().data(&first).breaks());
    let answer = shop.ask(&hello_stream()).await;
    let last: Value = serde_json::from_str(data(&answer.text).last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_error");
    let bytes = i64::try_from(shop.upstream.last().body.len()).unwrap();
    assert_eq!(shop.charged().await, bytes * 1000 + 3 * 10_000);
}

#[tokio::test]
async fn a_long_note_beside_an_image_hides_no_text_from_the_hold() {
    let shop = shop(Dialect::Gemini, "0.004").await;
    // The note is part of the image's address and is not sent.
    let note = "x".repeat(4000);
    let address = format!("data:image/png;{note};base64,aGk=");
    let image = json!({"type": "image_url", "image_url": {"url": address}});
    let text = json!({"type": "text", "text": "y".repeat(4000)});
    let request = with(
        hello(),
        "messages",
        json!([{"role": "user", "content": [text, image]}]),
    );
    let answer = shop.ask(&with(request, "max_tokens", json!(1))).await;
    assert!([400, 402].contains(&answer.status), "{}", answer.text);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn a_refusal_comes_back_as_the_client_reads_errors() {
    let shop = shop(Dialect::Gemini, "1").await;
    let error =
        json!({"error": {"code": 400, "message": "bad schema", "status": "INVALID_ARGUMENT"}});
    shop.upstream.always(Reply::json(400, &error));
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["message"], "bad schema");
    shop.upstream.always(Reply::json(403, &error));
    assert_eq!(shop.ask(&hello()).await.status, 502);
    assert_eq!(shop.charged().await, 0);
}
