//! `POST embeddings`.

use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::endpoints::vectors;
use super::{Shop, config};
use keypurse_providers::tokenizer::warm;
use keypurse_testkit::upstream::ScriptedUpstream;

const EMBEDDINGS: &str = "/v1/embeddings";

fn used(tokens: u64) -> Value {
    json!({"prompt_tokens": tokens, "total_tokens": tokens})
}

#[tokio::test]
async fn whatever_may_become_vectors_passes_byte_for_byte() {
    let shop = Shop::open("1").await;
    for input in [
        "\"Hi \\u00e9\"",
        "[\"a\", \"b\"]",
        "[1, 2,3]",
        "[[1,2],[3]]",
    ] {
        let rest = format!(
            "\"input\":{input},\"encoding_format\":\"base64\",\"dimensions\":2,\"user\":\"u\"}}"
        );
        shop.upstream.next(Reply::json(200, &vectors(&used(3))));
        let call = shop.app.post(EMBEDDINGS).key(&shop.secret);
        let call = call.json_text(format!("{{\"model\":\"up/m\",{rest}"));
        let answer = call.send().await;
        assert_eq!(answer.status, 200, "{input}: {}", answer.text);
        let sent = shop.upstream.last().body;
        assert_eq!(sent, format!("{{\"model\":\"m\",{rest}"));
        // What a float would have changed is as it was.
        assert!(answer.text.contains("-2e-7"), "{}", answer.text);
    }
    assert_eq!(shop.charged().await, 4 * 3_000);
}

#[tokio::test]
async fn what_cannot_become_vectors_is_refused() {
    let shop = Shop::open("1").await;
    let too_many = vec!["a"; 2049];
    for (member, value) in [
        ("input", json!([])),
        ("input", json!(7)),
        ("input", json!({"text": "a"})),
        ("input", json!([[], [1]])),
        ("input", json!([1, "a"])),
        ("input", json!([-1])),
        ("input", json!([1.5])),
        ("input", json!([null])),
        ("input", json!(too_many)),
        ("encoding_format", json!("hex")),
        ("dimensions", json!(0)),
        ("dimensions", json!("2")),
        ("stream", json!(true)),
    ] {
        let mut body = json!({"model": "up/m", "input": "Hi"});
        body[member] = value.clone();
        let answer = shop.call(EMBEDDINGS, &body).send().await;
        assert_eq!(answer.status, 400, "{member} {value}: {}", answer.text);
        assert_eq!(answer.json()["error"]["param"], member, "{value}");
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn money_that_covers_the_tokens_but_not_the_bytes_is_enough() {
    warm();
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    "openai".clone_into(&mut config.providers[0].name);
    config.prices.clear();
    // At $0.02 a million, 20 nanos a token: for 400 tokens, not for 4000 bytes.
    let shop = Shop::of(upstream, config, "0.000008").await;
    shop.upstream.always(Reply::json(200, &vectors(&used(200))));
    let ask = |input: Value| json!({"model": "text-embedding-3-small", "input": input});
    let tokens = vec![12_345; 200];
    for input in [json!("word ".repeat(200)), json!(tokens)] {
        let answer = shop.call(EMBEDDINGS, &ask(input)).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        shop.app.settled().await;
        assert_eq!(answer.header("x-keypurse-cost"), "0.000004");
        let refill = json!({"balance": 0.000_008});
        let refilled = shop.app.patch("/v2/user/custom_token/t/").json(&refill);
        assert_eq!(refilled.send().await.status, 200);
    }
    let answer = shop
        .call(EMBEDDINGS, &ask(json!("word ".repeat(800))))
        .send()
        .await;
    assert_eq!(answer.status, 402, "{}", answer.text);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_model_for_something_else_makes_no_vectors() {
    let shop = Shop::named("openai", "1").await;
    for (path, model, what) in [
        (EMBEDDINGS, "gpt-4o-mini", "embeddings"),
        (
            "/v1/chat/completions",
            "text-embedding-3-small",
            "chat completions",
        ),
    ] {
        let body = json!({"model": model, "input": "Hi",
            "messages": [{"role": "user", "content": "Hi"}]});
        // The same a second time, when the model is known.
        for _ in 0..2 {
            let answer = shop.call(path, &body).send().await;
            assert_eq!(answer.status, 404, "{}", answer.text);
            let message = answer.json()["error"]["message"].to_string();
            assert!(message.contains(&format!("not for {what}")), "{message}");
        }
    }
    assert!(shop.upstream.received().is_empty());
}
