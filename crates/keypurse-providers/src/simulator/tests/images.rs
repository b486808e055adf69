use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{events_of, field, file, json_of, param_of, play, post, with};
use crate::simulator::{Endpoint, RequestBody, Scenario};

fn ask(more: &Value) -> Value {
    with(&json!({ "prompt": "a purse" }), more)
}

fn answer(more: &Value) -> Value {
    json_of(&post(Endpoint::ImageGenerations, &ask(more)).unwrap())
}

fn picture(base64: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

/// Width and height, once every chunk's checksum is right and the pixels are
/// all there.
#[track_caller]
fn decoded(png: &[u8]) -> (u32, u32) {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (chunk, after) =
            after.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap() + 4);
        let (checksum, after) = after.split_first_chunk::<4>().unwrap();
        assert_eq!(crc32fast::hash(chunk).to_be_bytes(), *checksum);
        chunks.push(chunk.split_at(4));
        rest = after;
    }
    let kinds: Vec<_> = chunks.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [b"IHDR", b"PLTE", b"IDAT", b"IEND"]);
    let side = |at: usize| u32::from_be_bytes(chunks[0].1[at..at + 4].try_into().unwrap());
    let (width, height) = (side(0), side(4));
    let pixels = &chunks[2].1[7..chunks[2].1.len() - 4];
    assert_eq!(pixels.len(), (height * (width + 1)) as usize);
    for row in pixels.chunks((width + 1) as usize) {
        assert!(row[0] == 0 && row.iter().all(|pixel| *pixel < 4));
    }
    (width, height)
}

#[test]
fn a_picture_is_a_small_png_in_the_proportions_asked_for() {
    for (size, expected) in [
        (json!(null), (64, 64)),
        (json!("auto"), (64, 64)),
        (json!("1024x1024"), (64, 64)),
        (json!("1536x1024"), (64, 42)),
        (json!("1024x1536"), (42, 64)),
        (json!("16x8"), (16, 8)),
        (json!("8192x1"), (64, 1)),
    ] {
        let answer = answer(&json!({ "size": size }));
        let png = picture(&answer["data"][0]["b64_json"]);
        assert_eq!(decoded(&png), expected, "{size}");
        assert!(png.len() < 5_000);
        assert_eq!(answer["size"], format!("{}x{}", expected.0, expected.1));
        assert_eq!(answer["output_format"], "png");
    }
}

#[test]
fn pictures_depend_on_the_prompt_and_differ() {
    let several = answer(&json!({ "n": 3 }));
    assert_eq!(several, answer(&json!({ "n": 3 })));
    let all: std::collections::BTreeSet<_> = several["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["b64_json"].to_string())
        .collect();
    assert_eq!(all.len(), 3);
    let other = answer(&json!({ "prompt": "a wallet" }));
    assert_ne!(other["data"][0], several["data"][0]);
}

#[test]
fn a_url_holds_the_picture_itself() {
    let answer = answer(&json!({ "response_format": "url" }));
    let url = answer["data"][0]["url"].as_str().unwrap();
    let base64 = url.strip_prefix("data:image/png;base64,").unwrap();
    decoded(&BASE64_STANDARD.decode(base64).unwrap());
    let body = ask(&json!({})).to_string();
    let reply = play(
        Endpoint::ImageGenerations,
        RequestBody::Json(body.as_bytes()),
        "dall-e-3",
        None,
    );
    let dall_e = json_of(&reply.unwrap());
    assert!(dall_e["data"][0]["url"].is_string() && dall_e.get("usage").is_none());
}

#[test]
fn the_usage_is_that_of_the_size_asked_for() {
    for (more, output) in [
        (json!({}), 1056),
        (json!({ "quality": "low" }), 272),
        (json!({ "quality": "high", "n": 2 }), 8320),
        (json!({ "size": "1536x1024" }), 1568),
    ] {
        let reply = post(Endpoint::ImageGenerations, &ask(&more)).unwrap();
        let usage = &json_of(&reply)["usage"];
        assert_eq!(usage["input_tokens"], 2);
        assert_eq!(usage["output_tokens"], output, "{more}");
        assert_eq!(reply.usage.output_image_tokens, output);
        assert_eq!(reply.usage.images, more["n"].as_u64().unwrap_or(1));
    }
}

#[test]
fn a_stream_shows_unfinished_pictures_first() {
    let more = json!({ "stream": true, "partial_images": 2 });
    let events = events_of(&post(Endpoint::ImageGenerations, &ask(&more)).unwrap());
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let partial = "image_generation.partial_image";
    assert_eq!(kinds, [partial, partial, "image_generation.completed"]);
    assert_eq!(events[1]["partial_image_index"], 1);
    let whole = answer(&json!({}));
    assert_eq!(events[2]["b64_json"], whole["data"][0]["b64_json"]);
    assert_eq!(events[2]["usage"], whole["usage"]);
}

#[test]
fn an_edit_takes_a_form() {
    let images = [
        file("image[]", b"png"),
        file("image[]", b"png"),
        field("prompt", "a purse"),
    ];
    let play = |form: &[_]| {
        play(
            Endpoint::ImageEdits,
            RequestBody::Form(form),
            "gpt-image-1",
            None,
        )
    };
    let answer = json_of(&play(&images).unwrap());
    decoded(&picture(&answer["data"][0]["b64_json"]));

    let mut streamed = images.to_vec();
    streamed.push(field("stream", "true"));
    assert_eq!(
        events_of(&play(&streamed).unwrap())[0]["type"],
        "image_edit.completed"
    );

    assert_eq!(param_of(play(&images[2..])), "image");
    assert_eq!(param_of(play(&images[..2])), "prompt");
    for (name, value) in [
        ("n", "11"),
        ("n", "x"),
        ("size", "1x"),
        ("stream", "yes"),
        ("quality", "best"),
    ] {
        let mut wrong = images.to_vec();
        wrong.push(field(name, value));
        assert_eq!(param_of(play(&wrong)), name);
    }
    let named = json!({ "prompt": "x", "images": [{ "image_url": "https://example.com/a.png" }] });
    assert!(post(Endpoint::ImageEdits, &named).is_ok());
    assert_eq!(
        param_of(post(Endpoint::ImageEdits, &ask(&json!({})))),
        "images"
    );
}

#[test]
fn an_empty_answer_has_no_pictures() {
    let body = RequestBody::Json(b"{\"prompt\":\"x\"}");
    let reply = play(Endpoint::ImageGenerations, body, "m", Some(Scenario::Empty)).unwrap();
    assert_eq!(json_of(&reply)["data"], json!([]));
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    for (more, param) in [
        (json!({ "prompt": null }), "prompt"),
        (json!({ "prompt": "" }), "prompt"),
        (json!({ "n": 0 }), "n"),
        (json!({ "n": 11 }), "n"),
        (json!({ "size": "big" }), "size"),
        (json!({ "size": "0x5" }), "size"),
        (json!({ "size": "9999x9999" }), "size"),
        (json!({ "size": 5 }), "size"),
        (json!({ "response_format": "gif" }), "response_format"),
        (json!({ "partial_images": 4 }), "partial_images"),
    ] {
        assert_eq!(
            param_of(post(Endpoint::ImageGenerations, &ask(&more))),
            param,
            "{more}"
        );
    }
}
