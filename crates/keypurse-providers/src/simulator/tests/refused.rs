use serde_json::{Value, json};

use super::{answered, asking};

#[track_caller]
fn refused(body: &Value) -> String {
    match answered(body, None) {
        Err(invalid) => invalid.param,
        Ok(_) => panic!("accepted {body}"),
    }
}

#[test]
fn a_conversation_goes_on_once_each_call_has_its_result() {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f" } });
    let calls = json!({ "role": "assistant", "tool_calls": [call("a"), call("b")] });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "1" });
    let user = json!({ "role": "user", "content": "Hi" });
    let after = |more: &[Value]| {
        let messages = [&[user.clone(), calls.clone()][..], more].concat();
        json!({ "messages": messages })
    };
    let answered_all = [result("b"), result("a"), user.clone()];
    assert!(answered(&after(&answered_all), None).is_ok());
    for (more, at) in [
        (&[][..], 0),
        (&[result("a")], 1),
        (&[user.clone(), result("a"), result("b")], 0),
        (&[result("b"), user.clone(), result("a")], 0),
    ] {
        let param = format!("messages[1].tool_calls[{at}].id");
        assert_eq!(refused(&after(more)), param, "{more:?}");
    }
}

#[test]
fn a_wrong_conversation_is_refused_by_the_name_of_the_field() {
    for (messages, param) in [
        (json!(null), "messages"),
        (json!("hello"), "messages"),
        (json!([]), "messages"),
        (json!(["hello"]), "messages[0].role"),
        (json!([{ "content": "x" }]), "messages[0].role"),
        (
            json!([{ "role": "narrator", "content": "x" }]),
            "messages[0].role",
        ),
        (json!([{ "role": "user" }]), "messages[0].content"),
        (
            json!([{ "role": "user", "content": 5 }]),
            "messages[0].content",
        ),
        (
            json!([{ "role": "user", "content": [] }]),
            "messages[0].content",
        ),
        (
            json!([{ "role": "assistant", "content": null }]),
            "messages[0].content",
        ),
        (
            json!([{ "role": "user", "content": [{}] }]),
            "messages[0].content[0].type",
        ),
        (
            json!([{ "role": "user", "content": [{ "type": "video" }] }]),
            "messages[0].content[0].type",
        ),
        (
            json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": "x" }] }]),
            "messages[0].content[0].image_url.url",
        ),
        (
            json!([{ "role": "tool", "content": "x" }]),
            "messages[0].tool_call_id",
        ),
        (
            json!([{ "role": "tool", "content": "x", "tool_call_id": "call_1" }]),
            "messages[0].tool_call_id",
        ),
        (
            json!([{ "role": "function", "content": "x" }]),
            "messages[0].name",
        ),
        (
            json!([{ "role": "user", "content": "x" }, { "role": "assistant", "tool_calls": [] }]),
            "messages[1].tool_calls",
        ),
    ] {
        assert_eq!(
            refused(&json!({ "messages": messages })),
            param,
            "{messages}"
        );
    }
    assert_eq!(refused(&json!({})), "messages");
}

#[test]
fn a_wrong_option_is_refused_by_the_name_of_the_field() {
    let tool = json!({ "type": "function", "function": { "name": "go" } });
    let no_name = json!({ "type": "function", "function": {} });
    let bad_name = json!({ "type": "function", "function": { "name": "go now" } });
    let bad_parameters =
        json!({ "type": "function", "function": { "name": "go", "parameters": [] } });
    let other = json!({ "type": "function", "function": { "name": "stay" } });
    for (more, param) in [
        (json!({ "n": 0 }), "n"),
        (json!({ "n": 129 }), "n"),
        (json!({ "n": 1.5 }), "n"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (
            json!({ "max_completion_tokens": -1 }),
            "max_completion_tokens",
        ),
        (json!({ "stop": ["a", "b", "c", "d", "e"] }), "stop"),
        (json!({ "stop": [1] }), "stop"),
        (json!({ "stop": {} }), "stop"),
        (json!({ "temperature": 2.1 }), "temperature"),
        (json!({ "top_p": "1" }), "top_p"),
        (json!({ "logprobs": 1 }), "logprobs"),
        (json!({ "top_logprobs": 2 }), "top_logprobs"),
        (
            json!({ "logprobs": true, "top_logprobs": 21 }),
            "top_logprobs",
        ),
        (json!({ "tools": [] }), "tools"),
        (json!({ "tools": "go" }), "tools"),
        (json!({ "tools": [{}] }), "tools[0].type"),
        (json!({ "tools": [{ "type": "magic" }] }), "tools[0].type"),
        (
            json!({ "tools": [tool, no_name] }),
            "tools[1].function.name",
        ),
        (json!({ "tools": [bad_name] }), "tools[0].function.name"),
        (
            json!({ "tools": [bad_parameters] }),
            "tools[0].function.parameters",
        ),
        (json!({ "tool_choice": "auto" }), "tool_choice"),
        (
            json!({ "tools": [tool], "tool_choice": "maybe" }),
            "tool_choice",
        ),
        (
            json!({ "tools": [tool], "tool_choice": other }),
            "tool_choice",
        ),
        (json!({ "functions": [{}] }), "functions[0].name"),
        (json!({ "response_format": {} }), "response_format.type"),
        (
            json!({ "response_format": { "type": "xml" } }),
            "response_format.type",
        ),
        (
            json!({ "response_format": { "type": "json_schema" } }),
            "response_format.json_schema.name",
        ),
        (
            json!({ "response_format": {
                "type": "json_schema", "json_schema": { "name": "x", "schema": 1 },
            } }),
            "response_format.json_schema.schema",
        ),
    ] {
        assert_eq!(refused(&asking("hello", &more)), param, "{more}");
    }
}

#[test]
fn null_means_absent() {
    let fields = [
        "n",
        "max_tokens",
        "stop",
        "tools",
        "tool_choice",
        "response_format",
        "logprobs",
        "temperature",
        "functions",
    ];
    for field in fields {
        assert!(
            answered(&asking("hello", &json!({ field: null })), None).is_ok(),
            "{field}"
        );
    }
}
