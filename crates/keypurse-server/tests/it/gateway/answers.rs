//! Answers in one piece.

use keypurse_server::gateway::OutputLimitField;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::json;

use super::{CHAT, Shop, UPSTREAM_KEY, hello, with};

#[tokio::test]
async fn a_call_costs_exactly_its_usage_times_its_price() {
    let shop = Shop::open("1").await;
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // 10 × $1 + 20 × $10 per million.
    assert!(
        answer.text.ends_with(r#","cost":0.00021,"provider":"up"}"#),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("x-keypurse-cost"), "0.00021");
    assert_eq!(answer.header("x-keypurse-balance"), "0.99979");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello!");
    assert_eq!(shop.balance().await, "0.99979");
    shop.app.finish().await;
}

#[tokio::test]
async fn both_base_paths_work_with_and_without_a_slash() {
    let shop = Shop::open("1").await;
    for path in [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/v3/chat/completions",
        "/v3/chat/completions/",
    ] {
        let answer = shop
            .app
            .post(path)
            .key(&shop.secret)
            .json(&hello())
            .send()
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    assert_eq!(shop.upstream.received().len(), 4);
    assert_eq!(shop.balance().await, "0.99916");
}

#[tokio::test]
async fn the_upstream_gets_the_callers_body_and_our_key() {
    let shop = Shop::open("1").await;
    let body = r#" {"model":"up/m", "temperature": 1.0e-1,"messages":[{"role":"user","content":"\u00e9"}] ,"x":[1E5] } "#;
    let answer = shop.app.post("/v1/chat/completions").key(&shop.secret);
    assert_eq!(answer.json_text(body).send().await.status, 200);
    let received = shop.upstream.last();
    assert_eq!(received.path, "/v1/chat/completions");
    assert_eq!(
        received.body,
        r#" {"model":"m", "temperature": 1.0e-1,"messages":[{"role":"user","content":"\u00e9"}] ,"x":[1E5] ,"max_tokens":1000} "#
    );
    assert_eq!(
        received.headers["authorization"],
        format!("Bearer {UPSTREAM_KEY}")
    );
    assert_eq!(received.headers["accept-encoding"], "identity");
    assert!(!format!("{:?}", received.headers).contains(&shop.secret));
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn the_output_limit_is_always_sent_where_the_provider_reads_it() {
    let shop = Shop::open("1").await;
    for (limits, expected) in [
        (json!({}), json!({"max_tokens": 1000})),
        (json!({"max_tokens": null}), json!({"max_tokens": 1000})),
        (json!({"max_tokens": 7}), json!({"max_tokens": 7})),
        (json!({"max_tokens": 5000}), json!({"max_tokens": 1000})),
        // Servers that do not know the newer name ignore or refuse it.
        (
            json!({"max_completion_tokens": 7}),
            json!({"max_tokens": 7}),
        ),
        (
            json!({"max_completion_tokens": 7, "max_tokens": null}),
            json!({"max_tokens": 7}),
        ),
        (
            json!({"max_tokens": 9, "max_completion_tokens": 7}),
            json!({"max_tokens": 7}),
        ),
    ] {
        let mut body = hello();
        body.as_object_mut()
            .unwrap()
            .extend(limits.as_object().unwrap().clone());
        shop.upstream.next(Reply::chat("Hi", &usage(1, 1)));
        assert_eq!(shop.ask(&body).await.status, 200, "{limits}");
        let sent = shop.upstream.last().json();
        for member in ["max_tokens", "max_completion_tokens"] {
            assert_eq!(sent.get(member), expected.get(member), "{limits}: {member}");
        }
    }
    // Seven calls of 1 × $1 + 1 × $10 per million.
    assert_eq!(shop.balance().await, "0.999923");
}

#[tokio::test]
async fn a_provider_that_knows_both_limits_gets_them_where_the_client_put_them() {
    let shop = Shop::with("1", |upstream| {
        upstream.output_limit_field = OutputLimitField::MaxCompletionTokens;
    })
    .await;
    for (limits, expected) in [
        (json!({}), json!({"max_completion_tokens": 1000})),
        (json!({"max_tokens": 7}), json!({"max_tokens": 7})),
        (
            json!({"max_completion_tokens": 7, "max_tokens": null}),
            json!({"max_completion_tokens": 7, "max_tokens": null}),
        ),
        (
            json!({"max_completion_tokens": 7, "max_tokens": 9}),
            json!({"max_completion_tokens": 7, "max_tokens": 7}),
        ),
    ] {
        let mut body = hello();
        let members = body.as_object_mut().unwrap();
        members.extend(limits.as_object().unwrap().clone());
        shop.upstream.next(Reply::chat("Hi", &usage(1, 1)));
        assert_eq!(shop.ask(&body).await.status, 200, "{limits}");
        let sent = shop.upstream.last().json();
        for member in ["max_tokens", "max_completion_tokens"] {
            assert_eq!(sent.get(member), expected.get(member), "{limits}: {member}");
        }
    }
}

#[tokio::test]
async fn a_limit_that_nobody_stated_leaves_room_for_the_request_in_the_context() {
    let shop = Shop::named("openai", "9").await;
    // Contexts of 8,192 and 128,000 tokens; 4,096 and 16,384 of output at most.
    for (model, text, count, limit, is_told) in [
        ("gpt-4", "word ", 1, 4096..=4096, false),
        ("gpt-4", "word ", 4000, 1500..=3200, true),
        ("gpt-4", "word ", 9000, 1024..=1024, true),
        ("gpt-4o", "word ", 89_000, 16_384..=16_384, false),
        ("gpt-4o", "word ", 130_000, 4096..=4096, true),
        // Escaped as many clients do, and no longer than what they mean.
        ("gpt-4o", "\\u0434", 85_000, 16_384..=16_384, false),
    ] {
        let body = format!(
            r#"{{"model": "openai/{model}", "messages": [{{"role": "user", "content": "{}"}}]}}"#,
            text.repeat(count)
        );
        let request = shop.app.post(CHAT).key(&shop.secret);
        let answer = request.body(body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = shop.upstream.last().json();
        let sent = sent["max_tokens"].as_u64().unwrap();
        assert!(
            limit.contains(&sent),
            "{count} of {text} to {model}: {sent}"
        );
        let told = if is_told {
            sent.to_string()
        } else {
            String::new()
        };
        assert_eq!(
            answer.header("x-keypurse-output-limit"),
            told,
            "{count} of {text}"
        );
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_bare_name_reaches_the_provider_that_serves_it() {
    let shop = Shop::open("1").await;
    let answer = shop.ask(&with(hello(), "model", json!("m"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(shop.upstream.last().json()["model"], "m");
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn members_the_provider_already_has_are_replaced_not_doubled() {
    let shop = Shop::open("1").await;
    let mut said = json!({"cost": 7, "provider": "Somebody", "choices": []});
    said["usage"] = usage(10, 20);
    shop.upstream.next(Reply::json(200, &said));
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.text.matches("\"cost\"").count(), 1);
    assert!(
        answer
            .text
            .starts_with(r#"{"cost":0.00021,"provider":"up","#),
        "{}",
        answer.text
    );
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn only_headers_that_concern_the_client_pass() {
    let shop = Shop::open("1").await;
    let reply = Reply::chat("Hi", &usage(10, 20))
        .header("openai-processing-ms", "5")
        .header("openai-organization", "acme")
        .header("openai-project", "proj_1")
        .header("x-ratelimit-remaining-requests", "9")
        .header("set-cookie", "session=1")
        .header("server", "upstream/1.0")
        .header("x-request-id", "theirs");
    shop.upstream.next(reply);
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.header("openai-processing-ms"), "5");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "9");
    assert_eq!(answer.header("openai-organization"), "");
    assert_eq!(answer.header("openai-project"), "");
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.header("server"), "");
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn an_account_key_calls_on_the_accounts_purse() {
    let shop = Shop::open("1").await;
    let answer = shop
        .app
        .post("/v1/chat/completions")
        .json(&hello())
        .send()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.header("x-keypurse-balance"),
        "",
        "an account key has no token"
    );
    assert_eq!(shop.balance().await, "1.0");
    let accounts = shop.app.state().store.accounts().await.unwrap();
    assert_eq!(
        accounts[0].balance.to_string(),
        "-0.00021",
        "counted though unlimited"
    );
}
