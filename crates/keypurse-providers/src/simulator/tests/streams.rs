use serde_json::{Map, Value, json};

use super::{answer, answer_with, asking};
use crate::simulator::{Completion, Scenario};

/// Puts the deltas of choice `index` together as an SDK does: strings grow,
/// lists go by `index`, everything else is taken as it comes.
fn assembled(chunks: &[Value], index: usize) -> Value {
    let mut choice = json!({});
    for step in chunks
        .iter()
        .flat_map(|chunk| chunk["choices"].as_array().unwrap())
    {
        if step["index"] == index {
            merge(&mut choice, step);
        }
    }
    choice
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::String(text), Value::String(more)) => text.push_str(more),
        (Value::Object(object), Value::Object(more)) => {
            for (name, value) in more {
                let fresh = ["index", "finish_reason", "id", "type"].contains(&name.as_str());
                match object
                    .get_mut(name)
                    .filter(|known| !known.is_null() && !fresh)
                {
                    Some(known) => merge(known, value),
                    None => _ = object.insert(name.clone(), value.clone()),
                }
            }
        }
        (Value::Array(list), Value::Array(more)) => match more[0]["index"].as_u64() {
            Some(index) if index < list.len() as u64 => {
                merge(&mut list[usize::try_from(index).unwrap()], &more[0]);
            }
            _ => list.extend(more.iter().cloned()),
        },
        (into, from) if !from.is_null() => *into = from.clone(),
        _ => {}
    }
}

/// Drops what only streams have: indices of calls, and empty beginnings.
fn as_message(delta: &Value) -> Map<String, Value> {
    let mut message = delta.as_object().unwrap().clone();
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten() {
        call.as_object_mut().unwrap().shift_remove("index");
    }
    message
}

fn chunks(completion: &Completion, include_usage: bool) -> Vec<Value> {
    let chunks = completion.chunks(include_usage);
    chunks
        .iter()
        .map(|chunk| serde_json::to_value(chunk).unwrap())
        .collect()
}

#[track_caller]
fn check(completion: &Completion) {
    let whole = completion.to_json();
    let chunks = chunks(completion, false);
    for (index, choice) in whole["choices"].as_array().unwrap().iter().enumerate() {
        let streamed = assembled(&chunks, index);
        assert_eq!(
            as_message(&streamed["delta"]),
            *choice["message"].as_object().unwrap()
        );
        assert_eq!(streamed["finish_reason"], choice["finish_reason"]);
        assert_eq!(streamed["logprobs"], choice["logprobs"]);
    }
}

#[test]
fn chunks_spell_the_same_answer() {
    let function = json!({ "name": "go", "parameters": {
        "type": "object", "properties": { "where": { "type": "string" } },
    } });
    let schema =
        json!({ "name": "x", "schema": { "type": "array", "items": { "type": "integer" } } });
    for more in [
        json!({}),
        json!({ "n": 3 }),
        json!({ "max_tokens": 5 }),
        json!({ "logprobs": true, "top_logprobs": 2, "n": 2 }),
        json!({ "response_format": { "type": "json_schema", "json_schema": schema } }),
        json!({ "tools": [{ "type": "function", "function": function }], "n": 2 }),
        json!({ "tools": [{ "type": "function", "function": function }], "logprobs": true }),
        json!({ "tools": [{ "type": "custom", "custom": { "name": "go" } }] }),
        json!({ "functions": [function] }),
    ] {
        check(&answer(&asking("Tell me, please: größer?", &more)));
    }
    let tools = json!([
        { "type": "function", "function": function },
        { "type": "custom", "custom": { "name": "note" } },
    ]);
    check(&answer(&asking("go, note, go", &json!({ "tools": tools }))));
    for scenario in [Scenario::Refusal, Scenario::Length, Scenario::Empty] {
        check(&answer_with(&asking("hello", &json!({})), Some(scenario)));
    }
}

#[test]
fn a_stream_starts_with_the_role_and_ends_with_the_finish() {
    let chunks = chunks(&answer(&asking("hello", &json!({}))), false);
    let [first, .., last] = chunks.as_slice() else {
        panic!("too few chunks")
    };
    assert_eq!(
        first["choices"][0],
        json!({
            "index": 0,
            "delta": { "role": "assistant", "content": "", "refusal": null },
            "logprobs": null,
            "finish_reason": null,
        })
    );
    assert_eq!(last["choices"][0]["delta"], json!({}));
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "chat.completion.chunk")
    );
}

#[test]
fn usage_comes_last_and_only_when_asked_for() {
    let completion = answer(&asking("hello", &json!({})));
    let chunks = chunks(&completion, true);
    let (last, before) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], completion.to_json()["usage"]);
    assert!(
        before
            .iter()
            .all(|chunk| chunk.get("usage") == Some(&Value::Null))
    );
}

#[test]
fn the_whole_answer_has_the_shape_of_the_official_types() {
    let json = answer(&asking("hello there", &json!({ "max_tokens": 1 }))).to_json();
    assert_eq!(
        json,
        json!({
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": "openai/gpt-4o-mini",
            "system_fingerprint": "fp_keypurse_simulator",
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": "[", "refusal": null },
                "logprobs": null,
                "finish_reason": "length",
            }],
            "usage": {
                "prompt_tokens": 2,
                "completion_tokens": 1,
                "total_tokens": 3,
                "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
                "completion_tokens_details": {
                    "reasoning_tokens": 0,
                    "audio_tokens": 0,
                    "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            },
        })
    );
}
