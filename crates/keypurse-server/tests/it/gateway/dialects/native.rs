//! `messages` at a provider that speaks them itself: bytes pass, with only
//! what must change changed.

use http_body_util::BodyExt as _;
use keypurse_core::price::{Band, Price, Rates};
use keypurse_server::gateway::Dialect;
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::{Gate, Reply};
use serde_json::{Value, json};

use super::{
    begun, ended, event, events, greeting, greeting_stream, in_blocks, kinds, message,
    message_stream, said, set_balance, shop, shop_with, used,
};
use crate::gateway::{Shop, rate, soon, with};

#[tokio::test]
async fn bytes_pass_both_ways_and_the_cost_is_added() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let body = r#"{ "model":"m", "max_tokens":100,"messages":[{"role":"user","content":"Gr\u00fc"}],
        "unknown": {"x": 1e-09} }"#;
    let reply = r#"{"id":"msg_1","type":"message","content":[{"type":"text","text":"a"}], "new": 1.50,
        "usage":{"input_tokens":10,"output_tokens":20,"service_tier":"standard"}}"#;
    shop.upstream
        .always(Reply::text(200, "application/json", reply));
    for path in ["/v1/messages", "/v3/v1/messages", "/v1/messages/"] {
        let request = shop
            .app
            .post(path)
            .without_key()
            .header("x-api-key", &shop.secret);
        let answer = request.json_text(body).send().await;
        assert_eq!(shop.upstream.last().body, body);
        assert_eq!(shop.upstream.last().path, "/v1/messages");
        let expected =
            reply.trim_end_matches('}').to_owned() + "},\"cost\":0.00021,\"provider\":\"up\"}";
        assert_eq!(answer.text, expected);
        assert_eq!(answer.header("x-keypurse-cost"), "0.00021");
    }
    assert_eq!(shop.charged().await, 3 * 210_000);
    let elsewhere = shop.app.post("/v3/messages").json(&greeting()).send().await;
    assert_eq!(elsewhere.status, 404);
    shop.app.finish().await;
}

/// Agents drop what a model of another name thought.
#[tokio::test]
async fn an_answer_names_the_model_as_its_client_does() {
    let shop = shop_with(Dialect::Anthropic, "1", |config| {
        config
            .aliases
            .insert("fast".to_owned(), vec!["up/m".to_owned()]);
    })
    .await;
    for (asked, expected) in [("up/m", "up/m"), ("fast", "fast"), ("m", "claude")] {
        let request = with(greeting(), "model", json!(asked));
        shop.upstream.next(message("Hello!", &used(10, 20)));
        let whole = shop.send_message(&request).await;
        assert_eq!(whole.json()["model"], expected, "{}", whole.text);
        assert_eq!(whole.json()["cost"].to_string(), "0.00021");
        shop.upstream
            .next(message_stream(&["Hi"], 10, &used(10, 20)));
        let streamed = shop
            .send_message(&with(request, "stream", json!(true)))
            .await;
        let start = &events(&streamed.text)[0];
        assert_eq!(start["message"]["model"], expected, "{}", streamed.text);
        assert_eq!(start["message"]["usage"]["input_tokens"], 10);
    }
    shop.app.finish().await;
}

/// Its SDKs' tool runners ask for one, and go on without when they read this.
#[tokio::test]
async fn a_thread_that_is_kept_at_the_provider_is_refused() {
    for dialect in [Dialect::Anthropic, Dialect::OpenAi] {
        let shop = shop(dialect, "1").await;
        for thread in [
            json!({"type": "create"}),
            json!({"type": "continue", "previous_message_id": "msg_1"}),
        ] {
            let answer = shop.send_message(&with(greeting(), "thread", thread)).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            let error = &answer.json()["error"];
            let expected = json!({"error_code": "thread_unsupported_request", "unsupported": []});
            assert_eq!(error["details"], expected, "{}", answer.text);
        }
        assert!(shop.upstream.received().is_empty());
        shop.app.finish().await;
    }
}

/// A turn that began without its thinking has no more of it.
#[tokio::test]
async fn thinking_ends_where_what_a_turn_began_with_is_left_out() {
    let shop = shop_with(Dialect::Anthropic, "1", |config| {
        config.prices[0].max_output_tokens = None;
    })
    .await;
    let foreign = json!({"type": "thinking", "thinking": "Hm", "signature": "keypurse"});
    let own = json!({"type": "thinking", "thinking": "Hm", "signature": "c2ln"});
    let call = json!({"type": "tool_use", "id": "c", "name": "f", "input": {}});
    let user = |content: Value| json!({"role": "user", "content": content});
    let assistant = |content: Value| json!({"role": "assistant", "content": content});
    let result = || user(json!([{"type": "tool_result", "tool_use_id": "c", "content": "1"}]));
    let budget = json!({"type": "enabled", "budget_tokens": 1500});
    for (turns, is_off) in [
        (vec![assistant(json!([foreign, call])), result()], true),
        (
            vec![
                assistant(json!([foreign])),
                assistant(json!([call])),
                result(),
            ],
            true,
        ),
        (
            vec![assistant(json!([own, foreign, call])), result()],
            false,
        ),
        // Of a turn that is over.
        (
            vec![
                assistant(json!([foreign, call])),
                result(),
                assistant(json!("A")),
                user(json!("?")),
            ],
            false,
        ),
    ] {
        let messages = [vec![user(json!("Hi"))], turns].concat();
        let clear = json!({"type": "clear_thinking_20251015", "keep": "all"});
        let request = json!({"model": "up/m", "max_tokens": 2000, "thinking": budget,
            "messages": messages, "context_management": {"edits": [clear]}});
        let answer = shop.send_message(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = shop.upstream.last().json();
        // There is nothing to clear without thinking, and it is refused.
        assert_eq!(sent["context_management"].is_null(), is_off, "{sent}");
        let off = json!({"type": "disabled"});
        assert_eq!(
            sent["thinking"],
            if is_off { off } else { budget.clone() },
            "{messages:?}"
        );
    }
    shop.app.finish().await;
}

/// Anthropic refuses thinking it did not sign.
#[tokio::test]
async fn a_conversation_goes_on_that_another_model_began() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let foreign = r#"{"type":"thinking","thinking":"Hm","signature":"keypurse"}"#;
    let own = r#"{"type":"thinking","thinking":"Hm","signature":"c2ln"}"#;
    let body = |first: &str, second: &str| {
        format!(
            r#"{{"model":"m","max_tokens":100,"messages":[{{"role":"user","content":"Hi"}},
            {{"role":"assistant", "content":[{first}{{"type":"text","text":"A"}}]}},{second}
            {{"role":"user","content":"And?"}}]}}"#
        )
    };
    let thought = format!(r#"{{"role":"assistant","content":[{foreign}]}},"#);
    let sent = async |body: String| {
        let answer = shop.call(super::MESSAGES, &json!(0)).json_text(body);
        let answer = answer.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        shop.upstream.last().json()
    };
    let mixed = body(&format!("{foreign},{own},"), &thought);
    let kept: Value = serde_json::from_str(&body(&format!("{own},"), "")).unwrap();
    assert_eq!(sent(mixed).await, kept);
    let untouched = body(&format!("{own},"), "");
    sent(untouched.clone()).await;
    assert_eq!(shop.upstream.last().body, untouched);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_without_output_fills_the_cache_and_is_charged_for_that() {
    let native = shop(Dialect::Anthropic, "1").await;
    let filled = json!({"id": "msg_1", "type": "message", "content": [], "stop_reason": "max_tokens",
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 20, "output_tokens": 0}});
    native.upstream.always(Reply::json(200, &filled));
    let request = with(greeting(), "max_tokens", json!(0));
    let answer = native.send_message(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(native.upstream.last().json()["max_tokens"], 0);
    assert_eq!(native.charged().await, 10 * 1000 + 20 * 1250);
    native.app.finish().await;
    for dialect in [Dialect::OpenAi, Dialect::Gemini] {
        let other = shop(dialect, "1").await;
        let answer = other.send_message(&request).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains("at least 1"), "{}", answer.text);
        assert!(other.upstream.received().is_empty());
    }
}

#[tokio::test]
async fn a_secret_comes_either_way_and_never_twice() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let ask = || shop.app.post(super::MESSAGES).json(&greeting());
    assert_eq!(ask().key(&shop.secret).send().await.status, 200);
    let both = ask()
        .key(&shop.secret)
        .header("x-api-key", &shop.secret)
        .send()
        .await;
    let none = ask().without_key().send().await;
    for answer in [both, none] {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["type"], "error");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
    }
    let chat = shop.app.post("/v1/chat/completions").without_key();
    let chat = chat
        .header("x-api-key", &shop.secret)
        .json(&crate::gateway::hello());
    assert_eq!(chat.send().await.status, 401);
}

#[tokio::test]
async fn a_body_is_read_strictly_and_refused_as_anthropic_does() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let rest = r#""messages":[{"role":"user","content":"Hi"}]"#;
    for (body, expected) in [
        (
            format!(r#"{{"model":"up/m",{rest}}}"#),
            "`max_tokens` is required",
        ),
        (
            format!(r#"{{"model":"up/m","max_tokens":1,"max_tokens":9,{rest}}}"#),
            "duplicate key",
        ),
        (
            format!(r#"{{"model":"up/m","Max_Tokens":1,"max_tokens":9,{rest}}}"#),
            "exactly so",
        ),
        (
            format!(r#"{{"model":"up/m","max_tokens":1e3,{rest}}}"#),
            "whole number",
        ),
        (
            format!(r#"{{"model":"up/m","max_tokens":-1,{rest}}}"#),
            "whole number",
        ),
        (
            r#"{"model":"up/m","max_tokens":9,"messages":[]}"#.to_owned(),
            "at least one",
        ),
        (
            format!(r#"{{"model":"up/m","max_tokens":9,"api_key":"x",{rest}}}"#),
            "operator",
        ),
        ("[]".to_owned(), "invalid JSON"),
    ] {
        let request = shop.app.post(super::MESSAGES).key(&shop.secret);
        let answer = request.json_text(body.clone()).send().await;
        assert_eq!(answer.status, 400, "{body}");
        let error = &answer.json()["error"];
        assert_eq!(error["type"], "invalid_request_error", "{body}");
        assert!(
            error["message"].as_str().unwrap().contains(expected),
            "{error}"
        );
    }
    let unknown = with(greeting(), "model", json!("nobody/knows"));
    let answer = shop.send_message(&unknown).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn what_has_no_price_is_refused() {
    let shop = shop(Dialect::Anthropic, "1").await;
    for (member, value) in [
        (
            "tools",
            json!([{"type": "web_search_20250305", "name": "web_search"}]),
        ),
        ("speed", json!("fast")),
        ("inference_geo", json!("us")),
        ("container", json!("c")),
        (
            "context_management",
            json!({"edits": [{"type": "compact_20260112"}]}),
        ),
    ] {
        let answer = shop.send_message(&with(greeting(), member, value)).await;
        assert_eq!(answer.status, 400, "{member}");
        assert_eq!(
            answer.json()["error"]["code"],
            "unpriced_parameter",
            "{member}"
        );
    }
    for beta in ["fast-mode-2026-02-01", "compact-2026-01-12"] {
        let request = shop.app.post(super::MESSAGES).key(&shop.secret);
        let request = request.header("anthropic-beta", &format!("effort-2025-11-24, {beta}"));
        let error = request.json(&greeting()).send().await.json()["error"].clone();
        assert_eq!(error["code"], "unpriced_parameter");
        let names = format!("`{beta}`");
        assert!(
            error["message"].as_str().unwrap().contains(&names),
            "{error}"
        );
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn harmless_betas_pass_and_others_stay_here() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let harmless = "effort-2025-11-24,mid-conversation-system-2026-04-07,\
                    thinking-token-count-2026-05-13,prompt-caching-scope-2026-01-05,\
                    task-budgets-2026-03-13";
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let request = request.header(
        "anthropic-beta",
        &format!("{harmless},new-thing-2030-01-01"),
    );
    let request = request.header("anthropic-version", "2023-01-01");
    assert_eq!(request.json(&greeting()).send().await.status, 200);
    let sent = shop.upstream.last();
    assert_eq!(sent.headers["anthropic-beta"], harmless);
    assert_eq!(sent.headers["anthropic-version"], "2023-06-01");
}

const LONG: &str = "context-1m-2025-08-07";

/// A greeting that asks for long inputs, and brings along a document of nobody
/// knows how many tokens.
async fn ask_for_long(shop: &Shop, secret: &str, model: &str) -> TestAnswer {
    let pdf = json!({"type": "document", "source": {"type": "base64",
        "media_type": "application/pdf", "data": "JVBERi0="}});
    let body = json!({"model": model, "max_tokens": 100,
        "messages": [{"role": "user", "content": [pdf]}]});
    let request = shop.app.post(super::MESSAGES).key(secret);
    let request = request.header("anthropic-beta", &format!("effort-2025-11-24,{LONG}"));
    request.json(&body).send().await
}

fn banded(above: u64) -> Price {
    let rates = |input| Rates {
        input: rate(input),
        output: rate("10"),
        ..Rates::default()
    };
    let band = |above, input| Band {
        above,
        rates: rates(input),
    };
    Price::banded(vec![band(0, "1"), band(above, "2")]).unwrap()
}

#[tokio::test]
async fn long_inputs_are_asked_for_where_their_price_is_known() {
    for (above, context, passes) in [
        (None, Some(1_000_000), true),
        (None, Some(200_000), false),
        (Some(200_000), Some(200_000), true),
        (Some(100_000), Some(1_000_000), true),
        (Some(100_000), Some(200_000), false),
    ] {
        let shop = shop_with(Dialect::Anthropic, "5", |config| {
            config.prices[0].max_input_tokens = context;
            if let Some(above) = above {
                config.prices[0].price = banded(above);
            }
        });
        let shop = shop.await;
        let answer = ask_for_long(&shop, &shop.secret, "up/m").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = shop.upstream.last().headers["anthropic-beta"].clone();
        let sent = sent.to_str().unwrap();
        assert_eq!(sent.contains(LONG), passes, "{above:?} {context:?}: {sent}");
    }
    for (model, passes) in [
        ("claude-opus-4-8", true),
        ("claude-sonnet-4-5", true),
        ("claude-sonnet-4-0", false),
    ] {
        let shop = shop_with(Dialect::Anthropic, "50", |config| {
            "anthropic".clone_into(&mut config.providers[0].name);
            config.prices.clear();
        });
        let shop = shop.await;
        let answer = ask_for_long(&shop, &shop.secret, model).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = shop.upstream.last().headers["anthropic-beta"].clone();
        assert_eq!(sent.to_str().unwrap().contains(LONG), passes, "{model}");
    }
}

#[tokio::test]
async fn what_a_long_input_costs_is_held_at_its_band() {
    // A million tokens at $2 a million, where 200,000 at $1 are the limit else.
    for (balance, status) in [("1.9", 402), ("2.1", 200)] {
        let shop = shop_with(Dialect::Anthropic, balance, |config| {
            config.prices[0].max_input_tokens = Some(200_000);
            config.prices[0].price = banded(200_000);
        });
        let shop = shop.await;
        let answer = ask_for_long(&shop, &shop.secret, "up/m").await;
        assert_eq!(answer.status, status, "{balance}: {}", answer.text);
    }
}

#[tokio::test]
async fn long_inputs_are_not_asked_of_other_dialects_and_the_sandbox_takes_them() {
    let shop = shop(Dialect::OpenAi, "1").await;
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let request = request.header("anthropic-beta", LONG);
    assert_eq!(request.json(&greeting()).send().await.status, 200);
    assert!(!shop.upstream.last().headers.contains_key("anthropic-beta"));
    let body = json!({"name": "s", "token_type": "sandbox_api_token"});
    let (_, secret) = shop.app.create_token(body).await;
    let answer = ask_for_long(&shop, &secret, "anthropic/claude-opus-4-8").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn short_money_lowers_the_limit_and_the_budget_to_think() {
    for (balance, budget, thinking) in [
        (
            "0.025",
            4000,
            json!({"type": "enabled", "budget_tokens": 1200}),
        ),
        ("0.010", 4000, json!({"type": "disabled"})),
        (
            "0.025",
            1100,
            json!({"type": "enabled", "budget_tokens": 1100}),
        ),
    ] {
        let shop = shop_with(Dialect::Anthropic, balance, |config| {
            config.prices[0].max_output_tokens = None;
        });
        let shop = shop.await;
        let enabled = json!({"type": "enabled", "budget_tokens": budget});
        let mut request = with(greeting(), "thinking", enabled);
        request["max_tokens"] = json!(5000);
        let edits =
            json!([{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]);
        request["context_management"] = json!({ "edits": edits });
        let answer = shop.send_message(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = shop.upstream.last().json();
        let kept = sent["context_management"]["edits"].as_array().unwrap();
        let is_off = thinking["type"] == "disabled";
        assert_eq!(kept.len(), if is_off { 1 } else { 2 }, "{sent}");
        let limit = sent["max_tokens"].as_u64().unwrap();
        assert_eq!(answer.header("x-keypurse-output-limit"), limit.to_string());
        let told = sent["thinking"]["budget_tokens"].as_u64();
        assert_eq!(sent["thinking"]["type"], thinking["type"]);
        assert!(told.is_none_or(|told| told < limit), "{sent}");
        let unchanged = budget == 1100;
        assert_eq!(told == Some(1100), unchanged, "{sent}");
    }
    let broke = shop(Dialect::Anthropic, "0.001").await;
    let answer = broke
        .send_message(&with(greeting(), "max_tokens", json!(5000)))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (402, &json!("billing_error"))
    );
    assert_eq!(answer.json()["error"]["code"], "insufficient_balance");
}

#[tokio::test]
async fn a_stream_passes_event_by_event_and_its_end_tells_the_cost() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let ping = event(&json!({"type": "ping"}));
    let begun = begun(&["Hel", "lo"], 10);
    let (start, rest) = begun.split_at(begun.find("event: content").unwrap());
    let new = event(&json!({"type": "something_new", "x": 1}));
    let reply = format!("{ping}{start}{ping}{new}{rest}{}", ended(&used(10, 20)));
    shop.upstream.always(Reply::stream().raw(&reply));
    let request = with(greeting_stream(), "model", json!("m"));
    let answer = shop.send_message(&request).await;
    let stop = event(&json!({"type": "content_block_stop", "index": 0}));
    let passed = format!("{start}{ping}{new}{rest}{stop}");
    let rest = answer
        .text
        .strip_prefix(&passed)
        .expect("events pass as they came");
    let last = events(rest);
    assert_eq!(last.len(), 2, "{rest}");
    assert_eq!(last[0]["usage"]["output_tokens"], 20);
    assert_eq!(last[0]["usage"]["cost"].to_string(), "0.00021");
    assert_eq!(last[0]["delta"]["stop_reason"], "end_turn");
    assert_eq!(last[1]["type"], "message_stop");
    assert_eq!(shop.charged().await, 210_000);
    shop.app.finish().await;
}

#[tokio::test]
async fn l5_the_end_of_a_message_waits_for_its_charge() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let gate = Gate::new();
    let reply = Reply::stream().raw(&begun(&["Hi"], 10)).wait(&gate);
    shop.upstream.always(reply.raw(&ended(&used(10, 20))));
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let mut body = request.json(&greeting_stream()).open().await.into_body();
    body.frame().await.unwrap().unwrap();
    shop.app.faults().fill_disk();
    gate.let_pass(1);
    let rest = body.collect().await.unwrap().to_bytes();
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    assert!(!rest.contains("message_delta") && !rest.contains("message_stop"));
    assert!(rest.contains("event: error"), "{rest}");
    assert!(rest.contains("ledger_unavailable"), "{rest}");
    shop.app.faults().free_disk();
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn a_stream_whose_money_ends_is_cut_as_one_that_reached_its_limit() {
    let shop = shop_with(Dialect::Anthropic, "1", in_blocks).await;
    let gate = Gate::new();
    let long = "x".repeat(3000);
    let delta = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": long}});
    let reply = Reply::stream().raw(&begun(&["Hello"], 10)).wait(&gate);
    shop.upstream.always(reply.raw(&event(&delta)).wait(&gate));
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let request = request.json(&with(greeting_stream(), "max_tokens", json!(9000)));
    let mut body = request.open().await.into_body();
    let first = soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, "0.0115").await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let first = String::from_utf8(first.into_data().unwrap().to_vec()).unwrap();
    let stream = first + std::str::from_utf8(&rest).unwrap();
    assert_eq!(
        said(&stream),
        "Hello",
        "what is not covered is not delivered"
    );
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(kinds(&stream), expected);
    let end = &events(&stream)[4];
    assert_eq!(end["delta"]["stop_reason"], "max_tokens");
    assert_eq!(end["usage"]["input_tokens"], 10);
    assert!(end["usage"]["cost"].as_f64().unwrap() > 0.0);
    assert!(shop.balance_now().await.nanos() >= 0);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_cut_before_anything_was_delivered_is_still_a_message() {
    let shop = shop_with(Dialect::Anthropic, "1", in_blocks).await;
    let gate = Gate::new();
    let text = "x".repeat(5000);
    let reply = message_stream(&[&text], 10, &used(10, 5000));
    shop.upstream.always(reply.held_by(&gate));
    let request = with(greeting_stream(), "max_tokens", json!(9000));
    let short = async {
        shop.upstream.wait_for(1).await;
        set_balance(&shop, "0.0115").await;
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(shop.send_message(&request), short) }).await;
    let expected = ["message_start", "message_delta", "message_stop"];
    assert_eq!(kinds(&answer.text), expected);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_message_without_usage_gets_ours() {
    let shop = shop(Dialect::Anthropic, "1").await;
    shop.upstream.always(message("Hello", &Value::Null));
    let answer = shop.send_message(&greeting()).await.json();
    assert_eq!(answer["usage"]["output_tokens"], 5);
    assert_eq!(answer["provider"], "up");
}

#[tokio::test]
async fn a_repeated_message_is_answered_as_before_and_charged_once() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let ask = || {
        let request = shop.app.post(super::MESSAGES).key(&shop.secret);
        request
            .header("idempotency-key", "k1")
            .json(&greeting())
            .send()
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.text, second.text);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn a_client_that_leaves_is_charged_for_what_was_used() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let gate = Gate::new();
    let reply = Reply::stream().raw(&begun(&["Hel"], 10)).wait(&gate);
    shop.upstream.always(reply.raw(&ended(&used(10, 20))));
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let mut body = request.json(&greeting_stream()).open().await.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    gate.let_pass(1);
    // It is read on for its usage.
    assert_eq!(shop.charged().await, 210_000);
    shop.app.finish().await;
}
