//! Streams whose holds grow ahead of what they deliver.

use http_body_util::BodyExt as _;
use keypurse_core::money::Money;
use keypurse_server::gateway::{GatewayConfig, StreamHold};
use keypurse_store_sqlite::audit;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::{Shop, config, data, price, said, soon, with};

/// A thousand nano-dollars: what an output token of `up/long` costs.
const TOKEN: i64 = 1_000;
const BLOCK: i64 = 1024;

/// A shop with `up/long`: 10,000 tokens at most, a dollar for a million.
pub(super) async fn shop(balance: &str) -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let config = in_blocks(config(&upstream));
    Shop::of(upstream, config, balance).await
}

fn in_blocks(mut config: GatewayConfig) -> GatewayConfig {
    let mut long = price("long", "0", "1");
    long.max_output_tokens = Some(10_000);
    config.prices.push(long);
    config.providers[0].stream_hold = StreamHold::Blocks;
    config
}

fn long_stream() -> Value {
    json!({"model": "up/long", "stream": true,
        "messages": [{"role": "user", "content": "Tell me a long story"}]})
}

/// What is held for all calls, as the books on disk have it.
fn held(shop: &Shop) -> i64 {
    let books = audit(&shop.app.directory().join("keypurse.db"));
    books.expect("the books add up").held.nanos()
}

pub(super) async fn set_balance(shop: &Shop, tokens: i64) {
    let balance = Money::from_nanos(tokens * TOKEN).to_string();
    let body = json!({ "balance": balance });
    let answer = shop.app.patch("/v2/user/custom_token/t/").json(&body);
    assert_eq!(answer.send().await.status, 200);
}

#[tokio::test]
async fn a_stream_holds_a_block_more_than_it_has_delivered() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::stream()
        .chunk("a")
        .wait(&gate)
        .chunk(&"x".repeat(1500))
        .wait(&gate)
        .chunk(&"x".repeat(8000))
        .wait(&gate)
        .finish()
        .usage(&usage(10, 2000))
        .done();
    shop.upstream.next(reply);
    let mut body = shop.request(&long_stream()).open().await.into_body();
    for tokens in [1 + BLOCK, 1501 + BLOCK, 10_000] {
        soon(body.frame()).await.unwrap().unwrap();
        assert_eq!(held(&shop), tokens * TOKEN);
        gate.let_pass(1);
    }
    soon(body.collect()).await.unwrap();
    assert_eq!(shop.balance().await, "0.998");
}

#[tokio::test]
async fn streams_run_beside_each_other_where_one_could_cost_all() {
    let shop = shop("0.01").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("a").wait(&gate).finish();
    shop.upstream.always(reply.usage(&usage(10, 100)).done());
    let mut bodies = Vec::new();
    for _ in 0..5 {
        let mut body = shop.request(&long_stream()).open().await.into_body();
        soon(body.frame()).await.unwrap().unwrap();
        bodies.push(body);
    }
    gate.let_pass(5);
    for body in bodies {
        soon(body.collect()).await.unwrap();
    }
    assert_eq!(shop.balance().await, "0.0095");
}

#[tokio::test]
async fn l2_a_stream_whose_hold_cannot_grow_is_cut_politely() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::stream()
        .chunk("delivered")
        .wait(&gate)
        .chunk(&"x".repeat(1500))
        .wait(&gate)
        .done();
    shop.upstream.next(reply);
    let mut body = shop.request(&long_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, 1_100).await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert_eq!(said(rest), "", "what is not covered is not delivered");
    let last: Value = serde_json::from_str(data(rest)[0]).unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "length");
    assert!(
        rest.ends_with(": keypurse-cost=0.0011\n\ndata: [DONE]\n\n"),
        "{rest}"
    );
    soon(shop.upstream.wait_for_cancelled(1)).await;
    assert_eq!(shop.balance().await, "0.0");
    let call = shop.app.calls()[0];
    assert!(call.estimated && call.house == Money::ZERO);
}

#[tokio::test]
async fn a_stream_that_is_cut_tells_its_usage_to_who_asked_for_it() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("delivered").wait(&gate);
    let reply = reply.chunk(&"x".repeat(1500)).wait(&gate);
    shop.upstream.next(reply.done());
    let asking = with(
        long_stream(),
        "stream_options",
        json!({"include_usage": true}),
    );
    let mut body = shop.request(&asking).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, 1_100).await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    let [end, last, "[DONE]"] = data(rest)[..] else {
        panic!("{rest}")
    };
    assert!(end.contains(r#""finish_reason":"length""#), "{end}");
    let last: Value = serde_json::from_str(last).unwrap();
    // As counted, by bytes; what was not delivered was made all the same.
    let (input, output) = (asking.to_string().len(), 9 + 1500);
    assert_eq!(
        last,
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [], "cost": 0.0011,
            "usage": {"prompt_tokens": input, "completion_tokens": output,
                "total_tokens": input + output, "cost": 0.0011,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0}}})
    );
    assert!(!rest.contains(": keypurse-cost"), "{rest}");
    assert_eq!(shop.balance().await, "0.0");
}

#[tokio::test]
async fn what_is_left_is_delivered_before_a_stream_is_cut() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let mut reply = Reply::stream();
    for _ in 0..30 {
        reply = reply.chunk(&"x".repeat(100)).wait(&gate);
    }
    shop.upstream.next(reply.done());
    let mut body = shop.request(&long_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, 2_050).await;
    gate.let_pass(30);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    let delivered = 100 + said(rest).len();
    assert_eq!(delivered % 100, 0);
    assert!(delivered <= 2_000, "{delivered} bytes for 2,050 tokens");
    assert_eq!(shop.balance().await, "0.0");
}

#[tokio::test]
async fn a_stream_nobody_reads_is_read_on_only_while_there_is_money() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::stream()
        .chunk("delivered")
        .wait(&gate)
        .chunk(&"x".repeat(1500))
        .wait(&gate)
        .usage(&usage(10, 9000))
        .done();
    shop.upstream.next(reply);
    let mut body = shop.request(&long_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, 1_100).await;
    drop(body);
    gate.let_pass(1);
    soon(shop.upstream.wait_for_cancelled(1)).await;
    assert_eq!(shop.balance().await, "0.0");
    assert_eq!(shop.app.calls()[0].house, Money::ZERO);
}

#[tokio::test]
async fn l9_usage_beyond_hold_and_balance_is_the_houses() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("a").wait(&gate).finish();
    // Within what was asked for: a model may reason out of sight.
    shop.upstream.next(reply.usage(&usage(10, 9_000)).done());
    let mut body = shop.request(&long_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, 4_000).await;
    gate.let_pass(1);
    soon(body.collect()).await.unwrap();
    assert_eq!(shop.balance().await, "0.0");
    let call = shop.app.calls()[0];
    assert_eq!(call.charged.nanos(), 4_000 * TOKEN);
    assert_eq!(call.house.nanos(), 5_000 * TOKEN);
    assert!(!call.estimated);
}

#[tokio::test]
async fn a_token_that_refuses_to_be_clamped_is_held_for_in_full() {
    let shop = shop("1").await;
    let body = json!({"overdraft": "refuse"});
    let answer = shop.app.patch("/v2/user/custom_token/t/").json(&body);
    assert_eq!(answer.send().await.status, 200);
    let gate = Gate::new();
    let reply = Reply::stream().chunk("a").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 100)).done());
    let mut body = shop.request(&long_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    assert_eq!(held(&shop), 10_000 * TOKEN);
    gate.let_pass(1);
    soon(body.collect()).await.unwrap();
    assert_eq!(shop.balance().await, "0.9999");
}

#[tokio::test]
async fn a_whole_answer_is_held_for_in_full() {
    let shop = shop("1").await;
    let gate = Gate::new();
    let reply = Reply::chat("Hi", &usage(10, 100)).held_by(&gate);
    shop.upstream.next(reply);
    let body = with(long_stream(), "stream", json!(false));
    let asking = shop.ask(&body);
    let watching = async {
        shop.upstream.wait_for(1).await;
        let held = held(&shop);
        gate.let_pass(1);
        held
    };
    let (answer, held) = soon(async { tokio::join!(asking, watching) }).await;
    assert_eq!((answer.status, held), (200, 10_000 * TOKEN));
    assert_eq!(shop.balance().await, "0.9999");
}
