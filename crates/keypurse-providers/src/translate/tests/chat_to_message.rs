use super::{WANTED, answered, assert_json, member};
use crate::translate::{Dialect, NoAnswer, answer};

fn to_message(body: &str) -> String {
    answered(Dialect::OpenAi, Dialect::Anthropic, body)
}

#[test]
fn a_completion_with_everything_is_a_message() {
    let out = to_message(
        r#"{"id":"c1","object":"chat.completion","created":1,"model":"gpt-x","choices":[
            {"index":0,"message":{"role":"assistant","content":"Gr\u00fc","refusal":null,
            "reasoning_content":"Hm","tool_calls":[{"id":"call_1","type":"function",
            "function":{"name":"f","arguments":"{\"a\": 1.0}"}}]},"finish_reason":"tool_calls"}],
            "usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,
            "prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":7},
            "completion_tokens_details":{"reasoning_tokens":2}}}"#,
    );
    assert!(out.contains(r#""input":{"a": 1.0}"#), "{out}");
    assert_json(
        &out,
        r#"{"id":"c1","type":"message","role":"assistant","model":"gpt-x","content":[
            {"type":"thinking","thinking":"Hm","signature":"keypurse"},{"type":"text","text":"Grü"},
            {"type":"tool_use","id":"call_1","name":"f","input":{"a":1.0}}],
            "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,
            "cache_creation_input_tokens":7,"cache_read_input_tokens":10,"output_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":7,"ephemeral_1h_input_tokens":0},
            "output_tokens_details":{"thinking_tokens":2}}}"#,
        "a completion with everything",
    );
}

#[test]
fn every_end_has_its_reason() {
    let call = r#","tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]"#;
    for (reason, members, expected) in [
        ("\"stop\"", "", "end_turn"),
        ("\"length\"", "", "max_tokens"),
        ("\"content_filter\"", "", "refusal"),
        ("\"tool_calls\"", call, "tool_use"),
        ("\"stop\"", call, "tool_use"),
        ("\"length\"", call, "max_tokens"),
        ("null", "", "end_turn"),
        ("\"stop\"", r#","refusal":"No""#, "refusal"),
        ("\"stop\"", r#","refusal":"""#, "end_turn"),
        ("\"length\"", r#","refusal":"No""#, "max_tokens"),
    ] {
        let out = to_message(&format!(
            r#"{{"choices":[{{"message":{{"content":"A"{members}}},"finish_reason":{reason}}}]}}"#
        ));
        assert_eq!(
            member(&out, "stop_reason"),
            format!("\"{expected}\""),
            "{reason}"
        );
        assert_eq!(member(&out, "usage"), "null");
    }
}

#[test]
fn arguments_that_are_no_object_stay_readable() {
    for (arguments, expected) in [
        (r#""""#, "{}"),
        (r#""{}""#, "{}"),
        ("null", "{}"),
        (r#""{\"a\":""#, r#"{"incomplete_json":"{\"a\":"}"#),
        (r#""[1]""#, r#"{"incomplete_json":"[1]"}"#),
    ] {
        let out = to_message(&format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"c","function":
                {{"name":"f","arguments":{arguments}}}}}]}}}}]}}"#
        ));
        let expected = format!(r#"[{{"type":"tool_use","id":"c","name":"f","input":{expected}}}]"#);
        assert_json(&member(&out, "content"), &expected, arguments);
    }
}

#[test]
fn a_call_without_an_id_gets_one_that_is_its_own() {
    let long = "chatcmpl-0123456789abcdef0123456789abcdef";
    for (answer, id, expected) in [
        (r#""c1""#, r#""id":"","#, "call_c1"),
        (r#""c1""#, r#""id":null,"#, "call_c1"),
        (r#""c1""#, r#""id":7,"#, "call_c1"),
        (r#""c1""#, "", "call_c1"),
        (r#""a\\b: ü""#, "", "call_ab"),
        (&format!("\"{long}\""), "", "call_89abcdef0123456789abcdef"),
        (r#""""#, "", "call_translated"),
        ("null", "", "call_translated"),
    ] {
        let call =
            |name: &str| format!(r#"{{{id}"function":{{"name":"{name}","arguments":"{{}}"}}}}"#);
        let calls = [call("f"), call("f"), call("g")].join(",");
        let out = to_message(&format!(
            r#"{{"id":{answer},"choices":[{{"message":{{"tool_calls":[{calls}]}}}}]}}"#
        ));
        let block = |number: u64, name: &str| {
            let id = format!("{expected}_{number}");
            assert!(id.len() <= 40, "OpenAI would refuse {id}");
            format!(r#"{{"type":"tool_use","id":"{id}","name":"{name}","input":{{}}}}"#)
        };
        let expected = [block(0, "f"), block(1, "f"), block(2, "g")].join(",");
        assert_json(&member(&out, "content"), &format!("[{expected}]"), &out);
    }
}

#[test]
fn reasoning_that_is_written_under_both_its_names_is_said_once() {
    for reasoning in [
        r#""reasoning":"Hm","reasoning_content":"Hm""#,
        r#""reasoning_content":"Hm","reasoning":null"#,
        r#""reasoning":"Hm","reasoning_content":null"#,
        r#""reasoning":"Hm","reasoning_content":"""#,
        r#""reasoning":"Hm""#,
    ] {
        let out = to_message(&format!(
            r#"{{"choices":[{{"message":{{{reasoning},"content":"A"}},"finish_reason":"stop"}}]}}"#
        ));
        let expected = r#"[{"type":"thinking","thinking":"Hm","signature":"keypurse"},
            {"type":"text","text":"A"}]"#;
        assert_json(&member(&out, "content"), expected, reasoning);
    }
}

#[test]
fn a_list_of_parts_is_read_as_what_its_parts_say() {
    for (content, expected) in [
        (
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"Hm"},{"type":"text","text":"ä"}]},
                {"type":"reference","reference_ids":[1]},{"type":"text","text":"A"}]"#,
            r#"[{"type":"thinking","thinking":"Hm","signature":"keypurse"},
                {"type":"thinking","thinking":"ä","signature":"keypurse"},{"type":"text","text":"A"}]"#,
        ),
        (
            r#"[{"type":"thinking","thinking":"Hm","closed":true},{"type":"text","text":""}]"#,
            r#"[{"type":"thinking","thinking":"Hm","signature":"keypurse"}]"#,
        ),
        ("[]", "[]"),
        ("null", "[]"),
    ] {
        let out = to_message(&format!(
            r#"{{"choices":[{{"message":{{"content":{content}}},"finish_reason":"stop"}}]}}"#
        ));
        assert_json(&member(&out, "content"), expected, content);
    }
}

#[test]
fn what_is_no_answer_is_none() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[{"message":{"content":3}}]}"#,
        r#"{"choices":[{"message":{"content":[3]}}]}"#,
        "<html>",
    ] {
        let out = answer(Dialect::OpenAi, Dialect::Anthropic, body.as_bytes(), WANTED);
        assert_eq!(out, Err(NoAnswer), "{body}");
    }
}
