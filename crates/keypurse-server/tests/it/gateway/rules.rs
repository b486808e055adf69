//! What a token's rules let it do.

use std::net::IpAddr;

use http_body_util::BodyExt;
use keypurse_server::Settings;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, hello_stream, soon, token_of, with};

const TOKEN: &str = "/v2/user/custom_token/t/";

/// A shop whose token has these rules.
async fn ruled(rules: Value) -> Shop {
    let shop = Shop::open("1").await;
    set(&shop, rules).await;
    shop
}

async fn set(shop: &Shop, rules: Value) {
    let answer = shop.app.patch(TOKEN).json(&rules).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn ask_for(shop: &Shop, model: &str) -> TestAnswer {
    shop.ask(&with(hello(), "model", json!(model))).await
}

fn assert_forbidden(answer: &TestAnswer, code: &str, param: &Value) {
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["code"]),
        (403, &json!(code)),
        "{error}"
    );
    assert_eq!(
        (&error["type"], &error["param"]),
        (&json!("permission_error"), param)
    );
}

/// The call came too soon by this limit, and these seconds.
fn assert_too_soon(answer: &TestAnswer, limit: &str, allowed: u32, seconds: &str) {
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["code"], &error["type"]),
        (429, &json!("rate_limited"), &json!("rate_limit_error")),
        "{error}"
    );
    assert_eq!(
        (&error["limit"], &error["allowed"]),
        (&json!(limit), &json!(allowed))
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(limit), "{message}");
    assert_eq!(answer.header("retry-after"), seconds, "{error}");
}

fn assert_answered(answer: &TestAnswer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_model_is_called_where_the_rules_allow_it_and_deny_beats_allow() {
    let shop = Shop::open("1").await;
    for (allowed, denied, may_m, may_out) in [
        (json!(["up/*"]), json!(null), true, true),
        (json!(["up/m"]), json!(null), true, false),
        (json!(["*/M"]), json!(null), true, false),
        (json!(["other/*", "up/out"]), json!(null), false, true),
        (json!(null), json!(["up/m"]), false, true),
        (json!(["up/*"]), json!(["*/o*"]), true, false),
        (json!(["up/m", "up/out"]), json!(["*"]), false, false),
        (json!(null), json!(null), true, true),
    ] {
        set(
            &shop,
            json!({"allowed_models": allowed, "denied_models": denied}),
        )
        .await;
        for (name, may) in [
            ("up/m", may_m),
            ("m", may_m),
            ("up/out", may_out),
            ("out", may_out),
        ] {
            let before = shop.upstream.received().len();
            let answer = ask_for(&shop, name).await;
            if may {
                assert_answered(&answer);
            } else {
                assert_forbidden(&answer, "model_not_allowed", &json!("model"));
                assert!(answer.text.contains("up/"), "the name it goes by");
            }
            let called = shop.upstream.received().len() - before;
            assert_eq!(called, usize::from(may), "{name} by {allowed} {denied}");
        }
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn an_alias_is_denied_as_its_model_is_and_allowed_by_its_own_name() {
    let shop = Shop::named("openai", "1").await;
    for (rules, status) in [
        (json!({"denied_models": ["openai/gpt-4o"]}), 403),
        (json!({"denied_models": ["openai/gpt-4o-2024-08-06"]}), 403),
        (json!({"denied_models": ["openai/gpt-4o-mini*"]}), 200),
        (json!({"allowed_models": ["openai/gpt-4o"]}), 403),
        (json!({"allowed_models": ["openai/gpt-4o-2024*"]}), 200),
    ] {
        set(&shop, rules.clone()).await;
        let answer = ask_for(&shop, "openai/gpt-4o-2024-08-06").await;
        assert_eq!(answer.status, status, "{rules}: {}", answer.text);
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_comes_from_an_allowed_address_or_is_refused() {
    let shop = ruled(json!({"allowed_ips": ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32"]})).await;
    let from = async |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        shop.request(&hello()).from(address).send().await
    };
    for address in ["203.0.113.7", "10.9.8.7", "::ffff:10.1.1.1", "2001:db8::9"] {
        assert_answered(&from(address).await);
    }
    let before = shop.upstream.received().len();
    for address in ["203.0.113.8", "::ffff:11.1.1.1", "2001:db9::1", "::1"] {
        let answer = from(address).await;
        assert_forbidden(&answer, "ip_not_allowed", &json!(null));
    }
    let shown = from("::ffff:11.1.1.1").await.text;
    assert!(shown.contains("from 11.1.1.1:"), "{shown}");
    let unknown = shop.ask(&hello()).await;
    assert_forbidden(&unknown, "ip_not_allowed", &json!(null));
    assert_eq!(shop.upstream.received().len(), before);
    set(&shop, json!({"allowed_ips": null})).await;
    assert_answered(&from("203.0.113.8").await);
    shop.app.finish().await;
}

#[tokio::test]
async fn behind_a_proxy_the_client_is_whom_the_proxy_saw_if_it_is_trusted() {
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    for (is_trusted, seen, status) in [
        (true, "192.0.2.9, 203.0.113.7", 200),
        (true, "203.0.113.7, 192.0.2.9", 403),
        (false, "203.0.113.7", 403),
    ] {
        let settings = |settings: &mut Settings| settings.trusts_forwarded_for = is_trusted;
        let app = TestApp::builder().settings(settings).build().await;
        let wish = json!({
            "name": "s", "token_type": "sandbox_api_token", "allowed_ips": ["203.0.113.7"],
        });
        let (_, secret) = app.create_token(wish).await;
        let request = app.post(CHAT).key(&secret).from(proxy);
        let body = with(hello(), "model", json!("gpt-4o"));
        let answer = request.header("x-forwarded-for", seen).json(&body);
        assert_eq!(answer.send().await.status, status, "{seen}");
        app.finish().await;
    }
}

#[tokio::test]
async fn as_many_calls_begin_as_a_minute_allows_and_the_wait_is_exact() {
    let shop = ruled(json!({"requests_per_minute": 7})).await;
    for _ in 0..7 {
        assert_answered(&shop.ask(&hello()).await);
    }
    for _ in 0..3 {
        let answer = shop.ask(&hello()).await;
        assert_too_soon(&answer, "requests_per_minute", 7, "9");
    }
    shop.app.clock().advance_ms(8_571);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "requests_per_minute", 7, "1");
    shop.app.clock().advance_ms(1);
    assert_answered(&shop.ask(&hello()).await);
    shop.app.clock().advance_ms(60_000);
    for _ in 0..7 {
        assert_answered(&shop.ask(&hello()).await);
    }
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "requests_per_minute", 7, "9");
    assert_eq!(shop.upstream.received().len(), 15, "and no refused one");
    shop.app.finish().await;
}

#[tokio::test]
async fn tokens_are_counted_when_a_call_is_over_and_made_up_for_when_too_many() {
    let shop = ruled(json!({"tokens_per_minute": 60})).await;
    assert_answered(&shop.ask(&hello()).await);
    assert_answered(&shop.ask(&hello_stream()).await);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "tokens_per_minute", 60, "1");
    shop.app.clock().advance_ms(1_000);
    shop.upstream.next(Reply::chat("Hi", &usage(10, 111)));
    assert_answered(&shop.ask(&hello()).await);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "tokens_per_minute", 60, "121");
    shop.app.clock().advance_ms(120_000);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "tokens_per_minute", 60, "1");
    shop.app.clock().advance_ms(1_000);
    assert_answered(&shop.ask(&hello()).await);
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_free_before_the_client_knows_its_call_is_over() {
    let shop = ruled(json!({"max_concurrency": 1})).await;
    for turn in 0..100 {
        let body = if turn % 2 == 0 {
            hello()
        } else {
            hello_stream()
        };
        assert_answered(&shop.ask(&body).await);
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn only_so_many_calls_are_under_way() {
    let shop = ruled(json!({"max_concurrency": 2})).await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    shop.upstream.next(
        Reply::stream()
            .chunk("x")
            .wait(&gate)
            .finish()
            .usage(&usage(10, 20))
            .done(),
    );
    let other = json!({"name": "other"});
    let (_, other) = shop.app.create_token(other).await;
    let crowd = async {
        soon(shop.upstream.wait_for(1)).await;
        let mut stream = shop.request(&hello_stream()).open().await.into_body();
        soon(stream.frame()).await.unwrap().unwrap();
        let answer = shop.ask(&hello()).await;
        assert_too_soon(&answer, "max_concurrency", 2, "1");
        let by_other = shop.app.post(CHAT).key(&other).json(&hello()).send().await;
        assert_answered(&by_other);
        let by_account = shop.app.post(CHAT).json(&hello()).send().await;
        assert_answered(&by_account);
        gate.let_pass(2);
        soon(stream.collect()).await.unwrap();
    };
    let first = hello();
    let (answer, ()) = tokio::join!(shop.ask(&first), crowd);
    assert_answered(&answer);
    assert_answered(&shop.ask(&hello()).await);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_that_fails_frees_its_place() {
    let shop = ruled(json!({"max_concurrency": 1})).await;
    let too_dear = with(hello(), "max_tokens", json!(1000));
    for _ in 0..3 {
        shop.upstream.next(Reply::json(500, &json!({"error": {}})));
        assert_eq!(shop.ask(&hello()).await.status, 500);
        shop.upstream.next(Reply::text(200, "text/html", "<html>"));
        assert_eq!(shop.ask(&hello()).await.status, 502);
        shop.upstream.next(Reply::stream().chunk("x").breaks());
        assert_eq!(shop.ask(&hello_stream()).await.status, 200);
        set(&shop, json!({"balance": 0})).await;
        assert_eq!(shop.ask(&too_dear).await.status, 402);
        set(&shop, json!({"balance": 1})).await;
        assert_eq!(shop.ask(&with(hello(), "n", json!(0))).await.status, 400);
    }
    assert_answered(&shop.ask(&hello()).await);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_when_its_call_is_settled() {
    let shop = ruled(json!({"max_concurrency": 1, "tokens_per_minute": 60})).await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let first = hello();
    tokio::select! {
        answer = shop.ask(&first) => panic!("answered: {}", answer.text),
        () = shop.upstream.wait_for(1) => {}
    }
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "max_concurrency", 1, "1");
    gate.let_pass(1);
    soon(shop.app.settled()).await;

    let reply = Reply::stream().chunk("x").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    drop(body);
    gate.let_pass(1);
    soon(shop.app.settled()).await;
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "tokens_per_minute", 60, "1");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_changed_rule_holds_for_the_next_call() {
    let shop = ruled(json!({"requests_per_minute": 1})).await;
    assert_answered(&shop.ask(&hello()).await);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "requests_per_minute", 1, "60");
    set(&shop, json!({"requests_per_minute": 2})).await;
    assert_answered(&shop.ask(&hello()).await);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "requests_per_minute", 2, "30");
    set(&shop, json!({"requests_per_minute": null})).await;
    for _ in 0..5 {
        assert_answered(&shop.ask(&hello()).await);
    }
    set(&shop, json!({"denied_models": ["up/*"]})).await;
    let answer = shop.ask(&hello()).await;
    assert_forbidden(&answer, "model_not_allowed", &json!("model"));
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rotated_token_keeps_its_count_and_a_new_one_of_its_name_does_not() {
    let mut shop = ruled(json!({"requests_per_minute": 1})).await;
    assert_answered(&shop.ask(&hello()).await);
    let rotated = shop.app.post(&format!("{TOKEN}rotate/")).send().await;
    rotated.json()["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut shop.secret);
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "requests_per_minute", 1, "60");
    assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
    let successor = json!({"name": "t", "requests_per_minute": 1});
    (_, shop.secret) = shop.app.create_token(successor).await;
    assert_answered(&shop.ask(&hello()).await);
    shop.app.finish().await;
}

/// A shop whose token is for the sandbox, with these rules.
async fn sandbox(rules: Value) -> Shop {
    let mut shop = Shop::open("1").await;
    shop.app.delete(TOKEN).send().await;
    let body = with(rules, "name", json!("t"));
    let body = with(body, "token_type", json!("sandbox_api_token"));
    (_, shop.secret) = shop.app.create_token(body).await;
    shop.token = token_of(&shop.app, &shop.secret).await;
    shop
}

#[tokio::test]
async fn a_sandbox_token_obeys_its_rules_too() {
    let shop = sandbox(json!({
        "allowed_models": ["openai/*"], "denied_models": ["*-mini"],
        "allowed_ips": ["0.0.0.0/0"], "requests_per_minute": 3,
    }))
    .await;
    let from_ipv6 = shop.request(&hello()).from("::1".parse().unwrap());
    let answer = from_ipv6.send().await;
    assert_forbidden(&answer, "ip_not_allowed", &json!(null));
    for model in ["up/m", "anthropic/claude-haiku-4-5", "gpt-4o-mini"] {
        let answer = ask_for(&shop, model).await;
        assert_forbidden(&answer, "model_not_allowed", &json!("model"));
    }
    for _ in 0..3 {
        assert_answered(&ask_for(&shop, "gpt-4o").await);
    }
    let answer = ask_for(&shop, "gpt-4o").await;
    assert_too_soon(&answer, "requests_per_minute", 3, "20");
    assert!(shop.upstream.received().is_empty());
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_call_uses_tokens_and_takes_a_place() {
    let shop = sandbox(json!({"max_concurrency": 1, "tokens_per_minute": 1_000_000})).await;
    let stream = shop.request(&hello_stream()).open().await.into_body();
    let answer = shop.ask(&hello()).await;
    assert_too_soon(&answer, "max_concurrency", 1, "1");
    soon(stream.collect()).await.unwrap();
    for _ in 0..20 {
        assert_answered(&shop.ask(&hello_stream()).await);
        assert_answered(&shop.ask(&hello()).await);
    }
    let left = shop.request(&hello_stream()).open().await;
    drop(left);
    soon(shop.app.settled()).await;
    set(&shop, json!({"tokens_per_minute": 1})).await;
    let answer = shop.ask(&hello()).await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["limit"]),
        (429, &json!("tokens_per_minute"))
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_that_was_made_before_is_answered_whatever_limits_say() {
    let shop = ruled(json!({"requests_per_minute": 1})).await;
    let once = |key| shop.request(&hello()).header("idempotency-key", key).send();
    let first = once("k").await;
    assert_answered(&first);
    let again = once("k").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_too_soon(&once("other").await, "requests_per_minute", 1, "60");

    set(
        &shop,
        json!({"requests_per_minute": null, "max_concurrency": 1}),
    )
    .await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let repeating = async {
        shop.upstream.wait_for(2).await;
        let answer = once("running").await;
        gate.let_pass(1);
        answer
    };
    let (made, repeated) = soon(async { tokio::join!(once("running"), repeating) }).await;
    assert_answered(&made);
    assert_eq!(repeated.status, 409, "{}", repeated.text);
    set(&shop, json!({"allowed_models": ["other/*"]})).await;
    let forbidden = once("k").await;
    assert_forbidden(&forbidden, "model_not_allowed", &json!("model"));
    shop.app.finish().await;
}

#[tokio::test]
async fn a_sandbox_call_that_was_made_before_is_answered_whatever_limits_say() {
    let app = TestApp::new().await;
    let body = json!({
        "name": "s", "token_type": "sandbox_api_token", "requests_per_minute": 1,
    });
    let secret = app.create_token(body).await.1;
    let body = with(hello(), "model", json!("openai/gpt-4o-mini"));
    let once = |key| {
        let request = app.post(CHAT).key(&secret).json(&body);
        request.header("idempotency-key", key).send()
    };
    let first = once("k").await;
    assert_answered(&first);
    assert_eq!(once("k").await.text, first.text);
    assert_too_soon(&once("other").await, "requests_per_minute", 1, "60");
    app.finish().await;
}
