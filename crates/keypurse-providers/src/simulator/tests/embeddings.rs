use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{json_of, param_of, play, post};
use crate::simulator::{Endpoint, RequestBody, Scenario};

fn vectors(input: &Value) -> Vec<Vec<f64>> {
    let answer = json_of(&post(Endpoint::Embeddings, &json!({ "input": input })).unwrap());
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|entry| serde_json::from_value(entry["embedding"].clone()).unwrap())
        .collect()
}

fn cosine(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[test]
fn a_vector_has_length_one_and_is_the_same_every_time() {
    let input = json!(["A purse holds money.", "x", "?!", "größer 日本"]);
    let once = vectors(&input);
    assert_eq!(once, vectors(&input));
    for vector in &once {
        assert_eq!(vector.len(), 1536);
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
    }
    assert_ne!(once[0], once[1]);
}

#[test]
fn texts_of_the_same_words_are_near() {
    let texts = json!([
        "the cat sat on the mat",
        "On the mat, the cat sat!",
        "the cat sat on the sofa",
        "quarterly revenue exceeded expectations",
    ]);
    let all = vectors(&texts);
    let near = |other: usize| cosine(&all[0], &all[other]);
    assert!(near(1) > 0.95, "{}", near(1));
    assert!(near(1) > near(2) && near(2) > 0.5, "{}", near(2));
    assert!(near(3).abs() < 0.3, "{}", near(3));
    assert_ne!(all[0], all[1]);
}

#[test]
fn the_model_decides_how_long_a_vector_is() {
    for (model, more, expected) in [
        ("text-embedding-3-large", json!({}), 3072),
        ("text-embedding-3-small", json!({ "dimensions": 256 }), 256),
        ("text-embedding-3-small", json!({ "dimensions": 1 }), 1),
        ("@cf/baai/bge-small-en-v1.5", json!({}), 384),
        ("Qwen/Qwen3-Embedding-8B", json!({}), 4096),
        ("voyage-3-lite", json!({}), 512),
        ("nobody-knows", json!({}), 1536),
    ] {
        let body = super::with(&json!({ "input": "x" }), &more).to_string();
        let body = RequestBody::Json(body.as_bytes());
        let answer = json_of(&play(Endpoint::Embeddings, body, model, None).unwrap());
        assert_eq!(
            answer["data"][0]["embedding"].as_array().unwrap().len(),
            expected,
            "{model}"
        );
    }
}

#[test]
fn base64_holds_the_same_numbers() {
    let ask = |format: &str| {
        let body = json!({ "input": "x", "encoding_format": format, "dimensions": 8 });
        json_of(&post(Endpoint::Embeddings, &body).unwrap())["data"][0]["embedding"].clone()
    };
    let numbers: Vec<f32> = serde_json::from_value(ask("float")).unwrap();
    let bytes = BASE64_STANDARD
        .decode(ask("base64").as_str().unwrap())
        .unwrap();
    let (decoded, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    let decoded: Vec<_> = decoded
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    assert_eq!(decoded, numbers);
}

#[test]
fn texts_and_tokens_come_alone_or_in_lists() {
    for (input, vectors, tokens) in [
        (json!("one two"), 1, 2),
        (json!(["one two", "three"]), 2, 3),
        (json!([1, 2, 3]), 1, 3),
        (json!([[1, 2, 3], [4]]), 2, 4),
    ] {
        let reply = post(Endpoint::Embeddings, &json!({ "input": input })).unwrap();
        let answer = json_of(&reply);
        assert_eq!(answer["data"].as_array().unwrap().len(), vectors);
        assert_eq!(
            answer["usage"],
            json!({ "prompt_tokens": tokens, "total_tokens": tokens })
        );
        assert_eq!(reply.usage.input_tokens, tokens);
        assert_eq!(reply.usage.output_tokens, 0);
    }
}

#[test]
fn an_empty_answer_has_no_vectors() {
    let body = RequestBody::Json(b"{\"input\":\"x\"}");
    let reply = play(Endpoint::Embeddings, body, "m", Some(Scenario::Empty)).unwrap();
    assert_eq!(json_of(&reply)["data"], json!([]));
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    for (body, param) in [
        (json!({}), "input"),
        (json!({ "input": "" }), "input"),
        (json!({ "input": [] }), "input"),
        (json!({ "input": [""] }), "input"),
        (json!({ "input": [[]] }), "input"),
        (json!({ "input": [1.5] }), "input"),
        (json!({ "input": [-1] }), "input"),
        (json!({ "input": ["x", 1] }), "input"),
        (json!({ "input": vec!["x"; 2049] }), "input"),
        (json!({ "input": "x", "dimensions": 0 }), "dimensions"),
        (json!({ "input": "x", "dimensions": 1537 }), "dimensions"),
        (
            json!({ "input": "x", "encoding_format": "hex" }),
            "encoding_format",
        ),
    ] {
        assert_eq!(
            param_of(post(Endpoint::Embeddings, &body)),
            param,
            "{body:.80}"
        );
    }
    let body = json!({ "input": vec!["x"; 2048] }).to_string();
    let body = RequestBody::Json(body.as_bytes());
    let refused = play(Endpoint::Embeddings, body, "text-embedding-3-large", None);
    assert_eq!(param_of(refused), "input");
    let body = RequestBody::Json(b"{\"input\":\"x\",\"dimensions\":5}");
    let refused = play(Endpoint::Embeddings, body, "text-embedding-ada-002", None);
    assert_eq!(param_of(refused), "dimensions");
}
