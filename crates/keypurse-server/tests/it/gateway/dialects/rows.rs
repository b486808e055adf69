//! Rows of the settlement table, for Anthropic's events: passed natively, and
//! translated for a chat.

use keypurse_server::gateway::Dialect;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{begun, ended, event, greeting, greeting_stream, message, message_stream, shop, used};
use crate::gateway::{hello, hello_stream};

/// Whether a charge was told or counted, and how much.
#[derive(Debug, PartialEq, Eq)]
enum Row {
    Void,
    Exact(i64),
    Counted(i64),
}

async fn row(request: &Value, reply: Reply) -> Row {
    let shop = shop(Dialect::Anthropic, "1").await;
    shop.upstream.always(reply);
    if request.get("max_tokens").is_some() {
        shop.send_message(request).await;
    } else {
        shop.ask(request).await;
    }
    let charged = shop.charged().await;
    let calls = shop.app.calls();
    let [call] = &calls[..] else {
        panic!("one call, one row: {calls:?}")
    };
    assert_eq!(call.charged.nanos(), charged);
    let row = match (call.state, call.estimated) {
        (keypurse_store_sqlite::CallState::Void, _) => Row::Void,
        (_, true) => Row::Counted(charged),
        (_, false) => Row::Exact(charged),
    };
    shop.app.finish().await;
    row
}

/// What a body of this length is counted as, and so many bytes of text.
fn counted(body: &Value, said: i64) -> Row {
    let bytes = i64::try_from(body.to_string().len()).unwrap();
    Row::Counted(bytes * 1000 + said * 10_000)
}

/// What was translated is what is counted.
fn sent_for_hello() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "max_tokens": 1000})
}

#[tokio::test]
async fn a_whole_answer_is_charged_by_its_usage_even_zero() {
    for (reported, nanos) in [(used(10, 20), 210_000), (used(0, 0), 0)] {
        for request in [greeting(), hello()] {
            assert_eq!(
                row(&request, message("Hello", &reported)).await,
                Row::Exact(nanos)
            );
        }
        for request in [greeting_stream(), hello_stream()] {
            let input = reported["input_tokens"].as_u64().unwrap();
            let reply = message_stream(&["Hello"], input, &reported);
            assert_eq!(row(&request, reply).await, Row::Exact(nanos));
        }
    }
}

#[tokio::test]
async fn usage_that_is_missing_or_cannot_be_is_counted() {
    for reported in [
        Value::Null,
        json!({"input_tokens": -10, "output_tokens": 20}),
        json!({"input_tokens": 10.5, "output_tokens": 20}),
        used(10, 1001),
        used(500_000, 20),
        json!({"input_tokens": 10, "output_tokens": 2,
            "output_tokens_details": {"thinking_tokens": 3}}),
        // Nobody asked for a write that lives for an hour.
        json!({"input_tokens": 10, "output_tokens": 2,
            "cache_creation": {"ephemeral_1h_input_tokens": 5}}),
    ] {
        let native = row(&greeting(), message("Hello", &reported)).await;
        let mut asked = greeting();
        asked["model"] = json!("up/m");
        assert_eq!(native, counted(&asked, 5), "{reported}");
        let translated = row(&hello(), message("Hello", &reported)).await;
        assert_eq!(translated, counted(&sent_for_hello(), 5), "{reported}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_charged_the_input_it_told_and_what_came() {
    let cut = || Reply::stream().raw(&begun(&["Hel", "lo"], 10)).breaks();
    let told = Row::Counted(10 * 1000 + 5 * 10_000);
    for request in [greeting_stream(), hello_stream()] {
        assert_eq!(row(&request, cut()).await, told);
    }
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let failed = begun(&["Hel", "lo"], 10) + &event(&error);
    for request in [greeting_stream(), hello_stream()] {
        let reply = Reply::stream().raw(&failed);
        assert_eq!(row(&request, reply).await, told);
    }
}

#[tokio::test]
async fn a_stream_without_usage_at_its_end_is_counted() {
    let reply = || message_stream(&["Hel", "lo"], 10, &Value::Null);
    for request in [greeting_stream(), hello_stream()] {
        let charged = row(&request, reply()).await;
        assert_eq!(charged, Row::Counted(10 * 1000 + 5 * 10_000));
    }
}

#[tokio::test]
async fn a_stream_that_lacks_its_last_event_is_whole() {
    let stream = begun(&["Hello"], 10) + &ended(&used(10, 20));
    let stream = stream
        .split("event: message_stop")
        .next()
        .unwrap()
        .to_owned();
    let reply = || Reply::stream().raw(&stream);
    for request in [greeting_stream(), hello_stream()] {
        assert_eq!(row(&request, reply()).await, Row::Exact(210_000));
    }
}

#[tokio::test]
async fn what_fails_before_its_first_event_is_free() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let ping = event(&json!({"type": "ping"}));
    for reply in [
        Reply::json(529, &error),
        Reply::json(200, &error),
        Reply::json(200, &json!({})),
        Reply::text(200, "text/html", "<html>"),
        Reply::text(200, "application/json", "{\"id\"").breaks(),
    ] {
        for request in [greeting(), hello()] {
            assert_eq!(row(&request, reply.clone()).await, Row::Void, "{reply:?}");
        }
    }
    for reply in [
        Reply::json(500, &error),
        Reply::stream().raw(&ping).breaks(),
        Reply::stream().raw(&(ping.clone() + &event(&error))),
        Reply::stream().raw("data: {}\n\n"),
        Reply::stream().raw(&event(&json!({"type": "content_block_stop", "index": 0}))),
    ] {
        for request in [greeting_stream(), hello_stream()] {
            assert_eq!(row(&request, reply.clone()).await, Row::Void, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn more_text_than_was_asked_for_is_cut_and_charged_at_most_the_limit() {
    let text = "x".repeat(50);
    let texts: Vec<&str> = std::iter::repeat_n(text.as_str(), 2000).collect();
    let reply = || Reply::stream().raw(&begun(&texts, 10));
    assert_eq!(
        row(&greeting_stream(), reply()).await,
        Row::Counted(10 * 1000 + 100 * 10_000)
    );
    let Row::Counted(charged) = row(&hello_stream(), reply()).await else {
        panic!("counted")
    };
    assert!(charged <= 1000 * 10_000 + 1000 * 1000);
}
