//! Completions and their streams as responses.

use serde_json::{Value, json};

use super::{WANTED, assert_json};
use crate::translate::{Dialect, TranslatedStream, Wanted, answer};

const ASKED: &str = r#"{"model":"x","input":"Hi","instructions":"Be brief.","temperature":0.50,
    "tools":[{"type":"custom","name":"patch"},
        {"type":"namespace","name":"ns","tools":[{"type":"function","name":"g"}]}]}"#;

fn wanted() -> Wanted<'static> {
    let asked = ASKED.as_bytes();
    Wanted { asked, ..WANTED }
}

fn whole(provider: Dialect, body: &Value) -> Value {
    let body = body.to_string();
    let translated = answer(provider, Dialect::Responses, body.as_bytes(), wanted());
    serde_json::from_slice(&translated.unwrap()).unwrap()
}

/// The events of a stream, each with its name.
fn streamed(provider: Dialect, stream: &str) -> Vec<Value> {
    let mut out = String::new();
    let mut translated = TranslatedStream::new(provider, Dialect::Responses, wanted()).unwrap();
    // However it is cut, the same comes out.
    for piece in stream.as_bytes().chunks(7) {
        translated.push(piece, &mut out).unwrap();
    }
    translated.finish(&mut out).unwrap();
    let mut events = Vec::new();
    for event in out.split_terminator("\n\n") {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], name.strip_prefix("event: ").unwrap());
        assert_eq!(data["sequence_number"], events.len(), "{out}");
        events.push(data);
    }
    events
}

fn chunk(delta: &Value) -> String {
    let chunk = json!({"id": "chatcmpl-1", "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

fn ends(reason: &str) -> String {
    let last = json!({"id": "chatcmpl-1", "model": "m",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
    let usage = json!({"id": "chatcmpl-1", "model": "m", "choices": [],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}});
    format!("data: {last}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
}

fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    json!({"tool_calls": [{"index": index, "id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}}]})
}

fn more(index: u64, arguments: &str) -> Value {
    json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
}

const OUTPUT: &str = r#"[
    {"id":"rs_chatcmpl-1_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],
        "encrypted_content":"{}"},
    {"id":"msg_chatcmpl-1_1","type":"message","status":"completed","role":"assistant",
        "content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Né!"}]},
    {"id":"fc_chatcmpl-1_2","type":"function_call","status":"completed","call_id":"c1","name":"f",
        "arguments":"{\"a\": 1.0}"},
    {"id":"ctc_chatcmpl-1_3","type":"custom_tool_call","status":"completed","call_id":"c2",
        "name":"patch","input":"*** \"x\"\n"},
    {"id":"fc_chatcmpl-1_4","type":"function_call","status":"completed","call_id":"c3","name":"g",
        "namespace":"ns","arguments":"{}"}]"#;

fn response(output: &str) -> String {
    format!(
        r#"{{"id":"resp_chatcmpl-1","object":"response","created_at":7,"status":"completed",
        "background":false,"error":null,"incomplete_details":null,"model":"m","output":{output},
        "previous_response_id":null,"service_tier":null,"store":false,
        "instructions":"Be brief.","max_output_tokens":null,"max_tool_calls":null,"metadata":{{}},
        "parallel_tool_calls":true,"prompt_cache_key":null,"reasoning":{{"effort":null,"summary":null}},
        "safety_identifier":null,"temperature":0.50,"text":{{"format":{{"type":"text"}}}},
        "tool_choice":"auto","tools":[{{"type":"custom","name":"patch"}},
            {{"type":"namespace","name":"ns","tools":[{{"type":"function","name":"g"}}]}}],
        "top_p":null,"truncation":"disabled","user":null,
        "usage":{{"input_tokens":10,"input_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0}},
            "output_tokens":20,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":30}}}}"#
    )
}

#[test]
fn a_whole_answer_is_a_response_with_what_was_asked_for() {
    let body = json!({"id": "chatcmpl-1", "model": "m", "choices": [{"finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": "Né!", "reasoning_content": "Hm", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}},
            {"id": "c2", "type": "function", "function": {"name": "patch", "arguments": "{\"input\": \"*** \\\"x\\\"\\n\"}"}},
            {"id": "c3", "type": "function", "function": {"name": "ns__g", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}});
    let said = whole(Dialect::OpenAi, &body);
    assert_json(&said.to_string(), &response(OUTPUT), "a whole answer");
}

#[test]
fn a_stream_ends_with_what_a_whole_answer_is() {
    let stream = [
        chunk(&json!({"role": "assistant", "content": ""})),
        chunk(&json!({"reasoning_content": "H"})),
        chunk(&json!({"reasoning_content": "m"})),
        chunk(&json!({"content": "N"})),
        chunk(&json!({"content": "é!"})),
        chunk(&call(0, "c1", "f", "")),
        chunk(&more(0, "{\"a\"")),
        chunk(&more(0, ": 1.0}")),
        chunk(&call(1, "c2", "patch", "{\"inp")),
        chunk(&more(1, "ut\": \"*** \\\"")),
        chunk(&more(1, "x\\\"\\n\"}")),
        chunk(&call(2, "c3", "ns__g", "{}")),
        ends("tool_calls"),
    ]
    .concat();
    let events = streamed(Dialect::OpenAi, &stream);
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_json(&last["response"].to_string(), &response(OUTPUT), "a stream");
    let kinds: Vec<&str> = events
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    let item = |name: &str, deltas: usize, part: Option<&str>| -> Vec<String> {
        let mut kinds = vec!["response.output_item.added".to_owned()];
        kinds.extend(part.map(|part| format!("response.{part}.added")));
        kinds.extend(vec![format!("response.{name}.delta"); deltas]);
        kinds.push(format!("response.{name}.done"));
        kinds.extend(part.map(|part| format!("response.{part}.done")));
        kinds.push("response.output_item.done".to_owned());
        kinds
    };
    let expected = [
        vec![
            "response.created".to_owned(),
            "response.in_progress".to_owned(),
        ],
        item("reasoning_summary_text", 2, Some("reasoning_summary_part")),
        item("output_text", 2, Some("content_part")),
        item("function_call_arguments", 2, None),
        item("custom_tool_call_input", 2, None),
        item("function_call_arguments", 1, None),
        vec!["response.completed".to_owned()],
    ]
    .concat();
    assert_eq!(kinds, expected);
    // What a client puts together is what the events that are whole say.
    let done = |event: &&Value| event["type"] == "response.function_call_arguments.done";
    let called: Vec<_> = events.iter().filter(done).map(|it| &it["name"]).collect();
    assert_eq!(called, ["f", "g"]);
    for (delta, done, member) in [
        (
            "response.output_text.delta",
            "response.output_text.done",
            "text",
        ),
        (
            "response.custom_tool_call_input.delta",
            "response.custom_tool_call_input.done",
            "input",
        ),
    ] {
        let deltas = events.iter().filter(|it| it["type"] == delta);
        let together: String = deltas.map(|it| it["delta"].as_str().unwrap()).collect();
        let done = events.iter().find(|it| it["type"] == done).unwrap();
        assert_eq!(done[member], together);
    }
}

#[test]
fn an_answer_ends_as_its_chat_did() {
    let body = |finish_reason: &str, message: Value| {
        json!({"id": "1", "model": "m",
            "choices": [{"finish_reason": finish_reason, "message": message}]})
    };
    let text = || json!({"content": "Hi"});
    for (reason, message, status, why, item) in [
        ("stop", text(), "completed", Value::Null, "completed"),
        (
            "length",
            text(),
            "incomplete",
            json!({"reason": "max_output_tokens"}),
            "incomplete",
        ),
        (
            "content_filter",
            text(),
            "incomplete",
            json!({"reason": "content_filter"}),
            "incomplete",
        ),
        (
            "stop",
            json!({"refusal": "No"}),
            "completed",
            Value::Null,
            "completed",
        ),
    ] {
        let whole = whole(Dialect::OpenAi, &body(reason, message.clone()));
        let stream = chunk(&message) + &ends(reason);
        let events = streamed(Dialect::OpenAi, &stream);
        let last = &events.last().unwrap()["response"];
        for response in [&whole, last] {
            assert_eq!(response["status"], status, "{reason}");
            assert_eq!(response["incomplete_details"], why, "{reason}");
            assert_eq!(response["output"][0]["status"], item, "{reason}");
            assert_eq!(response["output"].as_array().unwrap().len(), 1);
        }
        assert_eq!(whole["usage"], Value::Null);
    }
    let empty = whole(Dialect::OpenAi, &body("length", json!({"content": null})));
    assert_eq!(empty["output"], json!([]));
}

/// The stream of a message that is thought, spoken and called a tool.
fn thought_stream(usage: &Value) -> String {
    let event = |data: Value| {
        format!(
            "event: {}\ndata: {data}\n\n",
            data["type"].as_str().unwrap()
        )
    };
    let start = |index: u64, block: Value| {
        event(json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let delta = |index: u64, delta: Value| {
        event(json!({"type": "content_block_delta", "index": index, "delta": delta}))
    };
    let stop = |index: u64| event(json!({"type": "content_block_stop", "index": index}));
    [
        event(
            json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude",
            "content": [], "usage": {"input_tokens": 10, "output_tokens": 1}}}),
        ),
        start(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(0, json!({"type": "thinking_delta", "thinking": "Hm "})),
        delta(0, json!({"type": "thinking_delta", "thinking": "é\n"})),
        delta(0, json!({"type": "signature_delta", "signature": "sig"})),
        stop(0),
        start(1, json!({"type": "redacted_thinking", "data": "d"})),
        stop(1),
        start(2, json!({"type": "text", "text": ""})),
        delta(2, json!({"type": "text_delta", "text": "Hi"})),
        stop(2),
        start(
            3,
            json!({"type": "tool_use", "id": "t", "name": "f", "input": {}}),
        ),
        delta(
            3,
            json!({"type": "input_json_delta", "partial_json": "{\"a\":1}"}),
        ),
        stop(3),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage}),
        ),
        event(json!({"type": "message_stop"})),
    ]
    .concat()
}

#[test]
fn thinking_is_reasoning_with_its_proof() {
    let usage = json!({"input_tokens": 10, "output_tokens": 20});
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "thinking", "thinking": "Hm é\n", "signature": "sig"},
            {"type": "redacted_thinking", "data": "d"}, {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}],
        "stop_reason": "tool_use", "usage": usage});
    let blocks = json!([{"type": "thinking", "thinking": "Hm é\n", "signature": "sig"},
        {"type": "redacted_thinking", "data": "d"}]);
    let proofs = |response: &Value| -> Vec<Value> {
        let items = response["output"].as_array().unwrap().iter();
        let sealed = items.filter_map(|item| item["encrypted_content"].as_str());
        let proofs = sealed.map(|it| serde_json::from_str::<Value>(it).unwrap());
        proofs
            .flat_map(|proof| proof["thinking_blocks"].as_array().unwrap().clone())
            .collect()
    };
    let whole = whole(Dialect::Anthropic, &message);
    assert_eq!(Value::from(proofs(&whole)), blocks);
    assert_eq!(whole["output"][0]["summary"][0]["text"], "Hm é\n");
    let kinds = |response: &Value| -> Vec<String> {
        let items = response["output"].as_array().unwrap().iter();
        items
            .map(|item| item["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let order = ["reasoning", "reasoning", "message", "function_call"];
    assert_eq!(kinds(&whole), order);

    let stream = thought_stream(&usage);
    let events = streamed(Dialect::Anthropic, &stream);
    let last = &events.last().unwrap()["response"];
    assert_eq!(Value::from(proofs(last)), blocks);
    assert_eq!(kinds(last), order);
    assert_eq!(last["output"], whole["output"]);
    assert_eq!(last["usage"]["input_tokens"], 10);
}

#[test]
fn a_signature_is_reasoning_in_front_of_its_call() {
    let body = json!({"candidates": [{"content": {"parts": [
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "sig"},
            {"functionCall": {"name": "g", "args": {}}}]}, "finishReason": "STOP"}],
        "modelVersion": "gemini", "responseId": "r1"});
    let whole = whole(Dialect::Gemini, &body);
    let events = streamed(Dialect::Gemini, &format!("data: {body}\n\n"));
    for response in [&whole, &events.last().unwrap()["response"]] {
        let output = response["output"].as_array().unwrap();
        let kinds: Vec<_> = output.iter().map(|item| &item["type"]).collect();
        assert_eq!(kinds, ["reasoning", "function_call", "function_call"]);
        assert_eq!(
            output[0]["encrypted_content"],
            r#"{"thought_signature":"sig"}"#
        );
        assert_eq!(output[0]["summary"], json!([]));
    }
}

#[test]
fn an_error_in_a_stream_is_its_last_event() {
    let failed = "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\"}}\n\n";
    for stream in [failed.to_owned(), chunk(&json!({"content": "Hi"})) + failed] {
        let events = streamed(Dialect::OpenAi, &stream);
        let last = events.last().unwrap();
        assert_eq!(last["type"], "error");
        assert_eq!(last["message"], "Overloaded");
        assert_eq!(last["code"], "overloaded_error");
        assert_eq!(last["error"]["message"], "Overloaded");
    }
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let events = streamed(Dialect::OpenAi, &chunk(&json!({"content": "Hi"})));
    assert_eq!(events.last().unwrap()["type"], "response.output_text.delta");
}

#[test]
fn half_a_call_is_never_told_as_if_it_were_whole() {
    let begun = chunk(&call(0, "c1", "f", "{\"a\""));
    let other = chunk(&call(1, "c2", "g", "{}"));
    for after in [other, chunk(&json!({"content": "\n"}))] {
        let mut out = String::new();
        let mut stream =
            TranslatedStream::new(Dialect::OpenAi, Dialect::Responses, wanted()).unwrap();
        stream.push(begun.as_bytes(), &mut out).unwrap();
        assert!(stream.push(after.as_bytes(), &mut out).is_err());
        assert!(!out.contains("done"), "{out}");
    }
    // What the limit cut is not told at all.
    let events = streamed(Dialect::OpenAi, &(begun + &ends("length")));
    let last = &events.last().unwrap()["response"];
    assert_eq!(
        (&last["status"], &last["output"]),
        (&json!("incomplete"), &json!([]))
    );
    assert!(
        events
            .iter()
            .all(|it| !it["type"].as_str().unwrap().ends_with("done"))
    );
}

#[test]
fn a_call_without_arguments_has_an_empty_objects_and_its_usage() {
    let stream = chunk(&call(0, "c1", "f", "")) + &ends("tool_calls");
    let events = streamed(Dialect::OpenAi, &stream);
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["output"][0]["arguments"], "{}");
    assert_eq!(response["usage"]["output_tokens"], 20);
}

#[test]
fn a_piece_that_says_nothing_changes_nothing() {
    let stream = [
        chunk(&call(0, "c1", "f", "{}")),
        chunk(&call(1, "c2", "g", "{}")),
        chunk(&more(0, "")),
        ends("tool_calls"),
    ];
    let events = streamed(Dialect::OpenAi, &stream.concat());
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!(output.as_array().unwrap().len(), 2);
}

#[test]
fn half_a_character_in_a_custom_tools_text_is_a_fault() {
    let half = chunk(&call(0, "c1", "patch", "{\"input\":\"a")) + &chunk(&more(0, "@half"));
    let half = half.replace("@half", "\\ud83d");
    let mut stream = TranslatedStream::new(Dialect::OpenAi, Dialect::Responses, wanted()).unwrap();
    assert!(stream.push(half.as_bytes(), &mut String::new()).is_err());
}

#[test]
fn thoughts_that_stand_only_in_their_proof_are_told() {
    let blocks = json!([{"type": "thinking", "thinking": "Secret", "signature": "s"}]);
    let message = json!({"content": "Hi", "thinking_blocks": blocks});
    let body = json!({"id": "1", "model": "m",
        "choices": [{"finish_reason": "stop", "message": message}]});
    let whole = whole(Dialect::OpenAi, &body);
    let events = streamed(Dialect::OpenAi, &(chunk(&message) + &ends("stop")));
    for response in [&whole, &events.last().unwrap()["response"]] {
        assert_eq!(response["output"][0]["summary"][0]["text"], "Secret");
        assert_eq!(response["output"][1]["content"][0]["text"], "Hi");
    }
    let told = events
        .iter()
        .find(|it| it["type"] == "response.reasoning_summary_text.delta");
    assert_eq!(told.unwrap()["delta"], "Secret");
}

#[test]
fn an_id_is_of_a_bounded_length() {
    let long = json!({"id": "x".repeat(5000), "choices": [{"message": {"content": "Hi"}}]});
    let named = whole(Dialect::OpenAi, &long)["id"].as_str().unwrap().len();
    assert!(named < 64);
    for reason in [Value::Null, json!("")] {
        let none = json!({"choices": [{"message": {"content": "Hi"}, "finish_reason": reason}]});
        let whole = whole(Dialect::OpenAi, &none);
        assert_eq!(whole["id"], "resp_translated7");
        assert_eq!(whole["status"], "completed");
    }
}

#[test]
fn a_whole_message_that_was_cut_in_a_call_does_not_tell_it() {
    let tool = json!({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}});
    let message = |stop_reason: &str| {
        json!({"id": "msg_1", "model": "claude", "stop_reason": stop_reason,
            "content": [{"type": "text", "text": "Hi"}, tool], "usage": {"input_tokens": 1, "output_tokens": 2}})
    };
    for (stop_reason, items) in [("tool_use", 2), ("max_tokens", 1)] {
        let output = whole(Dialect::Anthropic, &message(stop_reason))["output"].clone();
        assert_eq!(output.as_array().unwrap().len(), items, "{stop_reason}");
    }
}
