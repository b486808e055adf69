//! `simulate_budget`: a sandbox token spends its balance as a live one would.

use http_body_util::BodyExt;
use keypurse_core::money::Money;
use keypurse_store::{Calls as _, Tokens as _};
use keypurse_store_sqlite::CallState;
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::{Value, json};

use super::routes::calls;
use super::{CHAT, Call, Shop, hello, hello_stream, soon, token_of, with};

const NAME: &str = "/v2/user/custom_token/r/";

/// A shop whose own token rehearses with so much.
pub(super) async fn rehearsing(balance: &str) -> Shop {
    let mut shop = Shop::open("1").await;
    shop.secret = rehearser(&shop.app, balance).await;
    shop.token = token_of(&shop.app, &shop.secret).await;
    shop
}

async fn rehearser(app: &TestApp, balance: &str) -> String {
    let body = json!({"name": "r", "token_type": "sandbox_api_token", "active_balance": true,
        "balance": balance, "simulate_budget": true});
    app.create_token(body).await.1
}

fn nanos(answer: &TestAnswer, header: &str) -> i64 {
    Money::parse_text(answer.header(header)).unwrap().nanos()
}

async fn credits(app: &TestApp) -> String {
    let path = "/v2/cost_management/credits/";
    app.get(path).send().await.text
}

#[tokio::test]
async fn l12_a_rehearsal_takes_what_a_call_would_cost_from_its_own_balance_alone() {
    let mut shop = rehearsing("1").await;
    let secret = shop.secret.clone();
    let body = json!({"name": "plain", "token_type": "sandbox_api_token"});
    let plain = shop.app.create_token(body).await.1;
    let mut left = 1_000_000_000;
    for (call, ..) in calls() {
        shop.secret.clone_from(&plain);
        let would = call.ask(&shop).await;
        shop.secret.clone_from(&secret);
        let answer = call.ask(&shop).await;
        let path = call.path;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let cost = answer.header("x-keypurse-cost");
        assert_eq!(cost, would.header("x-keypurse-simulated-cost"), "{path}");
        assert_eq!(answer.header("x-keypurse-simulated-cost"), cost, "{path}");
        left -= nanos(&answer, "x-keypurse-cost");
        assert_eq!(nanos(&answer, "x-keypurse-balance"), left, "{path}");
    }
    assert!(left < 1_000_000_000);
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, Money::from_nanos(left).to_string());
    assert_eq!(
        credits(&shop.app).await,
        r#"{"credits":0.0,"unlimited":true}"#
    );
    let report = shop.audited().await;
    assert_eq!(report.charged, Money::ZERO, "no credits were spent");
}

#[tokio::test]
async fn a_rehearsal_is_clamped_as_a_live_call_is() {
    let shop = rehearsing("0.005").await;
    let bound = (i64::try_from(hello().to_string().len()).unwrap() + 64) * 1_000;
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let affordable = (5_000_000 - bound) / 10_000;
    assert_eq!(
        answer.header("x-keypurse-output-limit"),
        affordable.to_string()
    );
    assert_eq!(answer.header("x-keypurse-overdraft"), "clamp");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rehearsal_is_refused_when_its_balance_is_gone_and_goes_on_after_a_top_up() {
    let shop = rehearsing("0.0001").await;
    let refused = shop.ask(&hello()).await;
    let error = &refused.json()["error"];
    assert_eq!(refused.status, 402, "{}", refused.text);
    assert_eq!(
        (&error["code"], &error["purse"], &error["available"]),
        (
            &json!("insufficient_balance"),
            &json!("token"),
            &json!("0.0001")
        )
    );
    let top_up = shop.app.post("/v2/user/custom_token/r/top_up/");
    assert_eq!(
        top_up.json(&json!({"amount": "1"})).send().await.status,
        200
    );
    assert_eq!(shop.ask(&hello()).await.status, 200);
    shop.app.finish().await;
}

#[tokio::test]
async fn money_held_by_a_rehearsal_under_way_is_on_hold() {
    let shop = rehearsing("0.0115").await;
    let slow = shop.request(&with(hello_stream(), "max_tokens", json!(1000)));
    let mut slow = slow
        .header("x-keypurse-sandbox", "slow")
        .open()
        .await
        .into_body();
    soon(slow.frame()).await.unwrap().unwrap();
    let refused = shop.ask(&hello()).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.json()["error"]["code"], "balance_on_hold");
    assert_eq!(refused.header("retry-after"), "1");
    soon(slow.collect()).await.unwrap();
    assert_eq!(shop.ask(&hello()).await.status, 200);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rehearsed_stream_tells_its_cost_and_takes_it() {
    let shop = rehearsing("1").await;
    let streamed = shop.ask(&hello_stream()).await;
    let charged = 1_000_000_000 - shop.balance_now().await.nanos();
    assert!(charged > 0);
    let cost = Money::from_nanos(charged);
    let end = format!(": keypurse-cost={cost}\n\ndata: [DONE]\n\n");
    assert!(streamed.text.ends_with(&end), "{}", streamed.text);
    let whole = shop.ask(&hello()).await;
    assert_eq!(whole.header("x-keypurse-cost"), cost.to_string());
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rehearsal_that_fails_before_its_first_byte_costs_nothing() {
    let shop = rehearsing("1").await;
    for (scenario, status) in [
        ("rate_limit", 429),
        ("server_error", 500),
        ("unavailable", 503),
        ("insufficient_balance", 402),
        ("expired", 401),
        ("malformed_chunk", 502),
    ] {
        let asking = shop
            .request(&hello())
            .header("x-keypurse-sandbox", scenario);
        let answer = asking.send().await;
        assert_eq!(answer.status, status, "{scenario}: {}", answer.text);
    }
    assert_eq!(shop.balance().await, "1.0");
    let body = with(hello(), "model", json!("sandbox/rate_limit"));
    assert_eq!(shop.ask(&body).await.header("retry-after"), "1");
    shop.audited().await;
}

#[tokio::test]
async fn a_rehearsal_needs_no_credits_of_its_account() {
    let app = TestApp::builder().credits("0.000001").build().await;
    let secret = rehearser(&app, "1").await;
    let body = with(hello(), "model", json!("openai/gpt-4o"));
    let answer = app.post(CHAT).key(&secret).json(&body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(nanos(&answer, "x-keypurse-cost") > 0);
    assert_eq!(credits(&app).await, r#"{"credits":0.000001}"#);
    app.finish().await;
}

#[tokio::test]
async fn a_rehearsed_budget_comes_back_with_its_period() {
    let app = TestApp::new().await;
    let body = json!({"name": "r", "token_type": "sandbox_api_token", "simulate_budget": true,
        "balance_reset_period": "daily", "balance_reset_amount": "1"});
    let secret = app.create_token(body).await.1;
    let body = with(hello(), "model", json!("openai/gpt-4o"));
    let ask = async || app.post(CHAT).key(&secret).json(&body).send().await;
    let first = nanos(&ask().await, "x-keypurse-balance");
    let second = nanos(&ask().await, "x-keypurse-balance");
    assert!(second < first && first < 1_000_000_000);
    app.clock().advance_ms(86_400_000);
    assert_eq!(nanos(&ask().await, "x-keypurse-balance"), first);
    app.finish().await;
}

#[tokio::test]
async fn rehearsing_is_switched_on_and_off_and_shown() {
    let shop = rehearsing("1").await;
    let patch = async |body: Value| shop.app.patch(NAME).json(&body).send().await;
    assert_eq!(
        shop.app.get(NAME).send().await.json()["simulate_budget"],
        true
    );
    assert!(nanos(&shop.ask(&hello()).await, "x-keypurse-cost") > 0);
    let off = patch(json!({"simulate_budget": false})).await;
    assert_eq!(off.json()["simulate_budget"], false);
    let left = shop.balance().await;
    assert_eq!(shop.ask(&hello()).await.header("x-keypurse-cost"), "0.0");
    assert_eq!(shop.balance().await, left);
    // Without a balance there is nothing to rehearse with.
    patch(json!({"simulate_budget": true, "active_balance": false})).await;
    assert_eq!(shop.ask(&hello()).await.header("x-keypurse-cost"), "0.0");
    let null = patch(json!({"simulate_budget": null})).await;
    assert_eq!(null.status, 400, "{}", null.text);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_live_token_cannot_rehearse() {
    let shop = Shop::open("1").await;
    let expected = json!({"error": {"type": "validation_error", "message": {"simulate_budget":
        ["Only a token of type `sandbox_api_token` can simulate its budget."]}}});
    let body = json!({"name": "x", "simulate_budget": true});
    let created = shop
        .app
        .post("/v2/user/custom_token/")
        .json(&body)
        .send()
        .await;
    assert_eq!((created.status, created.json()), (400, expected.clone()));
    let update = shop.app.patch("/v2/user/custom_token/t/");
    let updated = update.json(&json!({"simulate_budget": true})).send().await;
    assert_eq!((updated.status, updated.json()), (400, expected));
    let none = shop.app.patch("/v2/user/custom_token/t/");
    let none = none.json(&json!({"simulate_budget": false})).send().await;
    assert_eq!(none.status, 200);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_repeated_rehearsal_is_charged_once() {
    let shop = rehearsing("1").await;
    let chat = || {
        Call::json(CHAT, &hello())
            .of(&shop)
            .header("idempotency-key", "once")
    };
    let first = chat().send().await;
    let left = shop.balance().await;
    assert_eq!(chat().send().await.text, first.text);
    assert_eq!(shop.balance().await, left);
    shop.app.finish().await;
}

#[tokio::test]
async fn l12_a_rehearsed_response_is_asked_for_from_nobody() {
    let shop = rehearsing("1").await;
    let respond = json!({"model": "up/m", "input": "Hi"});
    let made = Call::json("/v1/responses", &respond)
        .ask(&shop)
        .await
        .json();
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    for request in [shop.app.get(&path), shop.app.delete(&path)] {
        let found = request.key(&shop.secret).send().await;
        assert_eq!(found.status, 200, "{}", found.text);
        assert_eq!(found.json()["id"], made["id"]);
    }
    assert!(shop.upstream.received().is_empty());
    shop.app.finish().await;
}

#[tokio::test]
async fn a_message_is_rehearsed_in_its_own_dialect() {
    let shop = rehearsing("1").await;
    for stream in [false, true] {
        let message = json!({"model": "anthropic/claude-haiku-4-5", "max_tokens": 50,
            "stream": stream, "messages": [{"role": "user", "content": "Hi"}]});
        let call = Call::json("/v1/messages", &message);
        let answer = call.ask(&shop).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer.text.contains(r#""type":"message""#),
            "{}",
            answer.text
        );
        let asking = call.of(&shop).header("x-keypurse-sandbox", "rate_limit");
        let refused = asking.send().await;
        assert_eq!(refused.status, 429, "{}", refused.text);
        assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    }
    assert_ne!(shop.balance().await, "1.0");
    shop.audited().await;
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_rehearsed_stream_charges_its_token_alone() {
    let shop = rehearsing("1").await;
    let before = credits(&shop.app).await;
    let slow = shop.request(&hello_stream());
    let mut body = slow
        .header("x-keypurse-sandbox", "slow")
        .open()
        .await
        .into_body();
    soon(body.frame()).await.unwrap().unwrap();
    let crashed = shop.app.after_crash();
    let [call] = crashed.calls()[..] else {
        panic!("one call: {:?}", crashed.calls());
    };
    assert_eq!(call.state, CallState::Recovered);
    assert!(call.charged > Money::ZERO);
    let token = crashed.store.token_by_id(shop.token).await.unwrap();
    let left = token.unwrap().balance.nanos();
    assert_eq!(left, 1_000_000_000 - call.charged.nanos());
    assert_eq!(crashed.store.open_holds().await.unwrap(), 0);
    drop(body);
    shop.app.settled().await;
    assert_eq!(credits(&shop.app).await, before);
}
