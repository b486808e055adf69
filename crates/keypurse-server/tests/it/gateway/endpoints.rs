//! What is promised of a call whatever its route: one row for each.

use keypurse_store_sqlite::CallState;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use keypurse_testkit::{TestAnswer, TestRequest};
use serde_json::{Value, json};

use super::responses::{RESPONSES, responding, response, used};
use super::{CHAT, Shop, UPSTREAM_KEY, hello, soon, with};

/// A route, a request to it and what its provider answers.
struct Case {
    path: &'static str,
    request: Value,
    answer: Value,
    /// What that costs at `up/m`, in nano-dollars.
    cost: i64,
    /// What it costs when its usage makes no sense.
    counted: i64,
    feature: &'static str,
}

fn cases() -> Vec<Case> {
    let judged = json!({"model": "up/m", "input": "Hi"});
    let bytes = |request: &Value| i64::try_from(request.to_string().len()).unwrap();
    let judged_bytes = bytes(&judged);
    let embedded = json!({"model": "up/m", "input": "Hi"});
    vec![
        Case {
            path: CHAT,
            request: hello(),
            answer: json!({"object": "chat.completion", "usage": usage(10, 20),
                "choices": [{"message": {"content": "Hello"}}]}),
            cost: 210_000,
            counted: bytes(&hello()) * 1_000 + 50_000,
            feature: "text__chat",
        },
        Case {
            path: RESPONSES,
            request: responding(),
            answer: response("Hello", &used(10, 20)),
            cost: 210_000,
            counted: bytes(&responding()) * 1_000 + 50_000,
            feature: "text__chat",
        },
        Case {
            path: "/v1/embeddings",
            counted: bytes(&embedded) * 1_000,
            request: embedded,
            answer: vectors(&json!({"prompt_tokens": 10, "total_tokens": 10})),
            cost: 10_000,
            feature: "text__embeddings",
        },
        Case {
            path: "/v1/moderations",
            request: judged,
            answer: json!({"id": "modr-1", "model": "m", "results": [{"flagged": false}]}),
            cost: judged_bytes * 1_000,
            counted: judged_bytes * 1_000,
            feature: "text__moderation",
        },
        Case {
            path: "/v1/images/generations",
            request: json!({"model": "up/m", "prompt": "A cat"}),
            answer: json!({"created": 1, "data": [{"b64_json": "aGk="}],
                "usage": {"input_tokens": 10, "output_tokens": 20}}),
            cost: 210_000,
            // The text, a template, and the most an image can come to.
            counted: (5 + 64) * 1_000 + 1_000 * 10_000,
            feature: "image__generation",
        },
    ]
}

pub(super) fn vectors(usage: &Value) -> Value {
    json!({"object": "list", "model": "m", "usage": usage,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -2e-7]}]})
}

impl Shop {
    pub(super) fn call(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.app.post(path).key(&self.secret).json(body)
    }
}

async fn answered(shop: &Shop, case: &Case) -> TestAnswer {
    shop.upstream.next(Reply::json(200, &case.answer));
    shop.call(case.path, &case.request).send().await
}

#[tokio::test]
async fn an_answer_is_charged_exactly_and_shows_its_cost() {
    for case in cases() {
        let shop = Shop::open("1").await;
        let answer = answered(&shop, &case).await;
        assert_eq!(answer.status, 200, "{}: {}", case.path, answer.text);
        assert_eq!(shop.charged().await, case.cost, "{}", case.path);
        let cost = keypurse_core::money::Money::from_nanos(case.cost).to_string();
        assert_eq!(answer.header("x-keypurse-cost"), cost);
        assert!(!answer.header("x-keypurse-balance").is_empty());
        let end = format!(",\"cost\":{cost},\"provider\":\"up\"}}");
        assert!(answer.text.ends_with(&end), "{}", answer.text);
        let received = shop.upstream.last();
        assert_eq!(received.path, case.path);
        let key = received.headers["authorization"].to_str().unwrap();
        assert_eq!(key, format!("Bearer {UPSTREAM_KEY}"));
        assert_eq!(received.json()["model"], "m");
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn each_route_answers_under_both_bases_with_and_without_a_slash() {
    let shop = Shop::open("1").await;
    for case in cases() {
        let rest = case.path.strip_prefix("/v1").unwrap();
        for path in [
            format!("/v3{rest}"),
            format!("/v3{rest}/"),
            format!("/v1{rest}/"),
        ] {
            shop.upstream.next(Reply::json(200, &case.answer));
            let answer = shop.call(&path, &case.request).send().await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        }
        let other = shop.app.get(case.path).key(&shop.secret).send().await;
        assert_eq!((other.status, other.header("allow")), (405, "POST"));
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn reports_know_a_call_by_its_feature() {
    for case in cases() {
        let shop = Shop::open("1").await;
        answered(&shop, &case).await;
        shop.app.settled().await;
        let statement = shop.app.get("/v2/user/custom_token/t/ledger/").send().await;
        let call = &statement.json()["lines"][0]["call"];
        assert_eq!(call["feature"], case.feature);
    }
}

#[tokio::test]
async fn l3_nothing_leaves_on_any_route_before_its_hold_is_on_disk() {
    for case in cases() {
        let shop = Shop::open("1").await;
        let gate = Gate::new();
        shop.upstream
            .next(Reply::json(200, &case.answer).held_by(&gate));
        let check = async {
            shop.upstream.wait_for(1).await;
            let crashed = shop.app.after_crash();
            let states: Vec<_> = crashed.calls().iter().map(|call| call.state).collect();
            assert_eq!(states, [CallState::Void], "{}", case.path);
            gate.let_pass(1);
        };
        let call = shop.call(case.path, &case.request).send();
        let (answer, ()) = soon(async { tokio::join!(call, check) }).await;
        assert_eq!(answer.status, 200);
        assert_eq!(shop.charged().await, case.cost, "{}", case.path);
    }
}

#[tokio::test]
async fn l5_without_money_no_route_calls_anybody() {
    for case in cases() {
        let shop = Shop::open("0.000001").await;
        let answer = answered(&shop, &case).await;
        assert_eq!(answer.status, 402, "{}: {}", case.path, answer.text);
        assert_eq!(answer.json()["error"]["code"], "insufficient_balance");
        assert!(shop.upstream.received().is_empty());
        assert_eq!(shop.balance().await, "0.000001");
    }
}

#[tokio::test]
async fn a_repeated_call_is_charged_once_on_every_route() {
    for case in cases() {
        let shop = Shop::open("1").await;
        shop.upstream.next(Reply::json(200, &case.answer));
        let ask = || {
            let call = shop.call(case.path, &case.request);
            call.header("idempotency-key", "k").send()
        };
        let (first, again) = (ask().await, ask().await);
        assert_eq!((first.status, &first.text), (200, &again.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(shop.upstream.received().len(), 1);
        assert_eq!(shop.charged().await, case.cost);
    }
}

#[tokio::test]
async fn a_client_that_leaves_pays_on_every_route() {
    for case in cases() {
        let shop = Shop::open("1").await;
        let gate = Gate::new();
        shop.upstream
            .next(Reply::json(200, &case.answer).held_by(&gate));
        tokio::select! {
            answer = shop.call(case.path, &case.request).send() => panic!("{}", answer.text),
            () = shop.upstream.wait_for(1) => {}
        }
        gate.let_pass(1);
        assert_eq!(soon(shop.charged()).await, case.cost, "{}", case.path);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_free_on_every_route() {
    for case in cases() {
        for nonsense in [
            Reply::json(200, &json!({"error": {"message": "overloaded"}})),
            Reply::json(200, &json!({})),
            Reply::text(200, "application/json", "[1]"),
            Reply::text(200, "text/html", "<html>"),
        ] {
            let shop = Shop::open("1").await;
            shop.upstream.next(nonsense);
            let answer = shop.call(case.path, &case.request).send().await;
            assert_eq!(answer.status, 502, "{}: {}", case.path, answer.text);
            assert_eq!(shop.charged().await, 0);
        }
    }
}

#[tokio::test]
async fn implausible_usage_is_counted_on_every_route() {
    for case in cases() {
        for usage in [
            json!({"prompt_tokens": -1, "completion_tokens": 1, "total_tokens": -1}),
            json!({"prompt_tokens": 1_000_000, "completion_tokens": 0}),
            json!("none"),
        ] {
            let shop = Shop::open("1").await;
            let answer = with(case.answer.clone(), "usage", usage);
            shop.upstream.next(Reply::json(200, &answer));
            let answer = shop.call(case.path, &case.request).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            shop.app.settled().await;
            let call = shop.app.calls()[0];
            let charged = call.charged.nanos();
            assert_eq!((call.estimated, charged), (true, case.counted));
        }
    }
}

#[tokio::test]
async fn lookalikes_duplicates_and_absurd_bodies_are_refused_on_every_route() {
    let shop = Shop::open("1").await;
    for case in cases() {
        let good = case.request.to_string();
        let with = |member: &str| format!("{{{member},{}", &good[1..]);
        for bad in [
            with("\"Model\":\"up/out\""),
            with("\"model\":\"up/out\""),
            with("\"\\u0073tream\":\"yes\""),
            with("\"api_base\":\"http://127.0.0.1:1\""),
            with("\"provider\":{\"order\":[\"x\"]}"),
            with("\"service_tier\":\"scale\""),
            "{}".to_owned(),
            "[]".to_owned(),
            "{\"model\":\"up/m\"}".to_owned(),
            format!("{{\"x\":{}", "[".repeat(100)),
        ] {
            let answer = shop.app.post(case.path).key(&shop.secret);
            let answer = answer.json_text(bad.clone()).send().await;
            assert_eq!(answer.status, 400, "{}: {bad}: {}", case.path, answer.text);
        }
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.charged().await, 0);
}

#[tokio::test]
async fn every_route_wants_a_key() {
    let shop = Shop::open("1").await;
    for case in cases() {
        let call = shop.app.post(case.path).without_key().json(&case.request);
        let answer = call.send().await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}
