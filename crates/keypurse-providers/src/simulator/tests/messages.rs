use serde_json::{Value, json};

use super::{events_of, json_of, param_of, play, post, with};
use crate::simulator::{Content, Endpoint, RequestBody, Scenario};

fn ask(more: &Value) -> Value {
    let message = json!({ "role": "user", "content": "What is a purse?" });
    let plain = json!({ "model": "claude", "max_tokens": 1000, "messages": [message] });
    with(&plain, more)
}

fn saying(content: &Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": content }] })
}

fn answer(more: &Value) -> Value {
    json_of(&post(Endpoint::Messages, &ask(more)).unwrap())
}

fn stream(more: &Value) -> Vec<Value> {
    let body = with(&ask(more), &json!({ "stream": true }));
    events_of(&post(Endpoint::Messages, &body).unwrap())
}

fn weather_and_time() -> Value {
    let tool = |name: &str| {
        json!({ "name": name, "input_schema": {
            "type": "object",
            "properties": { "place": { "type": "string" } },
            "required": ["place"],
        } })
    };
    json!([tool("get_time"), tool("get_weather")])
}

#[test]
fn a_tool_that_its_vendor_describes_is_called_when_one_must_be() {
    for (kind, name, input) in [
        (
            "text_editor_20250728",
            "str_replace_based_edit_tool",
            json!({ "command": "view", "path": "/simulated.txt" }),
        ),
        (
            "memory_20250818",
            "memory",
            json!({ "command": "view", "path": "/memories" }),
        ),
        (
            "computer_20251124",
            "computer",
            json!({ "action": "screenshot" }),
        ),
        (
            "bash_20250124",
            "bash",
            json!({ "command": "echo simulated" }),
        ),
    ] {
        for choice in [
            json!({ "type": "any" }),
            json!({ "type": "tool", "name": name }),
        ] {
            let tools = json!([{ "type": kind, "name": name }]);
            let more = json!({ "tools": tools, "tool_choice": choice });
            let message = answer(&more);
            assert_eq!(message["stop_reason"], "tool_use", "{kind} {choice}");
            let [block] = message["content"].as_array().unwrap().as_slice() else {
                panic!("not one block: {message}")
            };
            assert_eq!(
                (&block["type"], &block["name"]),
                (&json!("tool_use"), &json!(name))
            );
            assert_eq!(block["input"], input);
            assert_eq!(assembled(&stream(&more))["content"], message["content"]);
        }
    }
}

#[test]
fn every_way_to_think_that_the_sdk_has_is_accepted() {
    for (thinking, thinks) in [
        (json!({ "type": "enabled", "budget_tokens": 1024 }), true),
        (json!({ "type": "adaptive", "display": "omitted" }), true),
        (json!({ "type": "between_tools" }), false),
        (json!({ "type": "disabled" }), false),
    ] {
        let more = json!({ "thinking": thinking, "max_tokens": 2000 });
        let content = &answer(&more)["content"];
        assert_eq!(content[0]["type"] == "thinking", thinks, "{thinking}");
    }
}

#[test]
fn a_model_that_thinks_as_it_likes_takes_any_choice_of_tools() {
    for choice in [
        json!({ "type": "any" }),
        json!({ "type": "tool", "name": "get_time" }),
    ] {
        let more = json!({ "thinking": { "type": "adaptive" }, "tools": weather_and_time(),
            "tool_choice": choice });
        let message = answer(&more);
        let kinds: Vec<_> = message["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| &block["type"])
            .collect();
        assert_eq!(kinds, ["thinking", "tool_use"], "{choice}");
        assert_eq!(assembled(&stream(&more)), message, "{choice}");
    }
}

/// Puts the events together as an SDK does, and checks their order on the way.
fn assembled(events: &[Value]) -> Value {
    let [start, ping, blocks @ .., delta, stop] = events else {
        panic!("too few events")
    };
    assert_eq!(
        (&start["type"], &ping["type"]),
        (&json!("message_start"), &json!("ping"))
    );
    assert_eq!(stop, &json!({ "type": "message_stop" }));
    let mut message = start["message"].clone();
    let mut open = None;
    let mut payload = String::new();
    for event in blocks {
        let index = usize::try_from(event["index"].as_u64().unwrap()).unwrap();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!((open, index), (None, content.len()), "{event}");
                open = Some(index);
                content.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                assert_eq!(open, Some(index), "{event}");
                grow(
                    &mut message["content"][index],
                    &event["delta"],
                    &mut payload,
                );
            }
            "content_block_stop" => {
                assert_eq!(open.take(), Some(index), "{event}");
                if !payload.is_empty() {
                    let input = serde_json::from_str(&payload).unwrap_or_else(|_| json!({}));
                    message["content"][index]["input"] = input;
                    payload.clear();
                }
            }
            other => panic!("an event nobody knows: {other}"),
        }
    }
    assert_eq!((&delta["type"], open), (&json!("message_delta"), None));
    for source in ["delta", "usage"] {
        let target = if source == "delta" {
            &mut message
        } else {
            &mut message["usage"]
        };
        for (name, value) in delta[source].as_object().unwrap() {
            target[name] = value.clone();
        }
    }
    message
}

fn grow(block: &mut Value, delta: &Value, payload: &mut String) {
    let field = match delta["type"].as_str().unwrap() {
        "text_delta" => "text",
        "thinking_delta" => "thinking",
        "signature_delta" => "signature",
        "input_json_delta" => {
            payload.push_str(delta["partial_json"].as_str().unwrap());
            return;
        }
        other => panic!("a delta nobody knows: {other}"),
    };
    block[field] =
        (block[field].as_str().unwrap().to_owned() + delta[field].as_str().unwrap()).into();
}

#[test]
fn a_text_has_the_shape_of_the_official_types() {
    let message = answer(&json!({ "system": "Be brief." }));
    assert_eq!(message["id"], "msg_1");
    assert_eq!(
        (&message["type"], &message["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(message["stop_reason"], "end_turn");
    assert!(message["stop_sequence"].is_null());
    assert_eq!(message["content"][0]["type"], "text");
    let text = message["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("What is a purse?"), "{text}");
    assert!(message["usage"]["input_tokens"].as_u64().unwrap() > 0);
}

#[test]
fn events_spell_the_same_answer() {
    let long = json!({ "type": "enabled", "budget_tokens": 1024 });
    for more in [
        json!({}),
        json!({ "max_tokens": 3 }),
        json!({ "stop_sequences": ["purse"] }),
        json!({ "thinking": long, "max_tokens": 2000 }),
        json!({ "thinking": { "type": "adaptive" }, "max_tokens": 3 }),
        with(
            &saying(&json!("time and weather")),
            &json!({ "tools": weather_and_time() }),
        ),
        json!({ "tools": weather_and_time(), "tool_choice": { "type": "any" } }),
        json!({ "tools": weather_and_time(), "max_tokens": 2 }),
    ] {
        assert_eq!(assembled(&stream(&more)), answer(&more), "{more}");
    }
}

#[test]
fn a_stream_tells_its_usage_before_it_stops() {
    let body = with(&ask(&json!({})), &json!({ "stream": true }));
    let reply = post(Endpoint::Messages, &body).unwrap();
    let Content::Stream(stream) = &reply.content else {
        panic!("no stream")
    };
    let event = &stream.events[stream.usage_at.unwrap()];
    assert_eq!(event.name, Some("message_delta"));
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(data["usage"]["output_tokens"], reply.usage.output_tokens);
    assert!(event.to_sse().starts_with("event: message_delta\ndata: {"));
}

#[test]
fn an_answer_tells_why_it_stopped() {
    let stopped = answer(&json!({ "stop_sequences": ["never", "purse"] }));
    assert_eq!(stopped["stop_reason"], "stop_sequence");
    assert_eq!(stopped["stop_sequence"], "purse");
    assert!(
        !stopped["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("purse")
    );

    let cut = answer(&json!({ "max_tokens": 2 }));
    assert_eq!(cut["stop_reason"], "max_tokens");
    assert_eq!(cut["usage"]["output_tokens"], 2);

    let body = ask(&json!({})).to_string();
    let body = RequestBody::Json(body.as_bytes());
    let refused = play(Endpoint::Messages, body, "claude", Some(Scenario::Refusal)).unwrap();
    assert_eq!(json_of(&refused)["stop_reason"], "refusal");
    assert_eq!(json_of(&refused)["stop_details"]["type"], "refusal");
}

#[test]
fn tools_are_called_and_their_results_answered() {
    let tools = json!({ "tools": weather_and_time() });
    let called = answer(&with(&saying(&json!("time and weather")), &tools));
    assert_eq!(called["stop_reason"], "tool_use");
    let names: Vec<_> = called["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| &b["name"])
        .collect();
    assert_eq!(names, ["get_time", "get_weather"]);
    let id = called["content"][0]["id"].clone();
    assert!(id.as_str().unwrap().starts_with("toolu_"));
    assert!(called["content"][0]["input"]["place"].is_string());

    let result = json!({ "type": "tool_result", "tool_use_id": id, "content": "noon" });
    let other = json!({ "type": "tool_result", "tool_use_id": called["content"][1]["id"] });
    let messages = json!({ "messages": [
        { "role": "user", "content": "time?" },
        { "role": "assistant", "content": called["content"] },
        { "role": "user", "content": [other, result] },
    ] });
    let answered = answer(&with(&messages, &tools));
    assert_eq!(answered["stop_reason"], "end_turn");
    let text = answered["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("The tool returned: \"noon\""), "{text}");

    let alone = json!({ "tool_choice": { "type": "auto", "disable_parallel_tool_use": true } });
    let alone = with(&with(&saying(&json!("time and weather")), &tools), &alone);
    assert_eq!(answer(&alone)["content"].as_array().unwrap().len(), 1);
}

#[test]
fn every_call_has_one_result_before_the_next_turn() {
    let user = |content: Value| json!({ "role": "user", "content": content });
    let assistant = |content: Value| json!({ "role": "assistant", "content": content });
    let call = |id: &str| json!({ "type": "tool_use", "id": id, "name": "f", "input": {} });
    let result = |id: &str| json!({ "type": "tool_result", "tool_use_id": id });
    let after = |more: &[Value]| {
        let calls = assistant(json!([call("a"), call("b")]));
        let turns = [&[user(json!("Hi")), calls][..], more].concat();
        post(Endpoint::Messages, &ask(&json!({ "messages": turns })))
    };
    for turns in [
        &[user(json!([result("b"), result("a")]))][..],
        // One turn of the user's.
        &[user(json!([result("a")])), user(json!([result("b")]))],
        &[
            user(json!([result("a"), result("b")])),
            assistant(json!("A")),
        ],
    ] {
        assert!(after(turns).is_ok(), "{turns:?}");
    }
    for (turns, param) in [
        (&[][..], "messages[1].content[0].id"),
        (&[user(json!("And?"))], "messages[1].content[0].id"),
        (&[user(json!([result("a")]))], "messages[1].content[1].id"),
        (
            &[
                user(json!([result("a")])),
                assistant(json!("A")),
                user(json!([result("b")])),
            ],
            "messages[1].content[1].id",
        ),
        (
            &[user(json!([result("a"), result("b"), result("a")]))],
            "messages[2].content[2].tool_use_id",
        ),
    ] {
        assert_eq!(param_of(after(turns)), param, "{turns:?}");
    }
}

#[test]
fn agents_with_many_tools_are_answered() {
    let tool = |n: usize| json!({ "name": format!("f{n}"), "input_schema": { "type": "object" } });
    let tools: Vec<_> = (0..200).map(tool).collect();
    let choice = json!({ "type": "tool", "name": "f199" });
    let called = answer(&json!({ "tools": tools, "tool_choice": choice }));
    assert_eq!(called["content"][0]["name"], "f199");
}

#[test]
fn thoughts_come_first_with_a_signature() {
    let thinking = json!({ "type": "enabled", "budget_tokens": 1024 });
    let message = answer(&json!({ "thinking": thinking, "max_tokens": 2000 }));
    let [thoughts, text] = message["content"].as_array().unwrap().as_slice() else {
        panic!("not two blocks: {message}")
    };
    assert_eq!(
        (&thoughts["type"], &text["type"]),
        (&json!("thinking"), &json!("text"))
    );
    assert!(!thoughts["signature"].as_str().unwrap().is_empty());
}

#[test]
fn images_and_documents_are_received() {
    let source = json!({ "type": "base64", "media_type": "image/png", "data": "AA==" });
    let content = json!([
        { "type": "image", "source": source },
        { "type": "document", "source": source },
        { "type": "text", "text": "Look." },
    ]);
    let message = answer(&saying(&content));
    let text = message["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("1 image received") && text.contains("1 file received"),
        "{text}"
    );
}

#[test]
fn tokens_are_counted_as_a_message_counts_them() {
    let body = ask(&json!({ "tools": weather_and_time(), "system": "Be brief." }));
    let mut counted = body.clone();
    counted.as_object_mut().unwrap().remove("max_tokens");
    let counted = json_of(&post(Endpoint::CountTokens, &counted).unwrap());
    let message = json_of(&post(Endpoint::Messages, &body).unwrap());
    assert_eq!(
        counted,
        json!({ "input_tokens": message["usage"]["input_tokens"] })
    );
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    let block = |block: Value| saying(&json!([block]));
    for (more, param) in [
        (json!({ "max_tokens": null }), "max_tokens"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (json!({ "messages": [] }), "messages"),
        (
            json!({ "messages": [{ "role": "robot", "content": "x" }] }),
            "messages[0].role",
        ),
        (saying(&json!(5)), "messages[0].content"),
        (block(json!({ "text": "x" })), "messages[0].content[0].type"),
        (
            block(json!({ "type": "image" })),
            "messages[0].content[0].source",
        ),
        (
            block(json!({ "type": "tool_result", "tool_use_id": "x" })),
            "messages[0].content[0].tool_use_id",
        ),
        (json!({ "system": 5 }), "system"),
        (json!({ "temperature": 1.5 }), "temperature"),
        (json!({ "stop_sequences": "x" }), "stop_sequences"),
        (
            json!({ "tools": [{ "name": "x" }] }),
            "tools[0].input_schema",
        ),
        (json!({ "tool_choice": { "type": "any" } }), "tool_choice"),
        (
            json!({ "tools": weather_and_time(), "tool_choice": { "type": "tool", "name": "x" } }),
            "tool_choice.name",
        ),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 10 } }),
            "thinking.budget_tokens",
        ),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "max_tokens": 2000,
            "tools": weather_and_time(), "tool_choice": { "type": "any" } }),
            "thinking",
        ),
    ] {
        assert_eq!(
            param_of(post(Endpoint::Messages, &ask(&more))),
            param,
            "{more}"
        );
    }
}
