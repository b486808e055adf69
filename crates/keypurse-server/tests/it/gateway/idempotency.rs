//! `Idempotency-Key` on calls to models.

use futures_util::future::join_all;
use http::Method;
use http_body_util::BodyExt;
use keypurse_core::id::{AccountId, CallId};
use keypurse_core::ledger::{HoldRequest, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_server::http::idempotency::{Asked, claim};
use keypurse_store::{
    CallMeta, Calls as _, Credential, Feature, HoldFailure, NewHold, Repeated, Tokens as _,
};
use keypurse_testkit::upstream::{Gate, Reply, usage};
use keypurse_testkit::{AfterCrash, TestAnswer, TestRequest};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, hello_stream, soon, token_of, with};

fn keyed<'a>(shop: &'a Shop, body: &Value) -> TestRequest<'a> {
    shop.request(body).header("idempotency-key", "k")
}

async fn ask(shop: &Shop, body: &Value) -> TestAnswer {
    keyed(shop, body).send().await
}

fn is_replayed(answer: &TestAnswer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

/// The same to the byte, but for being said again.
fn assert_same(first: &TestAnswer, again: &TestAnswer) {
    assert!(!is_replayed(first) && is_replayed(again), "{}", again.text);
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    for header in ["content-type", "x-keypurse-cost", "x-keypurse-balance"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
}

fn assert_refused(answer: &TestAnswer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "idempotency_error");
    assert_eq!(error["type"], "idempotency_error");
}

/// 409 that tells which call it was and what it cost.
fn assert_finished(answer: &TestAnswer, first: &str, cost: &str) {
    assert_refused(answer, 409);
    let error = &answer.json()["error"];
    assert_eq!(error["request_id"], first);
    assert_eq!(error["cost"], cost);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(first) && message.contains(&format!("${cost}")));
    assert!(message.contains("nothing was charged again"), "{message}");
    // OpenAI's SDKs would repeat a 409.
    assert_eq!(answer.header("x-should-retry"), "false");
}

#[tokio::test]
async fn l17_a_repeated_call_answers_to_the_byte_and_is_charged_once() {
    for (body, reply) in [
        (hello(), Reply::chat("Hi", &usage(10, 20))),
        (
            hello_stream(),
            Reply::chat_stream(&["H", "i"], &usage(10, 20)),
        ),
    ] {
        let shop = Shop::open("1").await;
        shop.upstream.next(reply);
        let first = ask(&shop, &body).await;
        assert_eq!(first.status, 200, "{}", first.text);
        for _ in 0..3 {
            assert_same(&first, &ask(&shop, &body).await);
        }
        assert_eq!(shop.upstream.received().len(), 1);
        assert_eq!(shop.balance().await, "0.99979");
        assert_eq!(shop.app.calls().len(), 1);
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn l17_while_the_first_call_runs_a_second_is_refused() {
    for body in [hello(), hello_stream()] {
        let shop = Shop::open("1").await;
        let gate = Gate::new();
        let reply = if body == hello() {
            Reply::chat("Hi", &usage(10, 20)).held_by(&gate)
        } else {
            Reply::stream()
                .chunk("Hi")
                .wait(&gate)
                .finish()
                .usage(&usage(10, 20))
                .done()
        };
        shop.upstream.next(reply);
        let meanwhile = async {
            shop.upstream.wait_for(1).await;
            let second = ask(&shop, &body).await;
            assert_refused(&second, 409);
            assert_eq!(second.header("retry-after"), "1");
            assert_eq!(second.header("x-should-retry"), "");
            gate.let_pass(1);
        };
        let (first, ()) = soon(async { tokio::join!(ask(&shop, &body), meanwhile) }).await;
        assert_eq!(first.status, 200);
        assert_same(&first, &ask(&shop, &body).await);
        assert_eq!(shop.balance().await, "0.99979");
    }
}

#[tokio::test]
async fn of_fifty_calls_with_one_key_at_once_one_is_made() {
    let shop = Shop::open("1").await;
    let body = hello();
    let answers = join_all((0..50).map(|_| ask(&shop, &body))).await;
    let made = answers.iter().filter(|it| it.status == 200);
    assert_eq!(made.filter(|it| !is_replayed(it)).count(), 1);
    assert!(answers.iter().all(|it| matches!(it.status, 200 | 409)));
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_key_is_for_one_body_one_route_and_one_caller() {
    let shop = Shop::open("1").await;
    assert_eq!(ask(&shop, &hello()).await.status, 200);
    let other_body = with(hello(), "max_tokens", json!(5));
    assert_refused(&ask(&shop, &other_body).await, 422);
    let other_route = shop.app.post("/v3/chat/completions").key(&shop.secret);
    let other_route = other_route.header("idempotency-key", "k").json(&hello());
    assert_refused(&other_route.send().await, 422);
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.balance().await, "0.99979");

    let body = json!({"name": "u", "active_balance": true, "balance": "1"});
    let (_, other) = shop.app.create_token(body).await;
    for key in [&*other, shop.app.account_key()] {
        let theirs = shop.app.post(CHAT).key(key).json(&hello());
        let answer = theirs.header("idempotency-key", "k").send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!is_replayed(&answer));
    }
    let managed = shop.app.post("/v2/cost_management/credits/top_up/");
    let managed = managed.header("idempotency-key", "k");
    let answer = managed.json(&json!({"amount": 1})).send().await;
    assert_eq!(answer.status, 422, "the account's key was used for a call");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_that_did_not_happen_frees_its_key() {
    let shop = Shop::open("1").await;
    let down = json!({"error": {"message": "down"}});
    for body in [hello(), hello_stream()] {
        for status in [500, 429, 400, 401] {
            shop.upstream.next(Reply::json(status, &down));
            let refused = ask(&shop, &body).await;
            assert!(refused.status >= 400, "{}", refused.text);
            assert_ne!(refused.status, 409, "{}", refused.text);
        }
    }
    // Not only for the same request: nothing was done under this key.
    let answer = ask(&shop, &with(hello(), "max_tokens", json!(70))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_call_that_was_not_paid_for_leaves_its_key_free() {
    let shop = Shop::open("0").await;
    assert_eq!(ask(&shop, &hello()).await.status, 402);
    let top_up = shop.app.post("/v2/user/custom_token/t/top_up/");
    let topped = top_up.json(&json!({"amount": "1"})).send().await;
    assert_eq!(topped.status, 200);
    assert_eq!(ask(&shop, &hello()).await.status, 200);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_repetition_needs_no_money() {
    let shop = Shop::open("0.005").await;
    let first = ask(&shop, &hello()).await;
    let path = "/v2/user/custom_token/t/";
    let emptied = shop.app.patch(path).json(&json!({"balance": 0}));
    assert_eq!(emptied.send().await.status, 200);
    assert_same(&first, &ask(&shop, &hello()).await);
    assert_eq!(shop.balance().await, "0.0");
}

#[tokio::test]
async fn an_answer_nobody_received_waits_for_who_asks_again() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let body = hello();
    tokio::select! {
        answer = ask(&shop, &body) => panic!("answered: {}", answer.text),
        () = shop.upstream.wait_for(1) => {}
    }
    gate.let_pass(1);
    soon(shop.app.settled()).await;
    let again = ask(&shop, &body).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(is_replayed(&again));
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_stream_its_client_left_is_told_by_its_outcome() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("Hi").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 20)).done());
    let response = keyed(&shop, &hello_stream()).open().await;
    let id = response.headers()["x-request-id"].to_str().unwrap();
    let id = id.to_owned();
    let mut body = response.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    drop(body);
    gate.let_pass(1);
    soon(shop.app.settled()).await;
    let again = ask(&shop, &hello_stream()).await;
    assert_finished(&again, &id, "0.00021");
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_told_by_its_outcome() {
    let shop = Shop::open("1").await;
    let long = "x".repeat(1 << 20);
    shop.upstream.next(Reply::chat(&long, &usage(10, 20)));
    let first = ask(&shop, &hello()).await;
    assert_eq!(first.status, 200);
    let again = ask(&shop, &hello()).await;
    assert_finished(&again, first.header("x-request-id"), "0.00021");
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let shop = Shop::open("1").await;
    let first = ask(&shop, &hello()).await;
    shop.app.clock().advance_ms(DAY_MS - 1);
    assert_same(&first, &ask(&shop, &hello()).await);
    shop.app.clock().advance_ms(1);
    assert!(!is_replayed(&ask(&shop, &hello()).await));
    assert_eq!(shop.balance().await, "0.99958");
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_anything_is_held() {
    let shop = Shop::open("1").await;
    for key in ["", "a b", &"k".repeat(256)] {
        let request = shop.request(&hello()).header("idempotency-key", key);
        let answer = request.send().await;
        assert_eq!(answer.status, 400, "{key}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "invalid_request");
    }
    assert!(shop.upstream.received().is_empty());
    shop.app.finish().await;
}

/// What a node that starts after a crash says to the same call.
async fn repeated_after(crashed: &AfterCrash, shop: &Shop, body: &Value) -> Result<(), Repeated> {
    let digest = shop.app.state().vault.digest(&shop.secret);
    let credential = crashed.store.credential(&digest).await.unwrap();
    let Some(Credential::Token(token)) = credential.as_deref() else {
        panic!("a token's secret")
    };
    let text = body.to_string();
    let asked = Asked {
        method: &Method::POST,
        path: CHAT,
        body: text.as_bytes(),
    };
    let call = CallId {
        ordered: i64::MAX,
        random: 1,
    };
    let started_at = shop.app.state().now();
    let hold = NewHold {
        request: HoldRequest {
            call,
            account: AccountId(1),
            token: Some(TokenUse {
                token: token.token,
                secret: token.secret,
            }),
            full: Money::from_nanos(1),
            least: Money::from_nanos(1),
            first: Money::from_nanos(1),
        },
        meta: CallMeta {
            provider: "up".into(),
            model: "m".into(),
            feature: Feature::Chat,
            streamed: false,
            price: Price::flat(keypurse_core::price::Rates::default()).into(),
            started_at,
        },
        claim: Some(claim(&token.token, "k", &asked)),
    };
    match crashed.store.hold(hold).await {
        Ok(_) => Ok(()),
        Err(HoldFailure::Repeated(repeated)) => Err(repeated),
        Err(other) => panic!("unexpected: {other}"),
    }
}

#[tokio::test]
async fn a_crash_keeps_the_outcome_and_frees_a_call_that_did_not_happen() {
    let shop = Shop::open("1").await;
    let body = hello();
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let crash_meanwhile = async {
        shop.upstream.wait_for(1).await;
        let crashed = shop.app.after_crash();
        let freed = repeated_after(&crashed, &shop, &body).await;
        assert_eq!(freed, Ok(()), "nothing was delivered");
        gate.let_pass(1);
    };
    let (first, ()) = soon(async { tokio::join!(ask(&shop, &body), crash_meanwhile) }).await;
    let crashed = shop.app.after_crash();
    let Err(Repeated::Finished { call, cost, status }) =
        repeated_after(&crashed, &shop, &body).await
    else {
        panic!("the call was forgotten")
    };
    assert_eq!(call.to_string(), first.header("x-request-id"));
    assert_eq!((cost.to_string().as_str(), status), ("0.00021", 200));
    let token = crashed.store.token_by_id(shop.token).await.unwrap();
    assert_eq!(token.unwrap().balance.to_string(), "0.99979");
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_stream_charges_it_once_and_keeps_its_key() {
    let shop = Shop::open("1").await;
    let body = hello_stream();
    let gate = Gate::new();
    let reply = Reply::stream().chunk("Hi").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 20)).done());
    let mut stream = keyed(&shop, &body).open().await.into_body();
    soon(stream.frame()).await.unwrap().unwrap();
    let crashed = shop.app.after_crash();
    let Err(Repeated::Finished { cost, .. }) = repeated_after(&crashed, &shop, &body).await else {
        panic!("the call was forgotten")
    };
    let calls = crashed.calls();
    assert_eq!((calls.len(), calls[0].charged), (1, cost));
    assert!(cost > Money::ZERO);
    gate.let_pass(1);
    drop(stream);
    assert_eq!(soon(shop.balance()).await, "0.99979");
}

#[tokio::test]
async fn sandbox_calls_are_made_once_too() {
    for streamed in [false, true] {
        let mut shop = Shop::open("1").await;
        let body = json!({"name": "s", "token_type": "sandbox_api_token"});
        (_, shop.secret) = shop.app.create_token(body).await;
        shop.token = token_of(&shop.app, &shop.secret).await;
        let body = with(
            with(hello(), "model", json!("gpt-4o")),
            "stream",
            json!(streamed),
        );
        let failing = keyed(&shop, &body).header("x-keypurse-sandbox", "rate_limit");
        assert_eq!(failing.send().await.status, 429);
        let first = ask(&shop, &body).await;
        assert_eq!(first.status, 200, "{}", first.text);
        assert_same(&first, &ask(&shop, &body).await);
        assert_refused(&ask(&shop, &hello()).await, 422);
        let response = shop.request(&body).header("idempotency-key", "l");
        drop(response.open().await);
        let again = shop.request(&body).header("idempotency-key", "l");
        let again = again.send().await;
        if streamed {
            assert_refused(&again, 409);
        } else {
            assert!(is_replayed(&again));
        }
        shop.app.settled().await;
        assert_eq!(shop.app.calls().len(), 2);
    }
}
