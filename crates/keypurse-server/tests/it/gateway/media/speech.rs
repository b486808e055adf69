//! `POST audio/speech`.

use http_body_util::BodyExt;
use keypurse_testkit::upstream::{Gate, Reply};
use serde_json::{Value, json};

use super::super::Shop;
use super::shop;

const SPEECH: &str = "/v1/audio/speech";

fn say(model: &str) -> Value {
    json!({"model": model, "input": "Grüße 👋", "voice": "alloy"})
}

fn sound(bytes: &str) -> Reply {
    Reply::text(200, "audio/mpeg", bytes)
}

#[tokio::test]
async fn a_text_is_charged_by_its_characters_before_it_is_heard() {
    let shop = shop("1").await;
    let gate = Gate::new();
    for base in ["/v1", "/v3"] {
        shop.upstream.next(sound("so").wait(&gate).raw("und"));
        let path = format!("{base}/audio/speech");
        let mut answer = shop.call(&path, &say("up/speaker")).open().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-keypurse-cost"], "0.000105");
        assert_eq!(answer.headers()["content-type"], "audio/mpeg");
        let first = answer.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "so");
        gate.let_pass(1);
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "und");
        let sent = shop.upstream.last();
        assert_eq!(sent.path, "/v1/audio/speech");
        assert_eq!(sent.json(), say("speaker"));
    }
    assert_eq!(shop.charged().await, 2 * 105_000);
    let call = shop.newest_call().await;
    assert_eq!(call["feature"], "audio__text_to_speech");
    assert_eq!(
        (&call["estimated"], &call["usage"]["characters"]),
        (&json!(false), &json!(7))
    );
    assert_eq!(
        call["price"]["bands"][0]["per_million"]["characters"],
        "15.0"
    );
}

#[tokio::test]
async fn a_sound_that_breaks_off_is_no_whole_sound_to_anybody() {
    let shop = shop("1").await;
    shop.upstream.next(sound("so").breaks());
    let answer = shop.call(SPEECH, &say("up/speaker")).open().await;
    assert_eq!(answer.status(), 200);
    assert!(answer.collect().await.is_err());
    assert_eq!(shop.charged().await, 105_000);
}

#[tokio::test]
async fn a_sound_paid_for_by_tokens_or_seconds_is_measured() {
    let shop = shop("1").await;
    // A second and a sample at 24 kHz: two seconds begun, 40 tokens.
    let pcm = "\0".repeat(48_002);
    for (model, cost) in [("up/talker", 412_000), ("up/clock", 2_000_000)] {
        let before = shop.charged().await;
        let mut body = say(model);
        body["response_format"] = json!("pcm");
        shop.upstream.next(Reply::text(200, "audio/pcm", &pcm));
        let answer = shop.call(SPEECH, &body).send().await;
        assert_eq!((answer.status, answer.text.len()), (200, pcm.len()));
        assert_eq!(answer.header("content-type"), "audio/pcm");
        assert!(!answer.header("x-keypurse-cost").is_empty());
        assert_eq!(shop.charged().await - before, cost, "{model}");
    }
    let call = shop.newest_call().await;
    assert_eq!(call["usage"]["output_seconds"], 2);
    assert_eq!(call["estimated"], false);
}

#[tokio::test]
async fn a_stream_of_events_is_charged_what_it_tells_at_its_end() {
    let shop = shop("1").await;
    let done = json!({"type": "speech.audio.done",
        "usage": {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}});
    let delta = json!({"type": "speech.audio.delta", "audio": "AAAA"});
    shop.upstream.next(Reply::stream().data(&delta).data(&done));
    let mut body = say("up/talker");
    body["stream_format"] = json!("sse");
    let answer = shop.call(SPEECH, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = format!("data: {delta}\n\n: keypurse-cost=0.00021\n\ndata: {done}\n\n");
    assert_eq!(answer.text, expected);
    assert_eq!(shop.charged().await, 210_000);
    // Cut before it tells: the most it can have used is charged.
    shop.upstream.next(Reply::stream().data(&delta).breaks());
    let answer = shop.call(SPEECH, &body).send().await;
    assert!(answer.text.contains("keypurse-cost"), "{}", answer.text);
    let call = shop.newest_call().await;
    assert_eq!(
        (&call["estimated"], &call["usage"]["output"]),
        (&json!(true), &json!(600))
    );
}

#[tokio::test]
async fn what_cannot_be_spoken_is_refused() {
    let shop = shop("1").await;
    for (member, value) in [
        ("input", json!(null)),
        ("input", json!(["Hi"])),
        ("model", json!(7)),
        ("speed", json!(5)),
        ("speed", json!("1")),
        ("speed", json!(0.1)),
        ("stream", json!(true)),
        ("stream_format", json!("ws")),
        ("instructions", json!(7)),
        ("api_base", json!("http://127.0.0.1:1")),
        ("service_tier", json!("priority")),
    ] {
        let mut body = say("up/speaker");
        body[member] = value.clone();
        let answer = shop.call(SPEECH, &body).send().await;
        assert_eq!(answer.status, 400, "{member} {value}: {}", answer.text);
        assert_eq!(answer.json()["error"]["param"], member, "{value}");
    }
    let chat = shop.call(
        "/v1/chat/completions",
        &json!({"model": "up/speaker",
        "messages": [{"role": "user", "content": "Hi"}]}),
    );
    assert_eq!(chat.send().await.status, 404);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn what_is_not_spoken_costs_nothing() {
    let shop = shop("1").await;
    for (reply, status) in [
        (
            Reply::json(200, &json!({"error": {"message": "no voice"}})),
            502,
        ),
        (Reply::text(200, "text/html", "<html>"), 502),
        (Reply::text(200, "audio/mpeg", ""), 502),
        (
            Reply::json(400, &json!({"error": {"message": "no voice"}})),
            400,
        ),
        (Reply::json(401, &json!({})), 502),
    ] {
        shop.upstream.next(reply);
        let answer = shop.call(SPEECH, &say("up/speaker")).send().await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(shop.charged().await, 0);
}

#[tokio::test]
async fn the_most_a_sound_can_cost_is_set_aside_first() {
    // Seven characters: 105 microdollars; half a minute of sound: 30 thousandths.
    for (model, balance, is_enough) in [
        ("up/speaker", "0.000105", true),
        ("up/speaker", "0.000104", false),
        ("up/clock", "0.03", true),
        ("up/clock", "0.0299", false),
        // Half as fast is twice as long.
        ("up/clock slowly", "0.06", true),
        ("up/clock slowly", "0.0599", false),
    ] {
        let shop: Shop = shop(balance).await;
        shop.upstream.always(sound("sound"));
        let mut body = say(model.trim_end_matches(" slowly"));
        if model.ends_with("slowly") {
            body["speed"] = json!(0.5);
        }
        let answer = shop.call(SPEECH, &body).send().await;
        assert_eq!(answer.status == 200, is_enough, "{model}: {}", answer.text);
        assert_eq!(shop.upstream.received().is_empty(), !is_enough);
        if !is_enough {
            assert_eq!(answer.json()["error"]["code"], "insufficient_balance");
        }
        shop.app.settled().await;
    }
}

#[tokio::test]
async fn a_sound_asked_for_twice_is_spoken_once() {
    let shop = shop("1").await;
    shop.upstream.always(sound("sound"));
    let mut answers = Vec::new();
    for _ in 0..2 {
        let call = shop.call(SPEECH, &say("up/speaker"));
        let answer = call.header("idempotency-key", "k1").send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "sound"));
        answers.push(answer.header("content-type").to_owned());
    }
    assert_eq!(answers, ["audio/mpeg", "audio/mpeg"]);
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.charged().await, 105_000);
}
