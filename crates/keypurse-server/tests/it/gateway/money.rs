//! What a balance promises: never overspent, never refused for nothing.

use keypurse_server::gateway::Gateway;
use keypurse_store::Tokens as _;
use keypurse_store_sqlite::CallState;
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, hello_stream, soon, token_of, with};

/// What the gateway takes a request's input for, at `up/m`'s price in nanos.
fn input_bound(body: &Value) -> i64 {
    (i64::try_from(body.to_string().len()).unwrap() + 64) * 1_000
}

#[tokio::test]
async fn a_call_is_clamped_to_what_the_balance_buys() {
    let shop = Shop::open("0.005").await;
    let affordable = (5_000_000 - input_bound(&hello())) / 10_000;
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.header("x-keypurse-output-limit"),
        affordable.to_string()
    );
    assert_eq!(shop.upstream.last().json()["max_tokens"], affordable);
    assert_eq!(shop.balance().await, "0.00479");
}

#[tokio::test]
async fn a_call_that_fits_is_not_clamped_and_says_so_by_silence() {
    let shop = Shop::open("1").await;
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.header("x-keypurse-output-limit"), "");
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_clamped_stream_says_so_before_its_first_byte() {
    let shop = Shop::open("0.005").await;
    shop.upstream
        .next(Reply::chat_stream(&["Hi"], &usage(10, 20)));
    let answer = shop.ask(&hello_stream()).await;
    let affordable = (5_000_000 - input_bound(&hello_stream())) / 10_000;
    assert_eq!(
        answer.header("x-keypurse-output-limit"),
        affordable.to_string()
    );
    assert_eq!(shop.balance().await, "0.00479");
}

#[tokio::test]
async fn several_choices_share_what_the_balance_buys() {
    let shop = Shop::open("0.02").await;
    let body = with(hello(), "n", json!(4));
    let each = (20_000_000 - input_bound(&body)) / 10_000 / 4;
    let answer = shop.ask(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-keypurse-output-limit"), each.to_string());
    assert_eq!(shop.balance().await, "0.01979");
}

#[tokio::test]
async fn below_the_least_a_call_is_refused_with_the_amounts() {
    for (body, least) in [
        (hello(), 256),
        (with(hello(), "max_tokens", json!(300)), 256),
        (with(hello(), "max_tokens", json!(100)), 100),
        (with(hello(), "n", json!(2)), 512),
    ] {
        let needed = input_bound(&body) + least * 10_000;
        let has = needed - 1;
        let shop = Shop::open(&format!("0.{has:09}")).await;
        let answer = shop.ask(&body).await;
        assert_eq!(answer.status, 402, "{body}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["type"], "billing_error");
        assert_eq!(error["code"], "insufficient_balance");
        assert_eq!(error["purse"], "token");
        let money = |nanos: i64| keypurse_core::money::Money::from_nanos(nanos).to_string();
        assert_eq!(error["needed"], money(needed));
        assert_eq!(error["available"], money(has));
        assert_eq!(error["held"], "0.0");
        let choices = body["n"].as_i64().unwrap_or(1);
        // The body grows by the member that states the limit.
        let affordable = (has - input_bound(&body) - 48_000) / 10_000 / choices;
        assert_eq!(error["affordable_output_tokens"], affordable);
        assert!(
            shop.upstream.received().is_empty(),
            "the upstream sees nothing"
        );
        assert_eq!(shop.balance().await, money(has));

        let answer = shop.ask(&with(body, "max_tokens", json!(affordable))).await;
        assert_eq!(
            answer.status, 200,
            "what is said to be affordable is: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn at_zero_every_priced_call_is_refused() {
    for balance in ["0", "-1", "0.000000001"] {
        let shop = Shop::open(balance).await;
        for body in [
            hello(),
            hello_stream(),
            with(hello(), "max_tokens", json!(1)),
        ] {
            let answer = shop.ask(&body).await;
            assert_eq!(answer.status, 402, "{balance}: {}", answer.text);
            assert_eq!(answer.json()["error"]["affordable_output_tokens"], 0);
        }
        assert!(shop.upstream.received().is_empty());
    }
}

#[tokio::test]
async fn money_held_by_other_calls_is_told_apart_from_money_gone() {
    let shop = Shop::open("0.02").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let body = hello();
    let calls = async { tokio::join!(shop.ask(&body), shop.ask(&body)) };
    let refused = async {
        shop.upstream.wait_for(2).await;
        let refused = shop.ask(&body).await;
        gate.let_pass(2);
        refused
    };
    let ((first, second), refused) = soon(async { tokio::join!(calls, refused) }).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "1");
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "balance_on_hold");
    assert_eq!(
        error["held"], "0.02",
        "the second call was clamped to the rest"
    );
    assert_eq!(error["available"], "0.0");
    assert_eq!(shop.balance().await, "0.01958");
    assert_eq!(
        shop.ask(&hello()).await.status,
        200,
        "when they have finished it goes"
    );
}

#[tokio::test]
async fn the_accounts_credits_bound_its_tokens() {
    let upstream = ScriptedUpstream::start().await;
    let gateway = Gateway::new(super::config(&upstream)).unwrap();
    let app = TestApp::builder()
        .gateway(gateway)
        .credits("0.000001")
        .build()
        .await;
    let (_, unlimited) = app.create_token(json!({"name": "a"})).await;
    let body = json!({"name": "b", "active_balance": true, "balance": "5"});
    let (_, rich) = app.create_token(body).await;
    for secret in [&unlimited, &rich] {
        let answer = app.post(CHAT).key(secret).json(&hello()).send().await;
        assert_eq!(answer.status, 402, "{}", answer.text);
        assert_eq!(answer.json()["error"]["purse"], "account");
    }
    let own = app.post(CHAT).json(&hello()).send().await;
    assert_eq!(own.json()["error"]["purse"], "account");
    assert!(upstream.received().is_empty());
    let token = app
        .state()
        .store
        .token_by_id(token_of(&app, &rich).await)
        .await
        .unwrap();
    assert_eq!(token.unwrap().balance.to_string(), "5.0");
    app.finish().await;
}

#[tokio::test]
async fn a_token_without_active_balance_is_neither_checked_nor_changed() {
    let shop = Shop::open("1").await;
    let (_, secret) = shop
        .app
        .create_token(json!({"name": "free", "balance": "0"}))
        .await;
    let answer = shop.app.post(CHAT).key(&secret).json(&hello()).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-keypurse-balance"), "");
    assert_eq!(answer.header("x-keypurse-cost"), "0.00021");
    let token = shop
        .app
        .state()
        .store
        .token_by_id(token_of(&shop.app, &secret).await)
        .await;
    assert_eq!(token.unwrap().unwrap().balance.to_string(), "0.0");
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn l3_nothing_leaves_before_its_hold_is_on_disk() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let body = hello();
    let answer = shop.ask(&body);
    let check = async {
        shop.upstream.wait_for(1).await;
        let crashed = shop.app.after_crash();
        let states: Vec<_> = crashed.calls().iter().map(|call| call.state).collect();
        assert_eq!(
            states,
            [CallState::Void],
            "the call the upstream saw is on disk"
        );
        let token = crashed
            .store
            .token_by_id(shop.token)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(token.balance.to_string(), "1.0", "nothing delivered: void");
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(answer, check) }).await;
    assert_eq!(answer.status, 200);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn what_the_overdraft_did_is_told() {
    for (overdraft, balance, told) in [
        ("clamp", "1", ""),
        ("clamp", "0.005", "clamp"),
        ("refuse", "1", ""),
        ("allow", "1", ""),
        ("allow", "0.005", "allow"),
    ] {
        let shop = Shop::open(balance).await;
        let body = json!({ "overdraft": overdraft });
        let path = "/v2/user/custom_token/t/";
        assert_eq!(shop.app.patch(path).json(&body).send().await.status, 200);
        shop.upstream
            .next(Reply::chat_stream(&["Hi"], &usage(10, 20)));
        for body in [hello_stream(), hello()] {
            let answer = shop.ask(&body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(
                answer.header("x-keypurse-overdraft"),
                told,
                "{overdraft} with {balance}"
            );
        }
    }
    let shop = Shop::open("0.005").await;
    let body = json!({"overdraft": "refuse"});
    shop.app
        .patch("/v2/user/custom_token/t/")
        .json(&body)
        .send()
        .await;
    assert_eq!(shop.ask(&hello()).await.status, 402);
}
