//! Clients of one dialect, providers of another: calls go through, are charged
//! to the nano-dollar, and fail as those of one dialect do.

mod anthropic;
mod broken;
mod catalogue;
mod count_tokens;
mod gemini;
mod messages;
mod native;
mod responses;
mod rows;

use keypurse_core::price::{Price, Rates};
use keypurse_server::gateway::{Dialect, GatewayConfig, ProviderKind, StreamHold};
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::{Shop, config, rate};

const MESSAGES: &str = "/v1/messages";

/// A shop whose provider speaks `dialect`. `up/m` has its usual prices, and
/// for cached input a tenth, for a cache write 1.25 or, for an hour, twice.
async fn shop(dialect: Dialect, balance: &str) -> Shop {
    shop_with(dialect, balance, |_| {}).await
}

async fn shop_with(
    dialect: Dialect,
    balance: &str,
    change: impl FnOnce(&mut GatewayConfig),
) -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
        settings.dialect = dialect;
    }
    config.prices[0].price = Price::flat(Rates {
        input: rate("1"),
        output: rate("10"),
        cached_input: Some(rate("0.1")),
        cache_write: Some(rate("1.25")),
        cache_write_long: Some(rate("2")),
        ..Rates::default()
    });
    change(&mut config);
    let shop = Shop::of(upstream, config, balance).await;
    shop.upstream.always(match dialect {
        Dialect::OpenAi => Reply::chat("Hello!", &keypurse_testkit::upstream::usage(10, 20)),
        Dialect::Anthropic => message("Hello!", &used(10, 20)),
        Dialect::Gemini => Reply::json(200, &candidates("Hello!", &gemini_used(10, 20))),
    });
    shop
}

fn in_blocks(config: &mut GatewayConfig) {
    config.providers[0].stream_hold = StreamHold::Blocks;
    config.prices[0].max_output_tokens = None;
}

async fn set_balance(shop: &Shop, balance: &str) {
    let change = shop.app.patch("/v2/user/custom_token/t/");
    let changed = change.json(&json!({ "balance": balance })).send().await;
    assert_eq!(changed.status, 200);
}

impl Shop {
    /// A `messages` request with the token, as Anthropic's SDKs send it.
    async fn send_message(&self, body: &Value) -> TestAnswer {
        let request = self.app.post(MESSAGES).without_key();
        request
            .header("x-api-key", &self.secret)
            .json(body)
            .send()
            .await
    }
}

/// A small `messages` request.
fn greeting() -> Value {
    json!({"model": "up/m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]})
}

fn greeting_stream() -> Value {
    super::with(greeting(), "stream", json!(true))
}

/// Usage as Anthropic reports it.
fn used(input: u64, output: u64) -> Value {
    json!({"input_tokens": input, "output_tokens": output})
}

fn gemini_used(input: u64, output: u64) -> Value {
    json!({"promptTokenCount": input, "candidatesTokenCount": output,
        "totalTokenCount": input + output})
}

/// A whole message.
fn message(text: &str, usage: &Value) -> Reply {
    Reply::json(
        200,
        &json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
            "stop_sequence": null, "usage": usage}),
    )
}

/// Gemini's whole answer, or one event of its stream.
fn candidates(text: &str, usage: &Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": "STOP", "index": 0}], "usageMetadata": usage,
        "modelVersion": "gemini", "responseId": "r1"})
}

/// One of Anthropic's events.
fn event(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap()
    )
}

/// The beginning of a message's stream, with a block of text for these.
fn begun(texts: &[&str], input: u64) -> String {
    let mut events = event(&json!({"type": "message_start", "message": {"id": "msg_1",
        "type": "message", "role": "assistant", "model": "claude", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": used(input, 1)}}));
    events += &event(&json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "text", "text": ""}}));
    for text in texts {
        events += &event(&json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": text}}));
    }
    events
}

/// The end of it.
fn ended(usage: &Value) -> String {
    let mut end = json!({"type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": null}});
    if !usage.is_null() {
        end["usage"] = usage.clone();
    }
    event(&json!({"type": "content_block_stop", "index": 0}))
        + &event(&end)
        + &event(&json!({"type": "message_stop"}))
}

/// A whole stream.
fn message_stream(texts: &[&str], input: u64, usage: &Value) -> Reply {
    Reply::stream().raw(&(begun(texts, input) + &ended(usage)))
}

/// The data of each event of a message's stream.
fn events(stream: &str) -> Vec<Value> {
    let data = super::data(stream).into_iter();
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// What a message's stream says, joined.
fn said(stream: &str) -> String {
    let events = events(stream);
    let texts = events
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str());
    texts.collect()
}

/// The types of a stream's events, in order.
fn kinds(stream: &str) -> Vec<String> {
    let events = events(stream).into_iter();
    events
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}
