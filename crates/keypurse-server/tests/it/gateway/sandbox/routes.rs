//! Every route: answered in its shape, by nobody, for nothing.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{Call, sandbox};
use crate::gateway::{data, with};

const ASK: &str = "Tell me about the sea.";

/// A second of silence: 8-bit samples at 8 kHz.
fn wav() -> Vec<u8> {
    let head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0";
    let data = [&head[..], b"data\x40\x1f\0\0", &[0; 8000]];
    data.concat()
}

fn transcription(more: &[(&str, &[u8])]) -> Call {
    let wav = wav();
    let mut fields = vec![
        ("\"model\"", &b"openai/whisper-1"[..]),
        ("\"file\"; filename=\"a.wav\"", &wav),
    ];
    fields.extend(more);
    Call::form("/v1/audio/transcriptions", &fields)
}

/// A call of each route whose answer is JSON, a member that tells its shape,
/// and whether it would have cost something.
pub(super) fn calls() -> Vec<(Call, &'static str, bool)> {
    let chat = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": ASK}]});
    let respond = json!({"model": "openai/gpt-4o", "input": ASK});
    let message = json!({"model": "openai/gpt-4o", "max_tokens": 50,
        "messages": [{"role": "user", "content": ASK}]});
    let embeddings = json!({"model": "text-embedding-3-small", "input": ASK});
    let moderation = json!({"input": ASK});
    let image = json!({"model": "openai/gpt-image-1", "prompt": ASK, "size": "1024x1024", "quality": "low"});
    let edit = [
        ("\"model\"", &b"openai/gpt-image-1"[..]),
        ("\"prompt\"", ASK.as_bytes()),
        ("\"size\"", b"1024x1024"),
        ("\"quality\"", b"low"),
        ("\"image\"; filename=\"a.png\"", b"\x89PNG\r\n\x1a\n"),
    ];
    vec![
        (Call::json("/v1/chat/completions", &chat), "choices", true),
        (Call::json("/v1/responses", &respond), "output", true),
        (Call::json("/v3/v1/messages", &message), "content", true),
        (Call::json("/v3/embeddings", &embeddings), "data", true),
        (Call::json("/v1/moderations", &moderation), "results", false),
        (Call::json("/v3/images/generations", &image), "data", true),
        (Call::form("/v1/images/edits", &edit), "data", true),
        (transcription(&[]), "text", true),
    ]
}

#[tokio::test]
async fn l12_every_route_answers_by_nobody_for_nothing_and_tells_what_it_would_cost() {
    let shop = sandbox().await;
    for (call, member, costs) in calls() {
        let answer = call.ask(&shop).await;
        let path = call.path;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("x-keypurse-cost"), "0.0", "{path}");
        let body = answer.json();
        assert!(!body[member].is_null(), "{path}: {body}");
        assert_eq!(body["cost"], json!(0.0), "{path}");
        assert_eq!(body["provider"], "openai", "{path}");
        assert_eq!(
            body["simulated_cost"] != json!(0.0),
            costs,
            "{path}: {body}"
        );
        let told = answer.header("x-keypurse-simulated-cost");
        let member = format!("\"simulated_cost\":{told}}}");
        assert!(answer.text.ends_with(&member), "{path}: {}", answer.text);
        let again = call.ask(&shop).await.json();
        assert_eq!(same(&again), same(&body), "{path}");
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "0.0");
    shop.audited().await;
}

/// An answer without what differs from call to call.
fn same(body: &Value) -> Value {
    let mut same = body.clone();
    let object = same.as_object_mut().unwrap();
    for name in ["id", "created", "created_at", "completed_at"] {
        object.remove(name);
    }
    let output = object.get_mut("output").and_then(Value::as_array_mut);
    for item in output.into_iter().flatten() {
        item.as_object_mut().unwrap().remove("id");
    }
    same
}

#[tokio::test]
async fn what_a_call_would_cost_is_the_price_of_what_it_is_counted_as() {
    let shop = sandbox().await;
    let chat = json!({"model": "up/m", "messages": [{"role": "user", "content": ASK}]});
    let answer = Call::json("/v1/chat/completions", &chat).ask(&shop).await;
    let usage = &answer.json()["usage"];
    let tokens = |name: &str| usage[name].as_i64().unwrap();
    // $1 and $10 per million tokens.
    let nanos = tokens("prompt_tokens") * 1_000 + tokens("completion_tokens") * 10_000;
    let cost = keypurse_core::money::Money::from_nanos(nanos);
    assert_eq!(answer.header("x-keypurse-simulated-cost"), cost.to_string());

    let speech = json!({"model": "openai/tts-1", "input": "Twelve chars", "voice": "alloy"});
    let spoken = Call::json("/v1/audio/speech", &speech)
        .of(&shop)
        .open()
        .await;
    // $15 per million characters.
    assert_eq!(spoken.headers()["x-keypurse-simulated-cost"], "0.00018");
    let heard = transcription(&[]).ask(&shop).await;
    // $0.36 an hour, for a second.
    assert_eq!(heard.header("x-keypurse-simulated-cost"), "0.0001");
}

#[tokio::test]
async fn sounds_and_plain_texts_pass_as_they_are() {
    let shop = sandbox().await;
    for (format, media_type) in [("wav", "audio/wav"), ("mp3", "audio/mpeg")] {
        let speech = json!({"model": "openai/tts-1", "input": ASK, "voice": "alloy",
            "response_format": format});
        let answer = Call::json("/v3/audio/speech", &speech)
            .of(&shop)
            .open()
            .await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], media_type);
        assert_eq!(answer.headers()["x-keypurse-cost"], "0.0");
        let sound = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(sound.len() > 100, "{format}");
    }
    let plain = transcription(&[("\"response_format\"", b"text")]);
    let answer = plain.ask(&shop).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(!answer.text.starts_with('{') && !answer.text.is_empty());
    assert!(shop.upstream.received().is_empty());
    shop.app.finish().await;
}

#[tokio::test]
async fn every_stream_tells_its_cost_where_a_live_one_does() {
    let shop = sandbox().await;
    let image = json!({"model": "openai/gpt-image-1", "prompt": ASK, "size": "1024x1024",
        "quality": "low", "stream": true, "partial_images": 1});
    let speech = json!({"model": "openai/gpt-4o-mini-tts", "input": ASK, "voice": "alloy",
        "stream_format": "sse"});
    let wav = wav();
    let heard = [
        ("\"model\"", &b"openai/gpt-4o-transcribe"[..]),
        ("\"stream\"", b"true"),
        ("\"file\"; filename=\"a.wav\"", &wav),
    ];
    for (call, last) in [
        (
            Call::json("/v1/images/generations", &image),
            "image_generation.completed",
        ),
        (Call::json("/v1/audio/speech", &speech), "speech.audio.done"),
        (
            Call::form("/v1/audio/transcriptions", &heard),
            "transcript.text.done",
        ),
    ] {
        let answer = call.ask(&shop).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "text/event-stream");
        assert!(
            answer.text.contains(": keypurse-cost=0.0\n\n"),
            "{}",
            answer.text
        );
        let events = data(&answer.text);
        let event: Value = serde_json::from_str(events[events.len() - 1]).unwrap();
        assert_eq!(event["type"], last);
        assert!(event["simulated_cost"].as_f64() > Some(0.0), "{event}");
    }
    let chat = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": ASK}],
        "stream": true});
    let silent = Call::json("/v1/chat/completions", &chat).ask(&shop).await;
    let told = silent.header("x-keypurse-simulated-cost").to_owned();
    let end =
        format!(": keypurse-simulated-cost={told}\n\n: keypurse-cost=0.0\n\ndata: [DONE]\n\n");
    assert!(silent.text.ends_with(&end), "{}", silent.text);
    let asking = with(chat, "stream_options", json!({"include_usage": true}));
    let asking = Call::json("/v1/chat/completions", &asking).ask(&shop).await;
    let events = data(&asking.text);
    let usage: Value = serde_json::from_str(events[events.len() - 2]).unwrap();
    assert_eq!(usage["simulated_cost"].to_string(), told);
    assert_eq!(usage["usage"]["cost"], json!(0.0));
    shop.app.finish().await;
}

#[tokio::test]
async fn an_embedding_has_the_length_its_model_has() {
    let shop = sandbox().await;
    for (model, more, length) in [
        ("openai/text-embedding-3-small", json!(null), 1536),
        ("openai/text-embedding-3-large", json!(null), 3072),
        ("openai/text-embedding-3-large", json!(7), 7),
    ] {
        let body = json!({"model": model, "input": ASK, "dimensions": more});
        let answer = Call::json("/v1/embeddings", &body).ask(&shop).await;
        let vector = answer.json()["data"][0]["embedding"].clone();
        assert_eq!(
            vector.as_array().map(Vec::len),
            Some(length),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_repeated_call_is_answered_once_more_and_recorded_once() {
    let shop = sandbox().await;
    for (call, ..) in calls() {
        let once = || call.of(&shop).header("idempotency-key", call.path);
        let first = once().send().await;
        let again = once().send().await;
        assert_eq!((first.status, again.status), (200, 200), "{}", first.text);
        assert_eq!(again.text, first.text, "{}", call.path);
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    shop.app.settled().await;
    assert_eq!(shop.app.calls().len(), calls().len());
    shop.app.finish().await;
}

#[tokio::test]
async fn streams_of_events_with_names_tell_their_cost_in_the_last_that_tells_usage() {
    let shop = sandbox().await;
    let respond = json!({"model": "openai/gpt-4o", "input": ASK, "stream": true});
    let answer = Call::json("/v1/responses", &respond).ask(&shop).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let events = data(&answer.text);
    let last: Value = serde_json::from_str(events[events.len() - 1]).unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["cost"], json!(0.0));
    assert!(
        last["response"]["simulated_cost"].as_f64() > Some(0.0),
        "{last}"
    );
    let message = json!({"model": "anthropic/claude-haiku-4-5", "max_tokens": 50, "stream": true,
        "messages": [{"role": "user", "content": ASK}]});
    let answer = Call::json("/v1/messages", &message).ask(&shop).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let events = data(&answer.text);
    let [.., delta, stop] = events.as_slice() else {
        panic!("{}", answer.text);
    };
    let delta: Value = serde_json::from_str(delta).unwrap();
    assert_eq!(delta["type"], "message_delta");
    assert!(
        delta["simulated_cost"].as_f64() > Some(0.0),
        "{}",
        answer.text
    );
    assert!(stop.contains("message_stop"));
    assert!(shop.upstream.received().is_empty());
    shop.app.finish().await;
}
