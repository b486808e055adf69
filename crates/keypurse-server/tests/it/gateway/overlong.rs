//! Providers that say more than they were asked for, or say it elsewhere.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::{Shop, hello_stream, said, with};

/// Keeps what is logged as a warning or worse, while it is in force.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A stream of this many words.
fn words(count: usize) -> Reply {
    (0..count).fold(Reply::stream(), |reply, _| reply.chunk("secret "))
}

#[tokio::test]
async fn a_provider_that_ignores_the_output_limit_is_cut_and_the_log_warns_once() {
    let warnings = Warnings::default();
    let _heard = tracing::subscriber::set_default(warnings.clone());
    let shop = Shop::open("1").await;
    let limited = with(hello_stream(), "max_tokens", json!(2));
    // Up to four events for each token may be one that sends characters.
    shop.upstream.next(words(8).finish().done());
    assert_eq!(said(&shop.ask(&limited).await.text).len(), 8 * 7);
    assert_eq!(warnings.all(), [""; 0]);
    shop.upstream
        .next(words(200).finish().usage(&usage(7, 2)).done());
    let answer = shop.ask(&limited).await;
    assert!(answer.text.contains("\"length\""), "{}", answer.text);
    let sent = i64::try_from(limited.to_string().len()).unwrap();
    assert_eq!(shop.charged().await, 2 * (sent * 1_000 + 2 * 10_000));
    let warned = warnings.all();
    let [warning] = &warned[..] else {
        panic!("one warning: {warned:?}")
    };
    assert!(
        warning.contains("provider `up`") && warning.contains("model `m`"),
        "{warning}"
    );
    assert!(!warning.contains("secret"), "{warning}");
}

/// What each chunk says, what the whole stream is counted as, in bytes.
async fn counted(chunks: &[Value]) -> i64 {
    let shop = Shop::open("1").await;
    let reply = chunks.iter().fold(Reply::stream(), |reply, choice| {
        reply.data(&json!({"id": "chatcmpl-1", "model": "m", "choices": [choice]}))
    });
    shop.upstream.next(reply.finish().done());
    let answer = shop.ask(&hello_stream()).await;
    assert!(answer.text.contains("[DONE]"), "{}", answer.text);
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    let output = shop.charged().await - sent * 1_000;
    assert_eq!(output % 10_000, 0);
    output / 10_000
}

#[tokio::test]
async fn text_beside_the_delta_is_counted_and_none_twice() {
    let told = |choice: Value| {
        let mut choice = choice;
        choice["index"] = json!(0);
        choice
    };
    for (what, chunks, bytes) in [
        (
            "a message",
            vec![
                told(json!({"message": {"role": "assistant", "content": "abc"}})),
                told(json!({"message": {"content": "de"}})),
            ],
            5,
        ),
        (
            "a text beside an empty delta",
            vec![
                told(json!({"text": "abc", "delta": {}})),
                told(json!({"text": "de", "delta": null})),
            ],
            5,
        ),
        (
            "a name nobody knows",
            vec![told(json!({"said": {"parts": ["ab", "c"]}}))],
            3,
        ),
        (
            "all so far beside each delta, and once more at the end",
            vec![
                told(json!({"delta": {"content": "abc"}, "message": {"content": "abc"}})),
                told(json!({"delta": {"content": "de"}, "message": {"content": "abcde"}})),
                told(json!({"delta": {"content": ""}, "message": {"content": "abcde"}})),
            ],
            5,
        ),
        (
            "the same as delta and text",
            vec![told(json!({"delta": {"content": "abc"}, "text": "abc"}))],
            3,
        ),
        (
            "what is no output",
            vec![told(
                json!({"delta": {"role": "assistant"}, "role": "assistant", "id": "x",
                "finish_reason": null, "native_finish_reason": "STOP", "stop_reason": "end",
                "matched_stop": "end", "content_filter_results": {"hate": {"severity": "safe"}},
                "logprobs": {"content": [{"token": "abc"}]}, "error": {"message": "m"}}),
            )],
            0,
        ),
    ] {
        assert_eq!(counted(&chunks).await, bytes, "{what}");
    }
}
