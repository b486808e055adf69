use serde_json::{Value, json};

use super::{events_of, field, file, json_of, param_of, play, post};
use crate::simulator::{Content, Endpoint, Failure, FormField, Reply, RequestBody, Scenario};

const TOKENS: &str = "gpt-4o-transcribe";
const WHISPER: &str = "whisper-1";

/// A second and a half of 8 000 bytes a second.
fn wav() -> Vec<u8> {
    let mut wav = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(b"\x01\0\x08\0data");
    wav.extend(12_000_u32.to_le_bytes());
    wav.extend([0; 12_000]);
    wav
}

fn hear(
    model: &str,
    fields: &[FormField<'_>],
    scenario: Option<Scenario>,
) -> Result<Reply, Failure> {
    let wav = wav();
    let mut form = vec![file("file", &wav), field("model", model)];
    form.extend(fields);
    play(
        Endpoint::Transcriptions,
        RequestBody::Form(&form),
        model,
        scenario,
    )
}

fn answer(model: &str, fields: &[FormField<'_>]) -> Value {
    json_of(&hear(model, fields, None).unwrap())
}

fn plain(format: &str) -> String {
    match hear(WHISPER, &[field("response_format", format)], None)
        .unwrap()
        .content
    {
        Content::File { media_type, bytes } => {
            assert_eq!(media_type, "text/plain; charset=utf-8");
            String::from_utf8(bytes).unwrap()
        }
        other => panic!("no text but {other:?}"),
    }
}

#[test]
fn a_transcript_tells_what_is_known_without_listening() {
    let answer = answer(WHISPER, &[]);
    let text = answer["text"].as_str().unwrap();
    assert!(text.starts_with("[simulated transcript] Nobody"), "{text}");
    assert!(text.contains("lasts about 1.5 seconds."), "{text}");
    assert_eq!(answer["usage"], json!({ "type": "duration", "seconds": 2 }));
    assert_eq!(self::answer(WHISPER, &[]), answer);
    let other = [file("file", b"another sound")];
    let other = play(
        Endpoint::Transcriptions,
        RequestBody::Form(&other),
        WHISPER,
        None,
    )
    .unwrap();
    assert_ne!(json_of(&other)["text"], answer["text"]);
}

#[test]
fn models_priced_by_token_count_tokens() {
    let reply = hear(TOKENS, &[field("prompt", "two words")], None).unwrap();
    let usage = json_of(&reply)["usage"].clone();
    assert_eq!(
        usage["input_token_details"],
        json!({ "audio_tokens": 15, "text_tokens": 2 })
    );
    assert_eq!(usage["input_tokens"], 17);
    assert_eq!(reply.usage.input_audio_tokens, 15);
    assert_eq!(reply.usage.audio_ms, 1_500);
}

#[test]
fn a_length_is_read_from_the_header_or_guessed() {
    let length = |bytes: &[u8]| {
        let form = [file("file", bytes)];
        let reply = play(
            Endpoint::Transcriptions,
            RequestBody::Form(&form),
            WHISPER,
            None,
        );
        reply.unwrap().usage.audio_ms
    };
    let wav = wav();
    assert_eq!(length(&wav), 1_500);
    // Cut off, and guessed once its header is gone.
    assert_eq!(length(&wav[..wav.len() - 8_000]), 500);
    assert_eq!(length(&[0; 4_000]), 1_000);
    for end in 1..wav.len().min(80) {
        length(&wav[..end]);
    }
    let mut still = wav.clone();
    let rate = wav
        .windows(4)
        .position(|bytes| bytes == 8_000_u32.to_le_bytes())
        .unwrap();
    still[rate + 4..rate + 8].fill(0);
    assert!(length(&still) > 0);
}

#[test]
fn texts_have_their_formats() {
    let text = answer(WHISPER, &[])["text"].as_str().unwrap().to_owned();
    assert_eq!(plain("text"), format!("{text}\n"));
    let srt = plain("srt");
    assert!(srt.starts_with("1\n00:00:00,000 --> 00:00:00,"), "{srt}");
    assert!(
        srt.contains("\n\n3\n") && srt.contains(" --> 00:00:01,500\nReference "),
        "{srt}"
    );
    let vtt = plain("vtt");
    assert!(vtt.starts_with("WEBVTT\n\n00:00:00.000 --> "), "{vtt}");
    let lines = |captions: &str| {
        let spoken = captions
            .split("\n\n")
            .filter_map(|block| block.rsplit_once('\n'));
        spoken
            .map(|(_, line)| line.to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        (lines(&srt), lines(&vtt["WEBVTT\n\n".len()..])),
        (text.clone(), text)
    );
}

#[test]
fn verbose_answers_have_the_words_and_segments_asked_for() {
    let verbose = field("response_format", "verbose_json");
    let fine = |name| field("timestamp_granularities[]", name);
    let whole = answer(WHISPER, &[verbose]);
    assert_eq!(
        (&whole["task"], &whole["duration"]),
        (&json!("transcribe"), &json!(1.5))
    );
    assert_eq!(whole["segments"].as_array().unwrap().len(), 3);
    assert!(whole.get("words").is_none());
    let both = answer(WHISPER, &[verbose, fine("word"), fine("segment")]);
    assert_eq!(both["segments"], whole["segments"]);
    for list in ["words", "segments"] {
        let timed = both[list].as_array().unwrap();
        let mut last = 0.0;
        for entry in timed {
            let (start, end) = (
                entry["start"].as_f64().unwrap(),
                entry["end"].as_f64().unwrap(),
            );
            assert!((start - last).abs() < 1e-9 && start <= end, "{entry}");
            last = end;
        }
        assert!((last - 1.5).abs() < 1e-9);
    }
    let only_words = answer(WHISPER, &[verbose, fine("word")]);
    assert!(only_words.get("segments").is_none());
    let words: Vec<_> = only_words["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word["word"].as_str().unwrap())
        .collect();
    assert_eq!(words.join(" "), whole["text"].as_str().unwrap());
}

#[test]
fn events_spell_the_same_text() {
    let streamed = field("stream", "true");
    let events = events_of(&hear(TOKENS, &[streamed], None).unwrap());
    let (done, deltas) = events.split_last().unwrap();
    let text: String = deltas
        .iter()
        .map(|event| {
            assert_eq!(event["type"], "transcript.text.delta");
            event["delta"].as_str().unwrap()
        })
        .collect();
    assert_eq!(done["type"], "transcript.text.done");
    assert_eq!(done["text"], text);
    assert_eq!(answer(TOKENS, &[])["text"], text);
    assert_eq!(done["usage"], answer(TOKENS, &[])["usage"]);
    // This model has no streams, and ignores the wish.
    assert_eq!(answer(WHISPER, &[streamed]), answer(WHISPER, &[]));
}

#[test]
fn speakers_are_told_apart_where_the_model_does() {
    let format = field("response_format", "diarized_json");
    let answer = answer("gpt-4o-transcribe-diarize", &[format]);
    assert_eq!(answer["segments"][0]["speaker"], "A");
    assert_eq!(answer["segments"][0]["id"], "seg_0");
    let events = hear(
        "gpt-4o-transcribe-diarize",
        &[format, field("stream", "true")],
        None,
    );
    let segments = events_of(&events.unwrap());
    let segments = segments
        .iter()
        .filter(|event| event["type"] == "transcript.text.segment");
    assert_eq!(segments.count(), 3);
}

#[test]
fn log_probabilities_are_told_when_asked_for() {
    let answer = answer(TOKENS, &[field("include[]", "logprobs")]);
    let spelled: String = answer["logprobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["token"].as_str().unwrap())
        .collect();
    assert_eq!(answer["text"], spelled);
}

#[test]
fn scenarios_shorten_the_text() {
    let text = |scenario| {
        let answer = json_of(&hear(WHISPER, &[], Some(scenario)).unwrap());
        answer["text"].as_str().unwrap().to_owned()
    };
    let whole = answer(WHISPER, &[])["text"].as_str().unwrap().to_owned();
    let half = text(Scenario::Length);
    assert!(whole.starts_with(&half) && half.len() < whole.len());
    assert_eq!(text(Scenario::Empty), "");
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    assert_eq!(param_of(post(Endpoint::Transcriptions, &json!({}))), "file");
    let empty = [file("file", b"")];
    let reply = play(
        Endpoint::Transcriptions,
        RequestBody::Form(&empty),
        WHISPER,
        None,
    );
    assert_eq!(param_of(reply), "file");
    let not_text = FormField {
        name: "prompt",
        file_name: None,
        bytes: b"\xff",
    };
    for (model, wrong, param) in [
        (WHISPER, field("response_format", "xml"), "response_format"),
        (
            WHISPER,
            field("response_format", "diarized_json"),
            "response_format",
        ),
        (TOKENS, field("response_format", "srt"), "response_format"),
        (
            WHISPER,
            field("timestamp_granularities[]", "word"),
            "timestamp_granularities",
        ),
        (TOKENS, field("stream", "maybe"), "stream"),
        (TOKENS, not_text, "prompt"),
    ] {
        assert_eq!(param_of(hear(model, &[wrong], None)), param);
    }
}
