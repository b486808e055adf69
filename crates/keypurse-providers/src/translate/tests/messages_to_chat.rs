use serde_json::Value;

use super::{TARGET, assert_json, member, messages, translated};
use crate::translate::{Dialect, Replay, Target};

fn to_chat(body: &str) -> Result<String, String> {
    translated(Dialect::Anthropic, Dialect::OpenAi, &TARGET, body)
        .map_err(|refused| refused.param.into_owned())
}

fn with(members: &str) -> String {
    format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"Hi"}}],{members}}}"#
    )
}

#[test]
fn a_plain_message_is_a_plain_chat() {
    assert_json(
        &to_chat(&with(r#""stream":true"#)).unwrap(),
        r#"{"model":"claude-sonnet-4-5","max_tokens":4000,"stream":true,
            "stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]}"#,
        "a plain message",
    );
    let target = Target {
        limit_is_of_completion: true,
        ..TARGET
    };
    let out = translated(
        Dialect::Anthropic,
        Dialect::OpenAi,
        &target,
        &with(r#""stream":false"#),
    );
    let out = out.unwrap();
    assert_eq!(member(&out, "max_completion_tokens"), "4000");
    assert_eq!(member(&out, "max_tokens"), "null");
}

#[test]
fn turns_become_messages_in_the_order_a_chat_wants() {
    for (from, expected) in [
        (
            r#"{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},
               {"role":"system","content":"Now"},
               {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},
                {"type":"text","text":"C"}]}"#,
            r#"[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},
                {"role":"system","content":"Now"},{"role":"assistant","content":"C"}]"#,
        ),
        (
            r#"{"role":"assistant","content":[
                 {"type":"tool_use","id":"t1","name":"f","input":{"a": 1e400}},
                 {"type":"tool_use","id":"t2","name":"g","input":{},"caller":{"type":"direct"}}]},
               {"role":"user","content":[
                 {"type":"tool_result","tool_use_id":"t1","content":"R","is_error":true},
                 {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"S"}]},
                 {"type":"text","text":"So?","cache_control":{"type":"ephemeral"}}]}"#,
            r#"[{"role":"assistant","content":null,"tool_calls":[
                  {"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\": 1e400}"}},
                  {"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},
                {"role":"tool","tool_call_id":"t1","content":"R"},
                {"role":"tool","tool_call_id":"t2","content":"S"},
                {"role":"user","content":"So?"}]"#,
        ),
        (
            r#"{"role":"user","content":[
                 {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},
                 {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
                 {"type":"document","title":"a.pdf","citations":{"enabled":true},
                  "source":{"type":"base64","media_type":"application/pdf","data":"aGk="}},
                 {"type":"document","source":{"type":"text","media_type":"text/plain","data":"T"}}]}"#,
            r#"[{"role":"user","content":[
                {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},
                {"type":"image_url","image_url":{"url":"https://x/y.png"}},
                {"type":"file","file":{"filename":"a.pdf",
                    "file_data":"data:application/pdf;base64,aGk="}},
                {"type":"text","text":"T"}]}]"#,
        ),
    ] {
        let out = to_chat(&messages(from)).unwrap();
        assert_json(&member(&out, "messages"), expected, from);
    }
}

#[test]
fn tools_and_the_choice_among_them_are_translated() {
    let tool = r#""tools":[{"name":"f","description":"d","input_schema":{"type":"object"},
        "strict":true,"cache_control":{"type":"ephemeral"}}]"#;
    let tools = |choice: &str| format!(r#"{tool},"tool_choice":{choice}"#);
    for (members, name, expected) in [
        (
            tool.to_owned(),
            "tools",
            r#"[{"type":"function","function":{"name":"f","description":"d",
                "parameters":{"type":"object"},"strict":true}}]"#,
        ),
        (tools(r#"{"type":"auto"}"#), "tool_choice", r#""auto""#),
        (tools(r#"{"type":"any"}"#), "tool_choice", r#""required""#),
        (tools(r#"{"type":"none"}"#), "tool_choice", r#""none""#),
        (
            tools(r#"{"type":"tool","name":"f","disable_parallel_tool_use":true}"#),
            "tool_choice",
            r#"{"type":"function","function":{"name":"f"}}"#,
        ),
        (
            tools(r#"{"type":"auto","disable_parallel_tool_use":true}"#),
            "parallel_tool_calls",
            "false",
        ),
    ] {
        let out = to_chat(&with(&members)).unwrap();
        assert_json(&member(&out, name), expected, &members);
    }
}

#[test]
fn options_have_their_counterparts() {
    for (members, name, expected) in [
        (r#""stop_sequences":["a","b"]"#, "stop", r#"["a","b"]"#),
        (r#""temperature":0.7,"top_p":0.9"#, "temperature", "0.7"),
        (r#""metadata":{"user_id":"u1"}"#, "user", r#""u1""#),
        (
            r#""service_tier":"standard_only""#,
            "service_tier",
            r#""default""#,
        ),
        (
            r#""thinking":{"type":"enabled","budget_tokens":8000}"#,
            "reasoning_effort",
            r#""medium""#,
        ),
        (
            r#""thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#,
            "reasoning_effort",
            r#""max""#,
        ),
        (
            r#""thinking":{"type":"disabled"}"#,
            "reasoning_effort",
            "null",
        ),
        (
            r#""output_format":{"type":"json_schema","schema":{"type":"object"}}"#,
            "response_format",
            r#"{"type":"json_schema","json_schema":{"name":"answer",
                "schema":{"type":"object"}}}"#,
        ),
        (
            r#""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#,
            "response_format",
            r#"{"type":"json_schema","json_schema":{"name":"answer",
                "schema":{"type":"object"}}}"#,
        ),
    ] {
        let out = to_chat(&with(members)).unwrap();
        assert_json(&member(&out, name), expected, members);
    }
    let never = Target {
        may_reason: false,
        ..TARGET
    };
    let thinking = with(r#""thinking":{"type":"enabled","budget_tokens":8000}"#);
    let out = translated(Dialect::Anthropic, Dialect::OpenAi, &never, &thinking).unwrap();
    assert_eq!(member(&out, "reasoning_effort"), "null");
}

#[test]
fn a_schema_is_strict_only_where_openai_takes_it_so() {
    let closed = r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],
        "additionalProperties":false}"#;
    let open = closed.replace("false", "true");
    let optional = closed.replace(r#"["a"]"#, "[]");
    let within = |inner: &str| closed.replace(r#"{"type":"string"}"#, inner);
    let list = |inner: &str| within(&format!(r#"{{"type":"array","items":{inner}}}"#));
    let either = |inner: &str| within(&format!(r#"{{"anyOf":[{{"type":"null"}},{inner}]}}"#));
    let defined = |inner: &str| {
        closed.replace(
            r#""required""#,
            &format!(r#""$defs":{{"d":{inner}}},"required""#),
        )
    };
    for (schema, expected) in [
        (closed.to_owned(), "true"),
        (within(closed), "true"),
        (list(closed), "true"),
        (either(closed), "true"),
        (defined(closed), "true"),
        (open.clone(), "null"),
        (optional.clone(), "null"),
        (within(&optional), "null"),
        (list(&open), "null"),
        (either(&optional), "null"),
        (defined(&open), "null"),
        (within(r#"{"allOf":[]}"#), "null"),
        (within("true"), "null"),
        (within(r#"{"type":"string","format":"date-time"}"#), "true"),
        (within(r#"{"type":"string","format":"uuid"}"#), "true"),
        (within(r#"{"type":"string","format":"uri"}"#), "null"),
        (list(r#"{"type":"string","format":"binary"}"#), "null"),
        (within(r##"{"$ref":"#"}"##), "true"),
        (within(r##"{"$ref":"#","description":"the same"}"##), "null"),
        (r#"{"type":"object"}"#.to_owned(), "null"),
        (r#"{"type":"string"}"#.to_owned(), "null"),
    ] {
        let format =
            format!(r#""output_config":{{"format":{{"type":"json_schema","schema":{schema}}}}}"#);
        let out = to_chat(&with(&format)).unwrap();
        let format: Value = serde_json::from_str(&member(&out, "response_format")).unwrap();
        assert_eq!(
            format["json_schema"]["strict"].to_string(),
            expected,
            "{schema}"
        );
    }
}

#[test]
fn a_user_longer_than_openai_takes_is_left_out() {
    for (length, is_sent) in [(64, true), (65, false)] {
        let user = format!("\"{}\"", "ü".repeat(length));
        let out = to_chat(&with(&format!(r#""metadata":{{"user_id":{user}}}"#))).unwrap();
        let expected = if is_sent { user.as_str() } else { "null" };
        assert_eq!(member(&out, "user"), expected);
    }
}

#[test]
fn what_a_result_shows_is_the_users_after_all_results() {
    let image = r#"{"type":"image","source":{"type":"url","url":"https://x/y.png"}}"#;
    let from = format!(
        r#"{{"role":"assistant","content":[
             {{"type":"tool_use","id":"t1","name":"f","input":{{}}}},
             {{"type":"tool_use","id":"t2","name":"f","input":{{}}}}]}},
           {{"role":"user","content":[
             {{"type":"tool_result","tool_use_id":"t1","content":[{{"type":"text","text":"R"}},{image}]}},
             {{"type":"tool_result","tool_use_id":"t2","content":[{image}]}},
             {{"type":"text","text":"So?"}}]}}"#
    );
    let out = to_chat(&messages(&from)).unwrap();
    let all: Value = serde_json::from_str(&member(&out, "messages")).unwrap();
    let image = r#"{"type":"image_url","image_url":{"url":"https://x/y.png"}}"#;
    let expected = format!(
        r#"[{{"role":"tool","tool_call_id":"t1","content":"R"}},
            {{"role":"tool","tool_call_id":"t2","content":""}},
            {{"role":"user","content":[{image},{image},{{"type":"text","text":"So?"}}]}}]"#
    );
    let after = Value::from(all.as_array().unwrap()[1..].to_vec());
    assert_json(&after.to_string(), &expected, &from);
}

#[test]
fn results_of_several_turns_follow_their_calls_before_all_else() {
    let image = r#"{"type":"image","source":{"type":"url","url":"https://x/y.png"}}"#;
    let result = |call: &str, content: &str| {
        format!(r#"{{"type":"tool_result","tool_use_id":"{call}","content":{content}}}"#)
    };
    let user = |blocks: &str| format!(r#"{{"role":"user","content":[{blocks}]}}"#);
    let shown = user(&result("t1", &format!("[{image}]")));
    let said = user(r#"{"type":"text","text":"So?"}"#);
    let told = user(&result("t2", r#""R""#));
    let seen = r#"{"type":"image_url","image_url":{"url":"https://x/y.png"}}"#;
    let results = r#"{"role":"tool","tool_call_id":"t1","content":""},
        {"role":"tool","tool_call_id":"t2","content":"R"}"#;
    let after = r#"{"role":"assistant","content":"Yes"}"#;
    for (turns, expected) in [
        (
            vec![shown.as_str(), &told],
            format!(r#"[{results},{{"role":"user","content":[{seen}]}}]"#),
        ),
        (
            vec![&shown, &said, &told, after],
            format!(
                r#"[{results},{{"role":"user","content":[{seen},{{"type":"text","text":"So?"}}]}},
                   {after}]"#
            ),
        ),
        (
            vec![&told, after, &said],
            format!(
                r#"[{{"role":"tool","tool_call_id":"t2","content":"R"}},{after},
                   {{"role":"user","content":"So?"}}]"#
            ),
        ),
    ] {
        let out = to_chat(&messages(&turns.join(","))).unwrap();
        assert_json(&member(&out, "messages"), &expected, &turns.join(","));
    }
}

#[test]
fn where_proofs_are_wanted_the_first_call_of_each_turn_has_a_stand_in() {
    let turn = r#"{"role":"assistant","content":[
        {"type":"tool_use","id":"a","name":"f","input":{}},
        {"type":"tool_use","id":"b","name":"f","input":{}}]}"#;
    let body = messages(&[turn, turn].join(r#",{"role":"user","content":"Hi"},"#));
    let of = |replay: Replay| {
        let target = Target { replay, ..TARGET };
        let out = translated(Dialect::Anthropic, Dialect::OpenAi, &target, &body).unwrap();
        let all: Value = serde_json::from_str(&member(&out, "messages")).unwrap();
        [0, 2].map(|turn| {
            let calls = all[turn]["tool_calls"].as_array().unwrap();
            let proof = |call: &Value| call["extra_content"]["google"]["thought_signature"].clone();
            calls.iter().map(proof).collect::<Vec<_>>()
        })
    };
    let signed = vec!["skip_thought_signature_validator".into(), Value::Null];
    assert_eq!(of(Replay::Proofs), [signed.clone(), signed]);
    assert_eq!(
        of(Replay::Nothing),
        [vec![Value::Null; 2], vec![Value::Null; 2]]
    );
}

#[test]
fn what_was_thought_goes_back_to_a_provider_that_wants_to_see_it() {
    let turns = [
        r#"{"role":"user","content":"Hi"}"#,
        r#"{"role":"assistant","content":[
            {"type":"thinking","thinking":"Hm, \u00e9","signature":"keypurse"},
            {"type":"redacted_thinking","data":"x"},
            {"type":"thinking","thinking":"!","signature":"s"},{"type":"text","text":"A"},
            {"type":"tool_use","id":"c","name":"f","input":{}}]}"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}"#,
        r#"{"role":"assistant","content":[
            {"type":"tool_use","id":"d","name":"f","input":{}}]}"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"d","content":"2"}]}"#,
    ];
    let thought = |replay: Replay| {
        let target = Target { replay, ..TARGET };
        let body = messages(&turns.join(","));
        let out = translated(Dialect::Anthropic, Dialect::OpenAi, &target, &body).unwrap();
        let all: Vec<Value> = serde_json::from_str(&member(&out, "messages")).unwrap();
        assert_eq!((&all[1]["content"], all.len()), (&"A".into(), 5));
        let thought = all.iter().map(|message| message.get("reasoning_content"));
        thought.map(Option::<&Value>::cloned).collect::<Vec<_>>()
    };
    // An empty one tells that nothing was thought; without any they refuse.
    let told = [None, Some("Hm, é!".into()), None, Some("".into()), None];
    assert_eq!(thought(Replay::Reasoning), told);
    assert_eq!(thought(Replay::Nothing), [const { None }; 5]);
}

#[test]
fn a_system_prompt_is_the_first_message() {
    for (system, expected) in [
        (r#""A""#, r#"{"role":"system","content":"A"}"#),
        (
            r#"[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}}]"#,
            r#"{"role":"system","content":"A"}"#,
        ),
        (
            r#"[{"type":"text","text":"A"},{"type":"text","text":"B"}]"#,
            r#"{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}"#,
        ),
    ] {
        let out = to_chat(&with(&format!(r#""system":{system}"#))).unwrap();
        let expected = format!(r#"[{expected},{{"role":"user","content":"Hi"}}]"#);
        assert_json(&member(&out, "messages"), &expected, system);
    }
}

#[test]
fn blocks_in_blocks_in_blocks_are_refused() {
    let open = r#"{"type":"document","source":{"type":"content","content":["#;
    let nested = |levels: usize| {
        let inner = r#"{"type":"text","text":"A"}"#;
        let (open, close) = (open.repeat(levels), "]}}".repeat(levels));
        let body = messages(&format!(
            r#"{{"role":"user","content":[{open}{inner}{close}]}}"#
        ));
        to_chat(&body)
    };
    let out = nested(2).unwrap();
    let expected = r#"[{"role":"user","content":"A"}]"#;
    assert_json(&member(&out, "messages"), expected, "two levels");
    assert!(nested(50_000).is_err());
}

#[test]
fn what_has_no_counterpart_is_refused_by_name() {
    for (members, param) in [
        (r#""top_k":5"#, "top_k"),
        (r#""container":"c""#, "container"),
        (r#""mcp_servers":[{}]"#, "mcp_servers"),
        (r#""speed":"fast""#, "speed"),
        (r#""inference_geo":"us""#, "inference_geo"),
        (r#""service_tier":"priority""#, "service_tier"),
        (r#""something_new":1"#, "something_new"),
        (
            r#""tools":[{"type":"bash_20250124","name":"bash"}]"#,
            "tools[0].type",
        ),
        (
            r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#,
            "tools[0].type",
        ),
        (r#""tool_choice":{"type":"odd"}"#, "tool_choice.type"),
        (r#""output_config":{"odd":1}"#, "output_config.odd"),
        (r#""metadata":{"odd":1}"#, "metadata.odd"),
    ] {
        assert_eq!(to_chat(&with(members)), Err(param.to_owned()), "{members}");
    }
    for (block, param) in [
        (r#"{"type":"search_result"}"#, "messages[0].content[0].type"),
        (
            r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#,
            "messages[0].content[0].source.type",
        ),
        (
            r#"{"type":"tool_use","id":"a","name":"b","input":{}}"#,
            "messages[0].content",
        ),
        (r#"{"type":"text"}"#, "messages[0].content[0].text"),
    ] {
        let body = messages(&format!(r#"{{"role":"user","content":[{block}]}}"#));
        assert_eq!(to_chat(&body), Err(param.to_owned()), "{block}");
    }
}
