//! Whatever is sent, an answer is bounded and nothing panics.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::{Content, FormField, play};
use crate::simulator::{
    Endpoint, RequestBody, Scenario,
    count::{count, pieces},
};

/// More than any of the requests below may be answered with: beside vectors,
/// which are asked for one by one here, answers are small or repeat the request.
const MOST_BYTES: usize = 4_000_000;

/// Names that routes look at, so that random requests get somewhere.
const NAMES: [&str; 58] = [
    "messages",
    "role",
    "content",
    "type",
    "text",
    "input",
    "tools",
    "function",
    "name",
    "parameters",
    "input_schema",
    "tool_choice",
    "max_tokens",
    "max_output_tokens",
    "n",
    "stop",
    "stop_sequences",
    "stream",
    "stream_options",
    "include_usage",
    "response_format",
    "json_schema",
    "schema",
    "format",
    "thinking",
    "budget_tokens",
    "reasoning",
    "summary",
    "metadata",
    "system",
    "instructions",
    "tool_use_id",
    "call_id",
    "output",
    "id",
    "source",
    "image_url",
    "url",
    "dimensions",
    "encoding_format",
    "prompt",
    "size",
    "quality",
    "partial_images",
    "images",
    "voice",
    "speed",
    "stream_format",
    "include",
    "top_logprobs",
    "logprobs",
    "previous_response_id",
    "tool_calls",
    "arguments",
    "allowed_tools",
    "mode",
    "output_config",
    "properties",
];

const WORDS: [&str; 38] = [
    "user",
    "assistant",
    "system",
    "tool",
    "function",
    "text",
    "image",
    "image_url",
    "input_text",
    "output_text",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "custom",
    "json_schema",
    "json_object",
    "enabled",
    "adaptive",
    "auto",
    "required",
    "any",
    "object",
    "string",
    "array",
    "integer",
    "float",
    "base64",
    "1024x1024",
    "0x0",
    "url",
    "b64_json",
    "sse",
    "wav",
    "mp3",
    "message",
    "reasoning",
    "größer 日本 \u{0}",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0_i64), Just(1), Just(-1), 2..2_000_i64, any::<i64>()]
            .prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1e308), Just(-0.0)].prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ]
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = proptest::sample::select(&NAMES[..]);
    vec((name, value), 0..8).prop_map(|pairs| {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Value::Object(pairs.collect::<Map<_, _>>())
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            object(inner),
        ]
    })
}

/// A request that would be fine, with a few fields replaced.
fn spoiled() -> impl Strategy<Value = Value> {
    let base = json!({
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "weather?" }] },
        ],
        "input": "weather?", "prompt": "weather?", "voice": "alloy", "max_tokens": 100,
        "tools": [{ "type": "function", "name": "go", "input_schema": {}, "parameters": {},
            "function": { "name": "go", "parameters": {} } }],
    });
    let name = proptest::sample::select(&NAMES[..]);
    vec((name, any_value()), 0..4).prop_map(move |changes| {
        let mut body = base.clone();
        for (name, value) in changes {
            body[name] = value;
        }
        body
    })
}

fn size(content: &Content) -> usize {
    match content {
        Content::Json(json) => json.len(),
        Content::File { bytes, .. } => bytes.len(),
        Content::Stream(stream) => stream.events.iter().map(|event| event.to_sse().len()).sum(),
    }
}

fn check(endpoint: Endpoint, body: RequestBody<'_>, scenario: Option<Scenario>) {
    let played = || play(endpoint, body, "gpt-transcribe", scenario);
    let reply = played();
    assert_eq!(reply, played(), "the same request gets the same answer");
    if let Ok(reply) = reply {
        let size = size(&reply.content);
        assert!(size < MOST_BYTES, "{endpoint:?} answers with {size} bytes");
    }
}

fn scenario() -> impl Strategy<Value = Option<Scenario>> {
    proptest::option::of(proptest::sample::select(&Scenario::ALL[..]))
}

proptest! {
    #[test]
    fn a_text_has_as_many_units_as_pieces(text in "[a-c_ .!\n\u{a0}ßé日]{0,40}") {
        let pieces: Vec<_> = pieces(&text).collect();
        assert_eq!(count(&text), pieces.len() as u64);
        assert_eq!(pieces.concat(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_json_is_answered_or_refused(
        body in prop_oneof![3 => spoiled(), 1 => any_value()],
        scenario in scenario(),
    ) {
        let text = body.to_string();
        for endpoint in Endpoint::ALL {
            check(endpoint, RequestBody::Json(text.as_bytes()), scenario);
        }
    }

    #[test]
    fn any_bytes_are_answered_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        for endpoint in Endpoint::ALL {
            check(endpoint, RequestBody::Json(&bytes), None);
        }
    }

    #[test]
    fn any_form_is_answered_or_refused(
        fields in vec((
            proptest::sample::select(&[
                "file", "image", "image[]", "prompt", "n", "size", "response_format", "stream",
                "timestamp_granularities[]", "include[]", "language", "quality", "partial_images",
            ][..]),
            prop_oneof![
                vec(any::<u8>(), 0..120),
                vec(any::<u8>(), 0..120).prop_map(|rest| {
                    [b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".as_slice(), &rest].concat()
                }),
                proptest::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes().to_vec()),
            ],
        ), 0..10),
        scenario in scenario(),
    ) {
        let form: Vec<_> = fields.iter().map(|(name, bytes)| FormField {
            name, file_name: None, bytes,
        }).collect();
        for endpoint in Endpoint::ALL {
            check(endpoint, RequestBody::Form(&form), scenario);
        }
    }
}

#[test]
fn short_requests_for_much_get_little() {
    let deep = (0..60).fold(json!("x"), |inner, _| json!([inner]));
    let schema = json!({ "$defs": { "a": { "type": "array", "minItems": 1000,
        "items": { "$ref": "#/$defs/a" } } }, "$ref": "#/$defs/a" });
    let tools = |wire: &str| -> Value {
        (0..128).map(|at| {
            let name = format!("t{at}");
            match wire {
                "chat" => json!({ "type": "function", "function": { "name": name, "parameters": schema } }),
                _ => json!({ "type": "function", "name": name, "parameters": schema }),
            }
        }).collect()
    };
    let all = (0..128)
        .map(|at| format!("t{at}"))
        .collect::<Vec<_>>()
        .join(" ");
    let messages = json!([{ "role": "user", "content": all }]);
    let format = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
    for (endpoint, body) in [
        (
            Endpoint::ChatCompletions,
            json!({ "messages": messages, "n": 128, "logprobs": true,
            "top_logprobs": 20, "tools": tools("chat") }),
        ),
        (
            Endpoint::ChatCompletions,
            json!({ "messages": messages, "n": 128, "response_format": format,
            "logprobs": true, "top_logprobs": 20, "stream": true }),
        ),
        (
            Endpoint::Responses,
            json!({ "input": all, "tools": tools("responses"), "stream": true }),
        ),
        (
            Endpoint::Messages,
            json!({ "messages": messages, "max_tokens": 1_000_000,
            "stop_sequences": vec!["zzz"; 8000] }),
        ),
        (Endpoint::Moderations, json!({ "input": vec!["a"; 1000] })),
        (Endpoint::Moderations, deep.clone()),
        (
            Endpoint::ImageGenerations,
            json!({ "prompt": "x", "n": 10, "stream": true,
            "partial_images": 3, "size": "8192x8192" }),
        ),
        (
            Endpoint::Speech,
            json!({ "input": "x ".repeat(2000), "voice": "x", "speed": 0.25,
            "response_format": "wav" }),
        ),
    ] {
        let text = body.to_string();
        let reply = play(endpoint, RequestBody::Json(text.as_bytes()), "m", None);
        if let Ok(reply) = reply {
            let size = size(&reply.content);
            assert!(size < 20_000_000, "{endpoint:?}: {size}");
        }
    }
}
