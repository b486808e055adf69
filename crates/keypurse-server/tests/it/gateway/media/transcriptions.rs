//! `POST audio/transcriptions`.

use keypurse_testkit::upstream::Reply;
use serde_json::json;

use super::{BOUNDARY, form, shop};

const PATH: &str = "/v1/audio/transcriptions";
const FILE: &str = "\"file\"; filename=\"a.wav\"";

/// Seconds of silence: 8-bit samples at 8 kHz, in bytes that are text.
fn wav(seconds: usize) -> String {
    assert_eq!(seconds, 1, "the length is written below");
    let head = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0";
    format!("{head}data\x40\x1f\0\0{}", "\0".repeat(8_000))
}

fn hear(model: &str, more: &[(&str, &str)]) -> String {
    let wav = wav(1);
    let mut fields = vec![("\"model\"", model), (FILE, &*wav)];
    fields.extend(more);
    form(&fields)
}

#[tokio::test]
async fn a_measured_sound_is_charged_by_its_seconds_where_nobody_tells() {
    let shop = shop("1").await;
    for base in ["/v1", "/v3"] {
        shop.upstream
            .next(Reply::text(200, "text/plain", "Hello\n"));
        // What is not read passes, too.
        let other = ("\"timestamp_granularities[]\"", "word");
        let body = hear("up/listener", &[("\"response_format\"", "text"), other]);
        let path = format!("{base}/audio/transcriptions");
        let answer = shop.form(&path, body.clone()).send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "Hello\n"));
        assert_eq!(answer.header("content-type"), "text/plain");
        assert_eq!(answer.header("x-keypurse-cost"), "0.001");
        let sent = shop.upstream.last();
        assert_eq!(sent.path, PATH);
        // Every byte as it came, but for the model's name.
        assert_eq!(sent.body, body.replace("up/listener", "listener"));
        let content_type = &sent.headers["content-type"];
        assert_eq!(content_type, "multipart/form-data; boundary=b0undary");
    }
    assert_eq!(shop.charged().await, 2_000_000);
    let call = shop.newest_call().await;
    assert_eq!(call["feature"], "audio__speech_to_text");
    assert_eq!(
        (&call["estimated"], &call["usage"]["input_seconds"]),
        (&json!(false), &json!(1))
    );
}

#[tokio::test]
async fn an_answer_tells_seconds_or_tokens_and_is_charged_for_them() {
    let shop = shop("1").await;
    let tokens = json!({"type": "tokens", "input_tokens": 14, "output_tokens": 4,
        "input_token_details": {"text_tokens": 4, "audio_tokens": 10}});
    for (model, answer, cost) in [
        (
            "up/listener",
            json!({"text": "Hi", "usage": {"type": "duration", "seconds": 1}}),
            1_000_000,
        ),
        (
            "up/listener",
            json!({"text": "Hi", "duration": 0.98}),
            1_000_000,
        ),
        // Tokens say nothing about seconds, which were measured.
        (
            "up/listener",
            json!({"text": "Hi", "usage": tokens}),
            1_000_000,
        ),
        (
            "up/hearer",
            json!({"text": "Hi", "usage": tokens}),
            4_000 + 50_000 + 40_000,
        ),
    ] {
        let before = shop.charged().await;
        shop.upstream.next(Reply::json(200, &answer));
        let told = shop.form(PATH, hear(model, &[])).send().await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(told.json()["text"], "Hi");
        assert_eq!(told.json()["provider"], "up");
        assert_eq!(shop.charged().await - before, cost, "{answer}");
        assert_eq!(shop.newest_call().await["estimated"], false);
    }
}

#[tokio::test]
async fn usage_that_cannot_be_is_counted_instead() {
    let shop = shop("1").await;
    for (model, usage, cost) in [
        (
            "up/listener",
            json!({"type": "duration", "seconds": 9}),
            1_000_000,
        ),
        (
            "up/listener",
            json!({"type": "duration", "seconds": -1}),
            1_000_000,
        ),
        // 20 tokens of sound, 64 of a template, the bytes of the form's only
        // text (the model's name), and two bytes of the answer.
        ("up/hearer", json!(null), 73_000 + 100_000 + 20_000),
        (
            "up/hearer",
            json!({"input_tokens": 1}),
            73_000 + 100_000 + 20_000,
        ),
    ] {
        let before = shop.charged().await;
        let answer = json!({"text": "Hi", "usage": usage});
        shop.upstream.next(Reply::json(200, &answer));
        let told = shop.form(PATH, hear(model, &[])).send().await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(shop.charged().await - before, cost, "{model} {usage}");
        assert_eq!(shop.newest_call().await["estimated"], true);
    }
}

#[tokio::test]
async fn a_sound_nobody_can_measure_is_held_by_its_bytes() {
    // 1,188 bytes at 4.75 kbit/s are a little more than two seconds.
    let sound = "x".repeat(1_188);
    for (balance, is_enough) in [("0.003", true), ("0.0029", false)] {
        let shop = shop(balance).await;
        let told = json!({"text": "Hi", "usage": {"type": "duration", "seconds": 2}});
        shop.upstream.always(Reply::json(200, &told));
        let file = "\"file\"; filename=\"a.webm\"";
        let body = form(&[("\"model\"", "up/listener"), (file, &sound)]);
        let answer = shop.form(PATH, body).send().await;
        assert_eq!(answer.status == 200, is_enough, "{}", answer.text);
        if is_enough {
            assert_eq!(answer.header("x-keypurse-cost"), "0.002");
        } else {
            assert_eq!(answer.json()["error"]["code"], "insufficient_balance");
        }
        shop.app.settled().await;
    }
}

#[tokio::test]
async fn a_stream_is_charged_what_it_tells_at_its_end() {
    let shop = shop("1").await;
    let delta = json!({"type": "transcript.text.delta", "delta": "Hi"});
    let done = json!({"type": "transcript.text.done", "text": "Hi",
        "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 4,
            "input_token_details": {"text_tokens": 4, "audio_tokens": 10}}});
    shop.upstream
        .next(Reply::stream().data(&delta).data(&done).done());
    let body = hear("up/hearer", &[("\"stream\"", "true")]);
    let answer = shop.form(PATH, body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = format!("data: {delta}\n\n: keypurse-cost=0.000094\n\ndata: {done}\n\n");
    assert_eq!(answer.text, expected);
    assert_eq!(shop.charged().await, 94_000);
}

#[tokio::test]
async fn a_form_that_two_parsers_could_read_differently_is_refused() {
    let shop = shop("1").await;
    let wav = wav(1);
    for (body, says) in [
        (form(&[("\"model\"", "up/listener")]), "`file` is required"),
        (form(&[(FILE, &wav)]), "`model` must be"),
        (
            hear("up/listener", &[("\"model\"", "up/hearer")]),
            "`model` twice",
        ),
        (hear("up/listener", &[(FILE, "x")]), "`file` twice"),
        (
            hear("up/listener", &[("\"Model\"", "x")]),
            "write `model` exactly so",
        ),
        (
            hear("up/listener", &[("\"api_key\"", "x")]),
            "`api_key` is decided by the operator",
        ),
        (
            hear("up/listener", &[("\"stream\"", "yes")]),
            "`stream` must be",
        ),
        (
            form(&[("\"model\"", "up/listener"), ("\"file\"", "x")]),
            "must be a file",
        ),
        (
            hear("up/listener", &[("\"model[]\"", "x")]),
            "not `model[]`",
        ),
        (
            hear("up/listener", &[("\"file_url\"", "x")]),
            "changes what the call costs",
        ),
        ("hello".to_owned(), "does not begin"),
    ] {
        let answer = shop.form(PATH, body).send().await;
        assert_eq!(answer.status, 400, "{says}: {}", answer.text);
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(says), "{message} does not say {says}");
    }
    let json = shop
        .call(PATH, &json!({"model": "up/listener"}))
        .send()
        .await;
    assert_eq!(json.status, 400, "{}", json.text);
    assert!(json.text.contains("multipart/form-data"), "{}", json.text);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn a_transcription_asked_for_twice_is_made_once() {
    let shop = shop("1").await;
    shop.upstream
        .always(Reply::json(200, &json!({"text": "Hi"})));
    // A client that repeats a form writes it with another boundary.
    for boundary in [BOUNDARY, "b2", "b3"] {
        let body = hear("up/listener", &[]).replace(BOUNDARY, boundary);
        let call = shop.form_of(boundary, PATH, body);
        let answer = call.header("idempotency-key", "k1").send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let other = shop.form(PATH, hear("up/listener", &[("\"language\"", "de")]));
    let answer = other.header("idempotency-key", "k1").send().await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.charged().await, 1_000_000);
}

#[tokio::test]
async fn what_is_not_heard_costs_nothing() {
    let shop = shop("1").await;
    for (reply, status) in [
        (
            Reply::json(200, &json!({"error": {"message": "no sound"}})),
            502,
        ),
        (Reply::text(200, "text/html", "<html>"), 502),
        (
            Reply::json(422, &json!({"error": {"message": "no sound"}})),
            422,
        ),
    ] {
        for format in ["json", "text"] {
            shop.upstream.next(reply.clone());
            let body = hear("up/listener", &[("\"response_format\"", format)]);
            let answer = shop.form(PATH, body).send().await;
            assert_eq!(answer.status, status, "{}", answer.text);
        }
    }
    assert_eq!(shop.charged().await, 0);
}
