//! Counting with the vendor's vocabulary, where it is public: for calls whose
//! usage is missing, and for money that does not cover a request's bytes.

use http_body_util::BodyExt;
use keypurse_providers::tokenizer::{Tokenizer, warm};
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{Shop, soon};

const TEXT: &str = "The quick brown fox jumps over the lazy dog, and nobody minds. ";

fn ask(model: &str, repeated: usize) -> Value {
    let content = TEXT.repeat(repeated);
    json!({"model": model, "max_tokens": 300,
        "messages": [{"role": "user", "content": content}]})
}

/// A node whose vocabularies are there.
async fn counting(balance: &str) -> Shop {
    warm();
    Shop::named("openai", balance).await
}

#[tokio::test]
async fn an_answer_without_usage_is_charged_by_its_tokens() {
    let shop = counting("1").await;
    shop.upstream
        .next(Reply::chat(&TEXT.repeat(4), &Value::Null));
    let answer = shop.ask(&ask("openai/gpt-4o", 8)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
    let said = tokenizer.count(&TEXT.repeat(4));
    // Role and names of a message have one token each, its marks four.
    let read = tokenizer.count(&TEXT.repeat(8)) + 3 + 4;
    let nanos = read * 2_500 + said * 10_000;
    assert_eq!(shop.charged().await, i64::try_from(nanos).unwrap());
    assert!(read < 150 && said < 80, "{read} {said}");
    assert!(shop.app.calls()[0].estimated);
    assert_eq!(shop.audited().await.calls, 1);
}

#[tokio::test]
async fn a_long_answer_without_usage_is_charged_no_more_than_its_limit() {
    let shop = counting("1").await;
    shop.upstream
        .next(Reply::chat(&TEXT.repeat(1000), &Value::Null));
    assert_eq!(shop.ask(&ask("openai/gpt-4o", 400)).await.status, 200);
    let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
    let read = tokenizer.count(&TEXT.repeat(400)) + 3 + 4;
    let nanos = read * 2_500 + 300 * 10_000;
    assert_eq!(shop.charged().await, i64::try_from(nanos).unwrap());
}

#[tokio::test]
async fn l4_a_crash_charges_the_tokens_that_were_sent_and_a_block_not_the_bytes() {
    let shop = counting("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("Hello").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10_000, 20)).done());
    let mut body = ask("openai/gpt-4o", 700);
    body["max_tokens"] = json!(4000);
    body["stream"] = json!(true);
    let mut stream = shop.request(&body).open().await.into_body();
    soon(stream.frame()).await.unwrap().unwrap();
    let crashed = shop.app.after_crash();
    let [call] = &*crashed.calls() else {
        panic!("one call")
    };
    let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
    let read = tokenizer.count(&TEXT.repeat(700)) + 3 + 4;
    let nanos = |output: u64| i64::try_from(read * 2_500 + output * 10_000).unwrap();
    // The vendor may count a sixteenth more, and has a template and marks.
    let margin = i64::try_from((read / 16 + 160) * 2_500).unwrap();
    let charged = call.charged.nanos();
    assert!(
        (nanos(1)..=nanos(1024 + 2) + margin).contains(&charged),
        "{call:?}"
    );
    gate.let_pass(1);
    soon(stream.collect()).await.unwrap();
    shop.app.finish().await;
}

#[tokio::test]
async fn money_that_covers_the_tokens_but_not_the_bytes_is_enough() {
    // 64 kB are 160 thousandths of a dollar as bytes, 35 as tokens.
    let shop = counting("0.06").await;
    let body = ask("openai/gpt-4o", 1000);
    shop.upstream.next(Reply::chat("Hi", &usage(14_000, 20)));
    let answer = shop.ask(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-keypurse-output-limit"), "");
    assert_eq!(shop.upstream.last().json()["max_tokens"], 300);
    assert_eq!(shop.balance().await, "0.0248");
    assert!(!shop.app.calls()[0].estimated);
}

#[tokio::test]
async fn a_clamped_call_gets_what_its_tokens_leave() {
    // Bytes would leave some 280 tokens of output, the count leaves all.
    let body = ask("openai/gpt-4o", 100);
    let bytes = i64::try_from(body.to_string().len()).unwrap() + 64;
    let nanos = bytes * 2_500 + 280 * 10_000;
    let shop = counting(&format!("0.{nanos:09}")).await;
    let answer = shop.ask(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-keypurse-output-limit"), "");
    assert_eq!(shop.upstream.last().json()["max_tokens"], 300);
}

#[tokio::test]
async fn money_that_does_not_cover_the_tokens_is_not_enough() {
    let shop = counting("0.03").await;
    let answer = shop.ask(&ask("openai/gpt-4o", 1000)).await;
    assert_eq!(answer.status, 402, "{}", answer.text);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn without_a_public_vocabulary_bytes_stay_the_bound() {
    warm();
    let shop = Shop::named("mistral", "0.06").await;
    let body = ask("mistral/mistral-large-latest", 2000);
    let answer = shop.ask(&body).await;
    assert_eq!(answer.status, 402, "{}", answer.text);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn a_stream_that_begins_before_the_vocabulary_is_there_is_counted_by_it() {
    let shop = Shop::named("openai", "1").await;
    let gate = Gate::new();
    let text = TEXT.repeat(20);
    let reply = Reply::stream().chunk("Hello").wait(&gate).chunk(&text);
    shop.upstream.next(reply.finish().done());
    let mut request = ask("openai/gpt-4o", 1);
    request["stream"] = json!(true);
    request["max_tokens"] = json!(2000);
    let mut body = shop.request(&request).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    warm();
    gate.let_pass(1);
    soon(body.collect()).await.unwrap();
    let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
    let said = i64::try_from(tokenizer.count(&text)).unwrap();
    let charged = shop.charged().await;
    // What came before is counted in bytes, if it was counted.
    let input = request.to_string().len() * 2_500;
    let most = i64::try_from(input).unwrap() + (said + 6) * 10_000;
    assert!(said < 320 && charged <= most, "{charged}");
    assert!(charged >= said * 10_000, "{charged}");
    assert_eq!(shop.audited().await.calls, 1);
}
