use serde_json::{Value, json};

use super::{events_of, json_of, param_of, play, post, with};
use crate::simulator::{Endpoint, RequestBody, Scenario};

fn ask(more: &Value) -> Value {
    let plain = json!({ "model": "gpt-4o-mini", "input": "What is a purse?" });
    with(&plain, more)
}

fn answer(more: &Value) -> Value {
    json_of(&post(Endpoint::Responses, &ask(more)).unwrap())
}

fn stream(more: &Value) -> Vec<Value> {
    let body = with(&ask(more), &json!({ "stream": true }));
    events_of(&post(Endpoint::Responses, &body).unwrap())
}

fn weather_and_time() -> Value {
    let tool = |name: &str| {
        json!({ "type": "function", "name": name, "parameters": {
            "type": "object",
            "properties": { "place": { "type": "string" } },
            "required": ["place"],
        } })
    };
    json!([tool("get_time"), tool("get_weather")])
}

/// Puts the events together as an SDK does, and checks their order on the way.
fn assembled(events: &[Value]) -> Value {
    let mut output: Vec<Value> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
        let index = event["output_index"]
            .as_u64()
            .map(|index| usize::try_from(index).unwrap());
        let kind = event["type"].as_str().unwrap();
        match (kind, index) {
            ("response.output_item.added", Some(index)) => {
                assert_eq!(index, output.len());
                output.push(event["item"].clone());
            }
            ("response.output_item.done", Some(index)) => {
                let mut done = event["item"].clone();
                for field in ["status", "content", "summary"] {
                    if let Some(value) = output[index].get(field) {
                        done[field] = value.clone();
                    }
                }
                assert_eq!(output[index], done, "{event}");
                output[index] = event["item"].clone();
            }
            (_, Some(index)) => {
                assert_eq!(event["item_id"], output[index]["id"]);
                apply(&mut output[index], event, kind);
            }
            _ => {}
        }
    }
    output.into()
}

fn apply(item: &mut Value, event: &Value, kind: &str) {
    let grow = |text: &mut Value| {
        *text = (text.as_str().unwrap().to_owned() + event["delta"].as_str().unwrap()).into();
    };
    match kind {
        "response.content_part.added" | "response.content_part.done" => {
            item["content"] = json!([event["part"]]);
        }
        "response.reasoning_summary_part.added" | "response.reasoning_summary_part.done" => {
            item["summary"] = json!([event["part"]]);
        }
        "response.output_text.delta" => grow(&mut item["content"][0]["text"]),
        "response.refusal.delta" => grow(&mut item["content"][0]["refusal"]),
        "response.reasoning_summary_text.delta" => grow(&mut item["summary"][0]["text"]),
        "response.function_call_arguments.delta" => grow(&mut item["arguments"]),
        "response.custom_tool_call_input.delta" => grow(&mut item["input"]),
        "response.output_text.done" => assert_eq!(item["content"][0]["text"], event["text"]),
        "response.refusal.done" => assert_eq!(item["content"][0]["refusal"], event["refusal"]),
        "response.reasoning_summary_text.done" => {
            assert_eq!(item["summary"][0]["text"], event["text"]);
        }
        "response.function_call_arguments.done" => {
            assert_eq!(item["arguments"], event["arguments"]);
        }
        "response.custom_tool_call_input.done" => assert_eq!(item["input"], event["input"]),
        other => panic!("an event nobody knows: {other}"),
    }
}

#[test]
fn a_text_has_the_shape_of_the_official_types() {
    let response = answer(&json!({ "instructions": "Be brief.", "metadata": { "a": "b" } }));
    assert_eq!(response["id"], "resp_1");
    assert_eq!(response["object"], "response");
    assert_eq!(response["status"], "completed");
    assert_eq!(response["instructions"], "Be brief.");
    assert_eq!(response["metadata"], json!({ "a": "b" }));
    assert_eq!(response["tools"], json!([]));
    let [item] = response["output"].as_array().unwrap().as_slice() else {
        panic!("not one item: {response}")
    };
    assert_eq!(
        (&item["type"], &item["role"]),
        (&json!("message"), &json!("assistant"))
    );
    let text = item["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("[simulated answer] You wrote: \"What is a purse?\""),
        "{text}"
    );
    let usage = &response["usage"];
    let total = usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], total);
}

#[test]
fn the_same_request_gets_the_same_answer() {
    let more = json!({ "tools": weather_and_time(), "reasoning": { "summary": "auto" } });
    assert_eq!(answer(&more), answer(&more));
}

#[test]
fn events_spell_the_same_answer() {
    let schema = json!({ "type": "object", "required": ["n"], "properties": {
        "n": { "type": "integer" },
    } });
    for more in [
        json!({}),
        json!({ "max_output_tokens": 16 }),
        json!({ "reasoning": { "effort": "low", "summary": "auto" } }),
        json!({ "reasoning": { "summary": "auto" }, "max_output_tokens": 16 }),
        json!({ "tools": weather_and_time(), "input": "weather and time?" }),
        json!({ "tools": [{ "type": "custom", "name": "note" }] }),
        json!({ "tools": [{ "type": "web_search" }] }),
        json!({ "text": { "format": { "type": "json_schema", "name": "x", "schema": schema } } }),
        json!({ "include": ["message.output_text.logprobs"], "top_logprobs": 2 }),
    ] {
        let whole = answer(&more);
        let events = stream(&more);
        assert_eq!(assembled(&events), whole["output"], "{more}");
        let [created, started, .., last] = events.as_slice() else {
            panic!("too few events")
        };
        assert_eq!(created["type"], "response.created");
        assert_eq!(started["type"], "response.in_progress");
        assert_eq!(started["response"]["status"], "in_progress");
        let ending = format!("response.{}", whole["status"].as_str().unwrap());
        assert_eq!(last["type"], ending);
        assert_eq!(last["response"], whole);
    }
}

#[test]
fn a_tool_that_its_vendor_describes_is_called_when_one_must_be() {
    for (kind, call, field, said) in [
        (
            "local_shell",
            "local_shell_call",
            "action",
            json!({ "type": "exec", "command": ["echo", "simulated"], "env": {} }),
        ),
        (
            "apply_patch",
            "apply_patch_call",
            "operation",
            json!({ "type": "create_file", "path": "simulated.txt", "diff": "+simulated\n" }),
        ),
    ] {
        let allowed = json!({ "type": "allowed_tools", "mode": "required",
            "tools": [{ "type": kind }] });
        for choice in [json!("required"), json!({ "type": kind }), allowed] {
            let more = json!({ "tools": [{ "type": kind }], "tool_choice": choice });
            let response = answer(&more);
            let [item] = response["output"].as_array().unwrap().as_slice() else {
                panic!("not one item: {response}")
            };
            assert_eq!(
                (&item["type"], &item["status"]),
                (&json!(call), &json!("completed"))
            );
            assert_eq!(item[field], said, "{choice}");
            assert!(item["id"].is_string() && item["call_id"].is_string());
            let events = stream(&more);
            let named = |name: &str| events.iter().filter(|event| event["type"] == name).count();
            assert_eq!(named("response.output_item.added"), 1);
            assert_eq!(named("response.output_item.done"), 1);
            assert_eq!(events.last().unwrap()["response"], response);
        }
    }
}

#[test]
fn parallel_calls_are_items_of_their_own() {
    let more = json!({ "tools": weather_and_time(), "input": "weather and time?" });
    let calls = answer(&more)["output"].clone();
    let names: Vec<_> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["name"])
        .collect();
    assert_eq!(names, ["get_time", "get_weather"]);
    for call in calls.as_array().unwrap() {
        assert_eq!(call["type"], "function_call");
        assert!(call["id"].as_str().unwrap().starts_with("fc_"));
        assert!(call["call_id"].as_str().unwrap().starts_with("call_"));
        let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
        assert!(arguments["place"].is_string());
    }
    let alone = with(&more, &json!({ "parallel_tool_calls": false }));
    assert_eq!(answer(&alone)["output"].as_array().unwrap().len(), 1);
}

/// What is called, and which namespace it is in.
fn called(response: &Value) -> Vec<(&str, Option<&str>)> {
    let items = response["output"].as_array().unwrap().iter();
    items
        .filter_map(|item| Some((item["name"].as_str()?, item["namespace"].as_str())))
        .collect()
}

#[test]
fn tools_that_are_an_item_of_the_input_are_called() {
    let tools = json!({ "type": "additional_tools", "role": "developer",
        "tools": weather_and_time() });
    let asked = json!({ "role": "user", "content": "How is the weather?" });
    for input in [json!([tools, asked]), json!([asked, tools])] {
        let more = json!({ "input": input, "tool_choice": "auto" });
        let response = answer(&more);
        assert_eq!(called(&response), [("get_weather", None)], "{input}");
        let alone = answer(&json!({ "input": [asked] }));
        let counted = |response: &Value| response["usage"]["input_tokens"].as_u64();
        assert!(counted(&alone) < counted(&response));
        let named = json!({ "type": "function", "name": "get_time" });
        let chosen = answer(&with(&more, &json!({ "tool_choice": named })));
        assert_eq!(called(&chosen), [("get_time", None)]);
    }
}

#[test]
fn a_tool_in_a_namespace_is_called_with_it() {
    let space = json!({ "type": "namespace", "name": "world", "description": "d",
        "tools": weather_and_time() });
    let search = json!({ "type": "tool_search", "execution": "client", "description": "d",
        "parameters": { "type": "object" } });
    let more = json!({ "tools": [search, space], "input": "weather and time?" });
    let response = answer(&more);
    let expected = [("get_time", Some("world")), ("get_weather", Some("world"))];
    assert_eq!(called(&response), expected);
    let events = stream(&more);
    assert_eq!(assembled(&events), response["output"]);
    let item = json!({ "type": "additional_tools", "role": "developer", "tools": [space] });
    let asked = json!({ "role": "user", "content": "weather and time?" });
    assert_eq!(
        called(&answer(&json!({ "input": [item, asked] }))),
        expected
    );
    // Searching is nothing that is called here.
    let answered = answer(&json!({ "tools": [search] }));
    assert_eq!(answered["output"][0]["type"], "message");
}

#[test]
fn an_image_after_an_output_is_part_of_it() {
    let call = json!({ "type": "function_call", "call_id": "c", "name": "get_time",
        "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "noon" });
    let image = json!({ "type": "input_image", "image_url": "data:image/png;base64,AA==" });
    let shown = json!({ "role": "user", "content": [image] });
    let input = json!([{ "role": "user", "content": "What time is it?" }, call, output, shown]);
    let response = answer(&json!({ "input": input, "tools": weather_and_time() }));
    let text = response["output"][0]["content"][0]["text"].as_str();
    let expected = "The tool returned: \"noon\". 1 image received";
    assert!(
        text.is_some_and(|text| text.contains(expected)),
        "{response}"
    );
}

#[test]
fn a_tier_is_the_one_that_was_asked_for() {
    for (asked, told) in [
        (json!(null), "default"),
        (json!("auto"), "default"),
        (json!("default"), "default"),
        (json!("flex"), "flex"),
        (json!("priority"), "priority"),
    ] {
        let more = json!({ "service_tier": asked });
        assert_eq!(answer(&more)["service_tier"], told, "{asked}");
        for event in stream(&more) {
            if let Some(tier) = event["response"].get("service_tier") {
                assert_eq!(tier, told, "{asked}");
            }
        }
    }
}

#[test]
fn a_tool_s_output_is_answered_in_words() {
    let call = json!({ "type": "function_call", "call_id": "c", "name": "get_time",
        "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "noon" });
    let input = json!([{ "role": "user", "content": "What time is it?" }, call, output]);
    let response = answer(&json!({ "input": input, "tools": weather_and_time() }));
    let text = response["output"][0]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(text.contains("The tool returned: \"noon\""), "{text}");
    // The call may be in a response that is stored elsewhere.
    let reference = json!({ "type": "item_reference", "id": "fc_0" });
    for stored in [
        json!({ "input": [output], "previous_response_id": "resp_0" }),
        json!({ "input": [reference, output] }),
    ] {
        let text = &answer(&stored)["output"][0]["content"][0]["text"];
        assert!(text.as_str().unwrap().contains("noon"), "{text}");
    }
    assert_eq!(
        param_of(post(
            Endpoint::Responses,
            &ask(&json!({ "input": [output] }))
        )),
        "input[0].call_id"
    );
}

#[test]
fn what_a_tool_that_its_vendor_describes_returned_is_read() {
    for (kind, named) in [
        ("local_shell", "id"),
        ("local_shell", "call_id"),
        ("apply_patch", "call_id"),
    ] {
        let more = json!({ "tools": [{ "type": kind }], "tool_choice": "required" });
        let call = answer(&more)["output"][0].clone();
        let output = |said: Value| json!({ "type": format!("{kind}_call_output"), "output": said, named: call[named] });
        let after = |output: Value| {
            let asked = json!({ "role": "user", "content": "Go." });
            answer(&json!({ "input": [asked, call, output] }))
        };
        let [short, long] = ["four files", "four files, and a much longer list of others"]
            .map(|said| after(output(json!(said))));
        let text = &short["output"][0]["content"][0]["text"];
        let expected = "The tool returned: \"four files\"";
        assert!(text.as_str().unwrap().contains(expected), "{text}");
        assert_ne!(text, &long["output"][0]["content"][0]["text"]);
        let counted = |response: &Value| response["usage"]["input_tokens"].as_u64();
        assert!(counted(&short) < counted(&long), "{kind}");
        let alone = json!({ "input": [output(json!("four files"))] });
        let refused = post(Endpoint::Responses, &ask(&alone));
        assert_eq!(param_of(refused), format!("input[0].{named}"));
        if kind == "apply_patch" {
            assert_eq!(after(output(json!(null)))["status"], "completed");
        }
    }
}

#[test]
fn the_output_limit_makes_a_response_incomplete() {
    let response = answer(&json!({ "max_output_tokens": 16 }));
    assert_eq!(response["status"], "incomplete");
    assert_eq!(
        response["incomplete_details"],
        json!({ "reason": "max_output_tokens" })
    );
    assert_eq!(response["output"][0]["status"], "incomplete");
    assert_eq!(response["usage"]["output_tokens"], 16);
}

#[test]
fn thoughts_come_first_and_are_counted() {
    let response = answer(&json!({ "reasoning": { "summary": "auto" } }));
    let summary = &response["output"][0]["summary"][0];
    assert_eq!(summary["type"], "summary_text");
    assert!(
        summary["text"]
            .as_str()
            .unwrap()
            .starts_with("[simulated thinking]")
    );
    assert_eq!(response["output"][1]["type"], "message");
    let usage = &response["usage"];
    let reasoning = usage["output_tokens_details"]["reasoning_tokens"]
        .as_u64()
        .unwrap();
    assert!(reasoning > 0 && reasoning < usage["output_tokens"].as_u64().unwrap());
}

#[test]
fn a_schema_is_met() {
    let schema = json!({ "type": "object", "required": ["city"], "properties": {
        "city": { "type": "string" },
    }, "additionalProperties": false });
    let format = json!({ "type": "json_schema", "name": "place", "schema": schema });
    let response = answer(&json!({ "text": { "format": format } }));
    let text = response["output"][0]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(jsonschema::is_valid(
        &schema,
        &serde_json::from_str(text).unwrap()
    ));
}

#[test]
fn a_refusal_is_a_content_part() {
    let body = ask(&json!({})).to_string();
    let body = RequestBody::Json(body.as_bytes());
    let reply = play(Endpoint::Responses, body, "m", Some(Scenario::Refusal)).unwrap();
    let part = &json_of(&reply)["output"][0]["content"][0];
    assert_eq!(part["type"], "refusal");
    assert!(
        part["refusal"]
            .as_str()
            .unwrap()
            .starts_with("[simulated refusal]")
    );
}

#[test]
fn a_wrong_request_is_refused_by_the_name_of_the_field() {
    for (more, param) in [
        (json!({ "input": null }), "input"),
        (json!({ "input": [] }), "input"),
        (json!({ "input": [{ "content": "x" }] }), "input[0].role"),
        (
            json!({ "input": [{ "role": "user", "content": [{ "type": "text" }] }] }),
            "input[0].content[0].type",
        ),
        (
            json!({ "input": [
                { "type": "function_call", "id": "fc", "call_id": "c", "name": "f" },
                { "type": "function_call_output", "call_id": "fc", "output": "x" }] }),
            "input[1].call_id",
        ),
        (
            json!({ "input": [
                { "type": "function_call", "call_id": "c", "name": "f" },
                { "role": "user", "content": "And?" }] }),
            "input[0].call_id",
        ),
        (
            json!({ "input": [{ "type": "local_shell_call", "call_id": "c" },
                { "type": "local_shell_call_output", "id": "c" }] }),
            "input[1].output",
        ),
        (json!({ "max_output_tokens": 15 }), "max_output_tokens"),
        (json!({ "background": true }), "background"),
        (json!({ "metadata": { "a": 1 } }), "metadata"),
        (json!({ "temperature": 3 }), "temperature"),
        (
            json!({ "tools": [{ "type": "function", "name": "a b" }] }),
            "tools[0].name",
        ),
        (
            json!({ "tools": [{ "type": "namespace", "name": "n", "tools": [
                { "type": "function", "name": "a b" }] }] }),
            "tools[0].tools[0].name",
        ),
        (
            json!({ "input": [{ "type": "additional_tools", "role": "developer" }] }),
            "input[0].tools",
        ),
        (json!({ "tool_choice": "required" }), "tool_choice"),
        (
            json!({ "text": { "format": { "type": "json_schema" } } }),
            "text.format.name",
        ),
    ] {
        assert_eq!(
            param_of(post(Endpoint::Responses, &ask(&more))),
            param,
            "{more}"
        );
    }
}
