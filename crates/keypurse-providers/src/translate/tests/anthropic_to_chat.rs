use super::{WANTED, answered, assert_json, member};
use crate::translate::{Dialect, NoAnswer, answer};

fn to_chat(body: &str) -> String {
    answered(Dialect::Anthropic, Dialect::OpenAi, body)
}

#[test]
fn an_answer_with_everything_is_a_completion() {
    let out = to_chat(
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
            {"type":"thinking","thinking":"Hm","signature":"s"},
            {"type":"text","text":"Gr\u00fc"},{"type":"text","text":"ße","citations":[]},
            {"type":"server_tool_use","id":"x","name":"web_search","input":{}},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.0, "b":"\u00e9"}}],
            "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,
            "cache_read_input_tokens":10,"cache_creation_input_tokens":7,"output_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5}}}"#,
    );
    assert_json(
        &out,
        r#"{"id":"msg_1","object":"chat.completion","created":7,"model":"claude-x","choices":[
            {"index":0,"logprobs":null,"finish_reason":"tool_calls","message":{"role":"assistant",
                "content":"Grüße","refusal":null,"reasoning_content":"Hm",
                "thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":"s"}],
                "tool_calls":[{"id":"toolu_1","type":"function","function":
                    {"name":"f","arguments":"{\"a\": 1.0, \"b\":\"\\u00e9\"}"}}]}}],
            "usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,
                "prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":7},
                "completion_tokens_details":{"reasoning_tokens":0},
                "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5}}}"#,
        "an answer with everything",
    );
}

#[test]
fn every_end_has_its_reason() {
    for (stop_reason, expected) in [
        ("\"end_turn\"", "stop"),
        ("\"stop_sequence\"", "stop"),
        ("\"pause_turn\"", "stop"),
        ("\"max_tokens\"", "length"),
        ("\"model_context_window_exceeded\"", "length"),
        ("\"tool_use\"", "tool_calls"),
        ("\"refusal\"", "content_filter"),
        ("\"something_new\"", "stop"),
        ("null", "stop"),
    ] {
        let out = to_chat(&format!(r#"{{"content":[],"stop_reason":{stop_reason}}}"#));
        let expected = format!(r#""finish_reason":"{expected}""#);
        assert!(out.contains(&expected), "{stop_reason}: {out}");
    }
}

#[test]
fn usage_that_cannot_be_is_not_told() {
    for usage in [
        "null",
        "{}",
        r#"{"input_tokens":-1,"output_tokens":2}"#,
        r#"{"input_tokens":1,"output_tokens":2e0}"#,
    ] {
        let out = to_chat(&format!(r#"{{"content":[],"usage":{usage}}}"#));
        assert_eq!(member(&out, "usage"), "null", "{usage}");
    }
}

#[test]
fn what_is_no_answer_is_none() {
    for body in [
        "",
        "[]",
        "{}",
        "<html>",
        r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#,
        r#"{"content":[3]}"#,
        r#"{"content":[{"type":"text","text":3}]}"#,
        r#"{"content":[{"type":"tool_use"}]}"#,
    ] {
        let out = answer(Dialect::Anthropic, Dialect::OpenAi, body.as_bytes(), WANTED);
        assert_eq!(out, Err(NoAnswer), "{body}");
    }
}
