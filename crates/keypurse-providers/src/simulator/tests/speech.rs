use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{events_of, param_of, play, post, with};
use crate::simulator::{Content, Endpoint, Reply, RequestBody, Scenario};

fn ask(more: &Value) -> Value {
    with(
        &json!({ "input": "A purse holds money.", "voice": "alloy" }),
        more,
    )
}

#[track_caller]
fn sound(reply: &Reply) -> (&'static str, &[u8]) {
    match &reply.content {
        Content::File { media_type, bytes } => (media_type, bytes),
        other => panic!("no file but {other:?}"),
    }
}

fn spoken(more: &Value) -> Vec<u8> {
    sound(&post(Endpoint::Speech, &ask(more)).unwrap())
        .1
        .to_vec()
}

#[test]
fn every_format_is_a_real_one() {
    for (format, media_type, start) in [
        (json!(null), "audio/mpeg", &b"\xff\xf3\x44\xc4"[..]),
        (json!("mp3"), "audio/mpeg", b"\xff\xf3\x44\xc4"),
        (json!("wav"), "audio/wav", b"RIFF"),
        (json!("flac"), "audio/flac", b"fLaC"),
        (json!("aac"), "audio/aac", b"\xff\xf1"),
        (json!("opus"), "audio/ogg", b"OggS"),
        (json!("pcm"), "audio/pcm", b""),
    ] {
        let reply = post(
            Endpoint::Speech,
            &ask(&json!({ "response_format": format })),
        )
        .unwrap();
        let (shown, bytes) = sound(&reply);
        assert_eq!(shown, media_type);
        assert!(bytes.starts_with(start), "{format}");
        assert!(
            (50..60_000).contains(&bytes.len()),
            "{format} {}",
            bytes.len()
        );
    }
}

#[test]
fn a_wav_is_the_pcm_with_its_header() {
    let wav = spoken(&json!({ "response_format": "wav" }));
    let pcm = spoken(&json!({ "response_format": "pcm" }));
    assert_eq!(&wav[44..], pcm);
    let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((number(4), number(40)), (wav.len() - 8, pcm.len()));
    assert_eq!((number(24), number(28)), (24_000, 48_000));
    let other = spoken(&json!({ "response_format": "pcm", "voice": "echo" }));
    assert_ne!(other, pcm);
    assert_eq!(other.len(), pcm.len());
}

#[test]
fn longer_texts_sound_longer_up_to_a_second() {
    let length = |words: usize| {
        let input = "word ".repeat(words);
        spoken(&json!({ "response_format": "pcm", "input": input })).len()
    };
    assert!(length(1) < length(10) && length(10) < length(20));
    assert_eq!(length(500), 48_000);
    assert_eq!(length(800), 48_000);
}

#[test]
fn characters_and_sound_are_counted() {
    let usage = post(
        Endpoint::Speech,
        &ask(&json!({ "instructions": "Be slow." })),
    )
    .unwrap()
    .usage;
    assert_eq!(usage.characters, 20);
    assert_eq!(usage.input_tokens, 5 + 3);
    assert_eq!((usage.output_tokens, usage.output_audio_tokens), (40, 40));
}

#[test]
fn events_spell_the_same_sound() {
    let more = json!({ "response_format": "wav" });
    let streamed = with(&more, &json!({ "stream_format": "sse" }));
    let events = events_of(&post(Endpoint::Speech, &ask(&streamed)).unwrap());
    let (done, deltas) = events.split_last().unwrap();
    let parts = deltas.iter().map(|delta| {
        assert_eq!(delta["type"], "speech.audio.delta");
        BASE64_STANDARD
            .decode(delta["audio"].as_str().unwrap())
            .unwrap()
    });
    assert_eq!(parts.collect::<Vec<_>>().concat(), spoken(&more));
    assert_eq!(done["type"], "speech.audio.done");
    assert_eq!(done["usage"]["total_tokens"], 45);
}

#[test]
fn scenarios_shorten_the_sound() {
    let play = |scenario| {
        let body = ask(&json!({ "response_format": "pcm" })).to_string();
        let reply = play(
            Endpoint::Speech,
            RequestBody::Json(body.as_bytes()),
            "tts-1",
            Some(scenario),
        );
        sound(&reply.unwrap()).1.len()
    };
    let whole = spoken(&json!({ "response_format": "pcm" })).len();
    assert_eq!(play(Scenario::Length), whole / 2);
    assert_eq!(play(Scenario::Empty), 0);
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    for (more, param) in [
        (json!({ "input": null }), "input"),
        (json!({ "input": "" }), "input"),
        (json!({ "input": "x".repeat(4097) }), "input"),
        (json!({ "voice": 5 }), "voice"),
        (json!({ "voice": {} }), "voice.id"),
        (json!({ "speed": 5 }), "speed"),
        (json!({ "response_format": "midi" }), "response_format"),
        (json!({ "stream_format": "x" }), "stream_format"),
    ] {
        assert_eq!(
            param_of(post(Endpoint::Speech, &ask(&more))),
            param,
            "{more:.60}"
        );
    }
}
