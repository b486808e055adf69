//! A timeout on demand: nothing, for as long as a live call waits. The clock of
//! these tests stands still until everybody waits.

use std::pin::pin;
use std::time::Duration;

use keypurse_testkit::TestAnswer;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::rehearsal::rehearsing;
use super::{CHAT, Call, Shop, hello, hello_stream, sandbox, sandbox_with, token_of, with};

/// What providers have for their first byte when nothing else is configured.
const FIRST_BYTE: Duration = Duration::from_mins(2);
const A_MOMENT: Duration = Duration::from_secs(1);
const TIMEOUT: (&str, &str) = ("x-keypurse-sandbox", "timeout");

/// A call that is to run into its timeout, and how long that took.
async fn waited(shop: &Shop, call: &Call) -> (TestAnswer, Duration) {
    let begun = Instant::now();
    let asking = call.of(shop).header(TIMEOUT.0, TIMEOUT.1);
    (asking.send().await, begun.elapsed())
}

fn calls() -> Vec<Call> {
    let model = json!("openai/gpt-4o-mini");
    let message = json!({"model": model, "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}]});
    let responses = json!({"model": model, "input": "Hi"});
    let embeddings = json!({"model": "text-embedding-3-small", "input": "Hi"});
    vec![
        Call::json(CHAT, &with(hello(), "model", model.clone())),
        Call::json(CHAT, &with(hello_stream(), "model", model)),
        Call::json("/v1/responses", &responses),
        Call::json("/v1/embeddings", &embeddings),
        Call::json("/v1/messages", &message),
        Call::json("/v1/messages/count_tokens", &message),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_silence_for_as_long_as_a_live_call_waits() {
    let shop = sandbox().await;
    for call in calls() {
        let (answer, took) = waited(&shop, &call).await;
        assert_eq!(answer.status, 504, "{}: {}", call.path, answer.text);
        assert!(answer.text.contains("did not answer in time"));
        assert!(
            FIRST_BYTE <= took && took < FIRST_BYTE + A_MOMENT,
            "{}: {took:?}",
            call.path
        );
    }
    let named = Call::json(CHAT, &with(hello(), "model", json!("sandbox/timeout")));
    let begun = Instant::now();
    assert_eq!(named.ask(&shop).await.status, 504);
    assert!(begun.elapsed() >= FIRST_BYTE);
    assert!(shop.app.calls().is_empty(), "what failed is no call");
    shop.app.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_configured_provider_is_waited_for_as_long_as_it_is_given() {
    let given = Duration::from_secs(7);
    let shop = sandbox_with(|upstream| upstream.timeouts.first_byte = given).await;
    let (answer, took) = waited(&shop, &Call::json(CHAT, &hello())).await;
    assert_eq!(answer.status, 504, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "upstream_timeout");
    assert!(given <= took && took < given + A_MOMENT, "{took:?}");
    shop.app.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_gives_its_place_back() {
    let mut shop = sandbox().await;
    let body = json!({"name": "one", "token_type": "sandbox_api_token", "max_concurrency": 1});
    (_, shop.secret) = shop.app.create_token(body).await;
    shop.token = token_of(&shop.app, &shop.secret).await;
    let call = Call::json(CHAT, &hello());
    let patience = Duration::from_secs(20);
    let gave_up = timeout(patience, waited(&shop, &call)).await;
    assert!(gave_up.is_err(), "nothing came");
    assert_eq!(call.ask(&shop).await.status, 200);
    shop.app.finish().await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_its_token_and_with_the_node() {
    let shop = sandbox().await;
    let call = Call::json(CHAT, &hello());
    let mut silent = pin!(waited(&shop, &call));
    assert!(
        timeout(A_MOMENT, &mut silent).await.is_err(),
        "nothing comes"
    );
    let deleted = shop.app.delete("/v2/user/custom_token/s/").send().await;
    let (answer, _) = silent.await;
    assert_eq!((answer.status, deleted.status), (401, 204));

    let shop = sandbox().await;
    let mut silent = pin!(waited(&shop, &call));
    assert!(
        timeout(A_MOMENT, &mut silent).await.is_err(),
        "nothing comes"
    );
    shop.app.state().cut_off.cancel();
    let (answer, _) = silent.await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "draining");
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_waits_as_long_and_costs_nothing() {
    let shop = rehearsing("1").await;
    for body in [hello(), hello_stream()] {
        let (answer, took) = waited(&shop, &Call::json(CHAT, &body)).await;
        assert_eq!(answer.status, 504, "{}", answer.text);
        assert!(took >= FIRST_BYTE, "{took:?}");
    }
    assert_eq!(shop.balance().await, "1.0");
    shop.audited().await;
}
