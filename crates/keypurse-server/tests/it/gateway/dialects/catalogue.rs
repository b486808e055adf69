//! Models of the catalogue, at providers that speak their vendors' dialects.

use keypurse_server::gateway::{Dialect, GatewayConfig, ProviderConfig, ProviderKind, StreamHold};
use keypurse_testkit::upstream::{Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::{MESSAGES, greeting, message, used};
use crate::gateway::{Shop, config, with};

/// A shop with one provider of this name, at the catalogue's prices.
async fn named(name: &str, dialect: Dialect, balance: &str) -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    name.clone_into(&mut config.providers[0].name);
    if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
        settings.dialect = dialect;
    }
    config.prices.clear();
    Shop::of(upstream, config, balance).await
}

fn claude(content: &Value) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 100,
        "messages": [{"role": "user", "content": content}]})
}

#[tokio::test]
async fn a_bare_name_reaches_its_vendor_at_its_published_price() {
    let shop = named("anthropic", Dialect::Anthropic, "1").await;
    let cached = json!({"input_tokens": 100, "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 200, "output_tokens": 50});
    shop.upstream.always(message("Hello", &cached));
    let text =
        json!([{"type": "text", "text": "x".repeat(2000), "cache_control": {"type": "ephemeral"}}]);
    let answer = shop.send_message(&claude(&text)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["provider"], "anthropic");
    // A dollar for a million, a tenth of it, 1.25 and five.
    assert_eq!(
        shop.charged().await,
        100 * 1000 + 1000 * 100 + 200 * 1250 + 50 * 5000
    );
}

#[tokio::test]
async fn an_image_is_held_at_its_published_size_in_either_dialect() {
    let data = "iVBORw0K".repeat(20_000);
    let image = json!([{"type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data}}]);
    let address = format!("data:image/png;base64,{data}");
    let chat = json!({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user",
        "content": [{"type": "image_url", "image_url": {"url": address}}]}]});
    // 1,600 tokens cost 0.0016; the bytes alone would cost a hundred times that.
    for (path, body) in [(MESSAGES, claude(&image)), ("/v1/chat/completions", chat)] {
        let shop = named("anthropic", Dialect::Anthropic, "0.003").await;
        shop.upstream.always(message("Hello", &used(1500, 5)));
        let answer = shop
            .app
            .post(path)
            .key(&shop.secret)
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn a_document_is_held_at_the_models_input_limit() {
    let document = json!([{"type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}]);
    for (balance, status) in [("0.1", 402), ("1", 200)] {
        let shop = named("anthropic", Dialect::Anthropic, balance).await;
        shop.upstream.always(message("Hello", &used(1500, 5)));
        let answer = shop.send_message(&claude(&document)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn what_is_made_explicit_for_a_chat_is_so_for_a_translated_one() {
    let shop = named("openai", Dialect::OpenAi, "1").await;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let request = with(greeting(), "model", json!("gpt-5-mini"));
    let answer = shop.send_message(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = shop.upstream.last().json();
    assert_eq!(sent["service_tier"], "default");
    assert_eq!(sent["model"], "gpt-5-mini");
}

#[tokio::test]
async fn the_demo_answers_messages_too() {
    let demo = ProviderConfig {
        name: "demo".to_owned(),
        kind: ProviderKind::Demo,
        free: false,
        stream_hold: StreamHold::Blocks,
    };
    let config = GatewayConfig {
        providers: vec![demo],
        ..GatewayConfig::default()
    };
    let shop = Shop::of(ScriptedUpstream::start().await, config, "1").await;
    let request = with(greeting(), "model", json!("demo/echo"));
    let answer = shop.send_message(&request).await.json();
    assert_eq!(answer["type"], "message");
    assert!(answer["cost"].as_f64().unwrap() > 0.0);
    let stream = shop
        .send_message(&with(request, "stream", json!(true)))
        .await;
    assert_eq!(super::kinds(&stream.text).last().unwrap(), "message_stop");
    assert!(shop.charged().await > 0);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_model_for_something_else_is_not_chatted_with() {
    let shop = named("openai", Dialect::OpenAi, "1").await;
    let request = with(greeting(), "model", json!("text-embedding-3-small"));
    let answer = shop.send_message(&request).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    let anthropic = named("anthropic", Dialect::Anthropic, "1").await;
    let embed = json!({"model": "anthropic/claude-haiku-4-5", "input": "x"});
    let answer = anthropic
        .app
        .post("/v1/embeddings")
        .key(&anthropic.secret)
        .json(&embed);
    assert_eq!(answer.send().await.status, 404);
}
