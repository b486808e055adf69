//! Streams that break off after their provider told what the whole answer
//! used: charged by that, as where they end there in order. Usage of a part is
//! not.

use std::time::Duration;

use http_body_util::BodyExt as _;
use keypurse_server::gateway::{Dialect, ProviderKind};
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{MESSAGES, begun, ended, event, greeting_stream, shop, shop_with, used};
use crate::gateway::{CHAT, Shop, hello_stream, said, soon};

/// What was charged, and whether it was counted.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    charged: i64,
    counted: bool,
}

/// 7 tokens in, 4 out.
const TOLD: Row = Row {
    charged: 7 * 1_000 + 4 * 10_000,
    counted: false,
};

/// The clients' routes, with what they send.
fn clients() -> [(&'static str, Value); 2] {
    [(CHAT, hello_stream()), (MESSAGES, greeting_stream())]
}

async fn row(shop: &Shop) -> Row {
    let charged = soon(shop.charged()).await;
    let calls = shop.app.calls();
    let [call] = &calls[..] else {
        panic!("one call, one row: {calls:?}")
    };
    let counted = call.estimated;
    Row { charged, counted }
}

async fn charged(dialect: Dialect, (route, request): (&str, &Value), reply: Reply) -> (Row, Shop) {
    let shop = shop(dialect, "1").await;
    shop.upstream.always(reply);
    let call = shop.app.post(route).key(&shop.secret).json(request);
    let answer = soon(call.send()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("error"), "it broke: {}", answer.text);
    (row(&shop).await, shop)
}

/// What was sent, each byte a token, and so many tokens of text. What is added
/// to a chat is not the client's.
fn counted(shop: &Shop, route: &str, said: i64) -> Row {
    let bytes = match route {
        CHAT => hello_stream().to_string().len(),
        _ => shop.upstream.last().body.len(),
    };
    let bytes = i64::try_from(bytes).unwrap();
    let charged = bytes * 1_000 + said * 10_000;
    Row {
        charged,
        counted: true,
    }
}

/// The input as it was told, and so many tokens of text.
fn input_told(said: i64) -> Row {
    Row {
        charged: 7 * 1_000 + said * 10_000,
        counted: true,
    }
}

/// What a provider of this dialect sends before its last mark: the text, its
/// end and the usage of all.
fn told(dialect: Dialect) -> String {
    let text = "Four tokens of text, not more";
    let data = |data: Value| format!("data: {data}\n\n");
    match dialect {
        Dialect::OpenAi => {
            let choice = json!({"index": 0, "delta": {"content": text}});
            let end = json!({"index": 0, "delta": {}, "finish_reason": "stop"});
            data(json!({"id": "c", "choices": [choice]}))
                + &data(json!({"id": "c", "choices": [end]}))
                + &data(json!({"id": "c", "choices": [], "usage": usage(7, 4)}))
        }
        Dialect::Anthropic => {
            let end = ended(&json!({"output_tokens": 4}));
            let (end, _) = end.split_at(end.find("event: message_stop").unwrap());
            begun(&[text], 7) + end
        }
        Dialect::Gemini => data(super::candidates(text, &super::gemini_used(7, 4))),
    }
}

/// An error event of this dialect.
fn failed(dialect: Dialect) -> String {
    match dialect {
        Dialect::OpenAi => "data: {\"error\":{\"message\":\"busy\"}}\n\n".to_owned(),
        Dialect::Anthropic => event(&json!({"type": "error",
            "error": {"type": "overloaded_error", "message": "busy"}})),
        Dialect::Gemini => "data: {\"error\":{\"code\":503,\"message\":\"busy\",\
             \"status\":\"UNAVAILABLE\"}}\n\n"
            .to_owned(),
    }
}

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];

#[tokio::test]
async fn a_stream_that_breaks_after_its_usage_is_charged_by_it() {
    for dialect in DIALECTS {
        for (route, request) in clients() {
            let told = Reply::stream().raw(&told(dialect));
            for (how, reply) in [
                ("a lost connection", told.clone().breaks()),
                ("half an event", told.clone().raw("data: {\"cho").breaks()),
                ("an error event", told.clone().raw(&failed(dialect))),
                ("nonsense", told.clone().raw("data: {\n\n")),
            ] {
                let (row, _) = charged(dialect, (route, &request), reply).await;
                assert_eq!(row, TOLD, "{dialect:?} to {route}: {how}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_after_its_usage_is_charged_by_it() {
    for dialect in DIALECTS {
        for (route, request) in clients() {
            let shop = shop_with(dialect, "1", |config| {
                if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
                    settings.timeouts.idle = Duration::from_millis(50);
                }
            });
            let (shop, gate) = (shop.await, Gate::new());
            let told = Reply::stream().raw(&told(dialect));
            shop.upstream.always(told.wait(&gate));
            let call = shop.app.post(route).key(&shop.secret).json(&request);
            soon(call.send()).await;
            assert_eq!(row(&shop).await, TOLD, "{dialect:?} to {route}");
        }
    }
}

#[tokio::test]
async fn a_client_that_left_pays_the_usage_that_was_told_before_nothing_was_drained() {
    for dialect in DIALECTS {
        for (route, request) in clients() {
            let shop = shop_with(dialect, "1", |config| {
                if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
                    settings.timeouts.drain = Duration::from_millis(50);
                }
            });
            let (shop, gate) = (shop.await, Gate::new());
            let told = Reply::stream().raw(&told(dialect));
            shop.upstream.always(told.wait(&gate));
            let call = shop.app.post(route).key(&shop.secret).json(&request);
            let mut body = call.open().await.into_body();
            soon(body.frame()).await.unwrap().unwrap();
            drop(body);
            assert_eq!(row(&shop).await, TOLD, "{dialect:?} to {route}");
        }
    }
}

/// Some tell usage as they go; what it is about is only what came before.
#[tokio::test]
async fn usage_told_before_text_that_follows_is_not_of_the_whole() {
    let chunk = |text: &str, end: Value, usage: Value| {
        json!({"id": "c", "usage": usage,
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]})
    };
    let part = |text: &str, usage: Value| chunk(text, Value::Null, usage);
    let running = || Reply::stream().data(&part("abc", usage(7, 1)));
    for (route, request) in clients() {
        for (how, reply, said) in [
            (
                "text behind it",
                running().data(&part("defg", json!(null))).breaks(),
                7,
            ),
            ("a part of the text", running().breaks(), 3),
            (
                "nothing yet",
                Reply::stream().data(&part("abc", usage(0, 0))).breaks(),
                3,
            ),
            (
                "nothing at the end of the text",
                Reply::stream()
                    .data(&chunk("abc", json!("stop"), usage(7, 0)))
                    .breaks(),
                3,
            ),
            (
                "told before the end",
                running()
                    .data(&chunk("", json!("stop"), json!(null)))
                    .breaks(),
                3,
            ),
        ] {
            let (row, shop) = charged(Dialect::OpenAi, (route, &request), reply).await;
            assert_eq!(row, counted(&shop, route, said), "{route}: {how}");
        }
    }
}

#[tokio::test]
async fn a_message_whose_usage_has_text_behind_it_is_counted_with_the_input_it_told() {
    let delta = |stop: Value, usage: Value| {
        event(&json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage}))
    };
    let more = event(&json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": "defg"}}));
    for (route, request) in clients() {
        for (how, stream, said) in [
            ("no usage", begun(&["abc"], 7), 3),
            (
                "text behind it",
                begun(&["abc"], 7) + &delta(Value::Null, used(7, 1)) + &more,
                7,
            ),
            (
                "a part of the text",
                begun(&["abc"], 7) + &delta(Value::Null, used(7, 1)),
                3,
            ),
            (
                "nothing at its end",
                begun(&["abc"], 7) + &delta(json!("end_turn"), used(7, 0)),
                3,
            ),
        ] {
            let reply = Reply::stream().raw(&stream).breaks();
            let (row, _) = charged(Dialect::Anthropic, (route, &request), reply).await;
            assert_eq!(row, input_told(said), "{route}: {how}");
        }
    }
}

/// What is translated hides no text from its usage, either, though the stream
/// comes to its end.
#[tokio::test]
async fn usage_with_text_behind_it_is_not_of_a_whole_stream_that_is_translated() {
    let part = |text: &str, end: Value, usage: Value| {
        let content = json!({"role": "model", "parts": [{"text": text}]});
        json!({"candidates": [{"content": content, "finishReason": end, "index": 0}],
            "usageMetadata": usage, "responseId": "r1"})
    };
    let gemini = || {
        let told = part("abc", Value::Null, super::gemini_used(7, 1));
        let last = part("defg", json!("STOP"), Value::Null);
        Reply::stream().data(&told).data(&last)
    };
    for (route, request) in clients() {
        for (how, reply) in [("whole", gemini()), ("broken", gemini().breaks())] {
            let shop = shop(Dialect::Gemini, "1").await;
            shop.upstream.always(reply);
            let call = shop.app.post(route).key(&shop.secret).json(&request);
            let answer = soon(call.send()).await;
            assert_eq!(row(&shop).await, input_told(7), "{route}, {how}");
            assert!(route == MESSAGES || said(&answer.text) == "abcdefg");
        }
    }
    let chat = shop(Dialect::OpenAi, "1").await;
    let told = json!({"id": "c", "usage": usage(7, 1),
        "choices": [{"index": 0, "delta": {"content": "abc"}}]});
    let reply = Reply::stream().data(&told).chunk("defg").finish().done();
    chat.upstream.always(reply);
    chat.send_message(&greeting_stream()).await;
    assert_eq!(row(&chat).await, counted(&chat, MESSAGES, 7));

    let message = begun(&["abc"], 7)
        + &event(
            &json!({"type": "message_delta", "delta": {"stop_reason": null},
            "usage": used(7, 1)}),
        )
        + &event(&json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": "defg"}}))
        + &ended(&Value::Null);
    for (route, request) in clients() {
        let shop = shop(Dialect::Anthropic, "1").await;
        shop.upstream.always(Reply::stream().raw(&message));
        let call = shop.app.post(route).key(&shop.secret).json(&request);
        soon(call.send()).await;
        assert_eq!(row(&shop).await, input_told(7), "{route}");
    }
}
