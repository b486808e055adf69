//! Requests for a response as chat requests.

use serde_json::Value;

use super::{TARGET, assert_json, member, translated};
use crate::translate::{Dialect, Replay, Target, Untranslatable};

fn to(provider: Dialect, body: &str) -> Result<String, Untranslatable> {
    let target = Target {
        model: match provider {
            Dialect::Gemini => "gemini-2.5-pro",
            Dialect::Anthropic => "claude-sonnet-4-5",
            _ => "m",
        },
        ..TARGET
    };
    translated(Dialect::Responses, provider, &target, body)
}

fn to_chat(body: &str) -> String {
    to(Dialect::OpenAi, body).unwrap()
}

/// A request with these items and members.
fn asked(input: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"model":"x","input":{input}{comma}{members}}}"#)
}

/// What a request with these items has as messages.
fn messages(input: &str) -> String {
    member(&to_chat(&asked(input, "")), "messages")
}

#[test]
fn everything_that_means_the_same_is_said_in_a_chats_words() {
    let body = asked(
        r#""Hi""#,
        r#""instructions":"Be brief.","stream":true,"max_output_tokens":9,"temperature":0.50,
        "top_p":1,"parallel_tool_calls":false,"reasoning":{"effort":"low","summary":"auto"},
        "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},
            "strict":true,"description":"d"},"verbosity":"low"},
        "tools":[{"type":"function","name":"f","description":"F","parameters":{"a":1.0},"strict":true}],
        "tool_choice":{"type":"function","name":"f"},"user":"u","service_tier":"flex",
        "store":false,"include":["reasoning.encrypted_content"],"truncation":"auto",
        "metadata":{"a":"b"},"prompt_cache_key":"k","max_tool_calls":3,"top_logprobs":0,
        "stream_options":{"include_obfuscation":false},"previous_response_id":null"#,
    );
    let expected = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},
        "max_tokens":4000,"temperature":0.50,"top_p":1,"parallel_tool_calls":false,
        "reasoning_effort":"low","user":"u","service_tier":"flex",
        "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],
        "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d",
            "schema":{"type":"object"},"strict":true}},
        "tools":[{"type":"function","function":{"name":"f","description":"F",
            "parameters":{"a":1.0},"strict":true}}],
        "tool_choice":{"type":"function","function":{"name":"f"}}}"#;
    let chat = to_chat(&body);
    assert_json(&chat, expected, &body);
    assert!(chat.contains(r#"{"a":1.0}"#), "{chat}");
}

#[test]
fn what_the_assistant_does_is_one_message_and_results_follow_it() {
    let input = r#"[{"role":"developer","content":"D"},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"U"},
            {"type":"input_image","image_url":"data:image/png;base64,AA","detail":"low"},
            {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AA"}]},
        {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"},
        {"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary",
            "content":[{"type":"output_text","text":"A","annotations":[],"logprobs":[]}]},
        {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"x\":1.0}","status":"completed"},
        {"type":"custom_tool_call","call_id":"c2","name":"patch","input":"*** \"é\"\n"},
        {"type":"function_call","call_id":"c3","name":"g","namespace":"ns","arguments":""},
        {"type":"function_call_output","call_id":"c1","output":"R"},
        {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"S"},
            {"type":"input_image","image_url":"https://a/b.png"}]},
        {"type":"function_call_output","call_id":"c3","output":"T"},
        {"role":"user","content":"More"}]"#;
    let expected = r#"[{"role":"system","content":"D"},
        {"role":"user","content":[{"type":"text","text":"U"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA"}}]},
        {"role":"assistant","content":"A","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
            {"id":"c2","type":"function","function":{"name":"patch","arguments":"{\"input\":\"*** \\\"é\\\"\\n\"}"}},
            {"id":"c3","type":"function","function":{"name":"ns__g","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"R"},
        {"role":"tool","tool_call_id":"c2","content":"S"},
        {"role":"tool","tool_call_id":"c3","content":"T"},
        {"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}},
            {"type":"text","text":"More"}]}]"#;
    assert_json(&messages(input), expected, input);
}

#[test]
fn reasoning_of_another_server_says_nothing() {
    let input = r#"[{"role":"user","content":"U"},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAAA"},
        {"role":"user","content":"V"}]"#;
    let expected = r#"[{"role":"user","content":"U"},{"role":"user","content":"V"}]"#;
    assert_json(&messages(input), expected, input);
}

#[test]
fn proofs_come_back_to_whoever_made_them() {
    let blocks =
        r#"{\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":\"T\",\"signature\":\"s\"}]}"#;
    let reasoning = |encrypted: &str| {
        format!(
            r#"{{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"{encrypted}"}}"#
        )
    };
    let call = |id: &str| {
        format!(r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":"{{}}"}}"#)
    };
    let result = r#"{"type":"function_call_output","call_id":"c1","output":"R"}"#;
    let thought = reasoning(blocks);
    let input = format!(
        r#"[{{"role":"user","content":"U"}},{thought},{},{thought},{},{result}]"#,
        call("c1"),
        call("c2")
    );
    let anthropic = to(Dialect::Anthropic, &asked(&input, "")).unwrap();
    let thinking = r#"{"type":"thinking","thinking":"T","signature":"s"}"#;
    let tool_use =
        |id: &str| format!(r#"{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}"#);
    let expected = format!(
        r#"[{{"role":"user","content":[{{"type":"text","text":"U"}}]}},
        {{"role":"assistant","content":[{thinking},{},{thinking},{}]}},
        {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c1","content":[{{"type":"text","text":"R"}}]}}]}}]"#,
        tool_use("c1"),
        tool_use("c2")
    );
    assert_json(&member(&anthropic, "messages"), &expected, &input);

    let signed = reasoning(r#"{\"thought_signature\":\"sig\"}"#);
    let input = format!(
        r#"[{{"role":"user","content":"U"}},{signed},{},{},{result}]"#,
        call("c1"),
        call("c2")
    );
    let gemini = to(Dialect::Gemini, &asked(&input, "")).unwrap();
    assert_eq!(
        gemini.matches(r#""thoughtSignature":"sig""#).count(),
        1,
        "{gemini}"
    );
    // A provider of chats gets neither.
    for input in [&input, &format!("[{thought},{}]", call("c1"))] {
        let chat = to_chat(&asked(input, ""));
        assert!(
            !chat.contains("thinking") && !chat.contains("sig\""),
            "{chat}"
        );
    }
}

#[test]
fn every_kind_of_tool_is_a_function() {
    let body = asked(
        r#"[{"role":"user","content":"U"},
            {"type":"additional_tools","role":"developer","tools":[{"type":"function","name":"late","parameters":null}]}]"#,
        r#""tools":[
            {"type":"custom","name":"patch","description":"Patches.","format":{"type":"grammar","syntax":"lark","definition":"start: a"}},
            {"type":"namespace","name":"ns","description":"N","tools":[
                {"type":"function","name":"f","parameters":{"type":"object"},"defer_loading":true},
                {"type":"custom","name":"c","format":{"type":"text"}}]}],
        "tool_choice":{"type":"custom","name":"patch"}"#,
    );
    let one_text = r#"{"type":"object","properties":{"input":{"type":"string"}},
        "required":["input"],"additionalProperties":false}"#;
    let function = |members: &str| format!(r#"{{"type":"function","function":{{{members}}}}}"#);
    let expected = [
        function(&format!(
            r#""name":"patch","parameters":{one_text},
            "description":"Patches.\n\nThe input has to fit this lark grammar:\nstart: a""#
        )),
        function(r#""name":"ns__f","parameters":{"type":"object"}"#),
        function(&format!(r#""name":"ns__c","parameters":{one_text}"#)),
        function(r#""name":"late""#),
    ];
    let chat = to_chat(&body);
    assert_json(
        &member(&chat, "tools"),
        &format!("[{}]", expected.join(",")),
        &body,
    );
    assert_json(
        &member(&chat, "tool_choice"),
        r#"{"type":"function","function":{"name":"patch"}}"#,
        &body,
    );
}

#[test]
fn only_allowed_tools_are_told() {
    let tools = r#""tools":[{"type":"function","name":"f"},{"type":"custom","name":"g"},
        {"type":"function","name":"h"}]"#;
    let allowed = r#""tool_choice":{"type":"allowed_tools","mode":"required",
        "tools":[{"type":"function","name":"f"},{"type":"custom","name":"g"}]}"#;
    let chat = to_chat(&asked(r#""Hi""#, &format!("{tools},{allowed}")));
    assert_eq!(member(&chat, "tool_choice"), r#""required""#);
    assert!(chat.contains(r#""name":"f""#) && chat.contains(r#""name":"g""#));
    assert!(!chat.contains(r#""name":"h""#), "{chat}");
    for word in ["auto", "none", "required"] {
        let chosen = format!(r#"{tools},"tool_choice":"{word}""#);
        let chat = to_chat(&asked(r#""Hi""#, &chosen));
        assert_eq!(member(&chat, "tool_choice"), format!("\"{word}\""));
    }
    // Without tools there is nothing to choose.
    let chat = to_chat(&asked(r#""Hi""#, r#""tool_choice":"auto","tools":[]"#));
    assert!(!chat.contains("tool"), "{chat}");
}

/// Members that are refused, and what of them.
const REFUSED_MEMBERS: [(&str, &str); 18] = [
    (r#""previous_response_id":"resp_1""#, "previous_response_id"),
    (r#""conversation":"conv_1""#, "conversation"),
    (r#""prompt":{"id":"p"}"#, "prompt"),
    (r#""store":true"#, "store"),
    (r#""include":["message.output_text.logprobs"]"#, "include"),
    (r#""top_logprobs":2"#, "top_logprobs"),
    (r#""tools":[{"type":"local_shell"}]"#, "tools[0].type"),
    (r#""tools":[{"type":"function"}]"#, "tools[0].name"),
    (
        r#""tools":[{"type":"namespace","name":"n","unheard_of":1}]"#,
        "tools[0].unheard_of",
    ),
    (
        r#""tools":[{"type":"namespace","tools":[]}]"#,
        "tools[0].name",
    ),
    (
        r#""tools":[{"type":"function","name":"a__f"},
            {"type":"namespace","name":"a","tools":[{"type":"function","name":"f"}]}]"#,
        "tools[1].tools[0].name",
    ),
    (r#""tool_choice":"always""#, "tool_choice"),
    (r#""tool_choice":{"type":"mcp"}"#, "tool_choice.type"),
    (
        r#""tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools",
            "mode":"required","tools":[{"type":"function","name":"g"}]}"#,
        "tool_choice.tools",
    ),
    (
        r#""reasoning":{"effort":"low","mode":"pro"}"#,
        "reasoning.mode",
    ),
    (
        r#""text":{"format":{"type":"grammar"}}"#,
        "text.format.type",
    ),
    (r#""unheard_of":1"#, "unheard_of"),
    (r#""max_output_tokens":9,"n":2"#, "n"),
];

/// Items that are refused, and what of them.
const REFUSED_ITEMS: [(&str, &str); 13] = [
    (r#"{"type":"item_reference","id":"rs_1"}"#, "type"),
    (r#"{"id":"rs_1"}"#, "type"),
    (r#"{"type":"web_search_call","id":"ws"}"#, "type"),
    (r#"{"role":"tool","content":"x"}"#, "role"),
    (r#"{"type":"function_call","name":"f"}"#, "call_id"),
    (
        r#"{"type":"function_call_output","call_id":"c","output":""}"#,
        "call_id",
    ),
    (
        r#"{"role":"developer","content":[{"type":"input_image","image_url":"https://a"}]}"#,
        "content",
    ),
    (
        r#"{"role":"user","content":[{"type":"input_image","file_id":"f"}]}"#,
        "content[0].file_id",
    ),
    (
        r#"{"role":"user","content":[{"type":"input_image"}]}"#,
        "content[0].image_url",
    ),
    (
        r#"{"role":"user","content":[{"type":"input_file","file_url":"https://a"}]}"#,
        "content[0].file_url",
    ),
    (
        r#"{"role":"user","content":[{"type":"input_file"}]}"#,
        "content[0].file_data",
    ),
    (
        r#"{"role":"user","content":[{"type":"input_audio"}]}"#,
        "content[0].type",
    ),
    (r#"{"role":"user"}"#, "content"),
];

#[test]
fn what_a_chat_cannot_say_is_refused_by_name() {
    let refused = |body: &str| to(Dialect::OpenAi, body).expect_err(body).param;
    for (members, param) in REFUSED_MEMBERS {
        assert_eq!(refused(&asked(r#""Hi""#, members)), param, "{members}");
    }
    for (item, param) in REFUSED_ITEMS {
        let param = format!("input[0].{param}");
        assert_eq!(refused(&asked(&format!("[{item}]"), "")), param, "{item}");
    }
    for input in ["7", "[]"] {
        assert_eq!(refused(&asked(input, "")), "input", "{input}");
    }
    assert_eq!(refused(r#"{"model":"m"}"#), "input");
}

#[test]
fn results_stand_behind_their_calls_wherever_they_come() {
    let call = |id: &str| {
        format!(r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":""}}"#)
    };
    let result = |id: &str, text: &str| {
        format!(r#"{{"type":"function_call_output","call_id":"{id}","output":"{text}"}}"#)
    };
    let note = r#"{"role":"user","content":"N"}"#;
    // An id may be used again.
    let items = [
        call("c1"),
        call("c2"),
        result("c2", "2"),
        note.to_owned(),
        result("c1", "1"),
        call("c1"),
        result("c1", "3"),
    ];
    let input = format!("[{}]", items.join(","));
    let call = |id: &str| {
        format!(r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}"#)
    };
    let expected = format!(
        r#"[{{"role":"assistant","content":null,"tool_calls":[{},{}]}},
        {{"role":"tool","tool_call_id":"c2","content":"2"}},
        {{"role":"tool","tool_call_id":"c1","content":"1"}},{note},
        {{"role":"assistant","content":null,"tool_calls":[{}]}},
        {{"role":"tool","tool_call_id":"c1","content":"3"}}]"#,
        call("c1"),
        call("c2"),
        call("c1")
    );
    assert_json(&messages(&input), &expected, &input);
}

#[test]
fn thoughts_that_led_to_nothing_are_left_out() {
    let thought = r#"{"type":"reasoning","summary":[],"encrypted_content":
        "{\"thinking_blocks\":[{\"type\":\"redacted_thinking\",\"data\":\"d\"}]}"}"#;
    let said = r#"{"role":"assistant","content":"A"}"#;
    let user = r#"{"role":"user","content":"U"}"#;
    let input = format!("[{user},{thought},{user},{thought},{said},{thought},{user}]");
    let body = to(Dialect::Anthropic, &asked(&input, "")).unwrap();
    assert_eq!(body.matches("redacted_thinking").count(), 1, "{body}");
}

#[test]
fn a_long_name_is_shortened_and_tells_tools_apart() {
    let tools = |name: &str| {
        format!(
            r#""tools":[{{"type":"namespace","name":"{}","tools":[{{"type":"function","name":"{name}"}},
            {{"type":"function","name":"b{name}"}}]}}]"#,
            "n".repeat(50)
        )
    };
    let chat = to_chat(&asked(r#""Hi""#, &tools(&"f".repeat(60))));
    let chat: serde_json::Value = serde_json::from_str(&chat).unwrap();
    let name = |at: usize| chat["tools"][at]["function"]["name"].as_str().unwrap();
    assert_eq!((name(0).len(), name(1).len()), (64, 64));
    assert_ne!(name(0), name(1));
    let refused = to(Dialect::OpenAi, &asked(r#""Hi""#, &tools(&"f".repeat(300))));
    assert_eq!(refused.unwrap_err().param, "tools[0].tools[0].name");
}

#[test]
fn a_refusal_of_the_chat_is_about_what_the_client_wrote() {
    let part = r#"[{"role":"user","content":[{"type":"input_file","file_data":"x"}]}]"#;
    for (body, param) in [
        (asked(part, ""), "input"),
        (
            asked(r#""Hi""#, r#""reasoning":{"effort":"huge"}"#),
            "reasoning.effort",
        ),
    ] {
        let refused = to(Dialect::Anthropic, &body).expect_err(&body);
        assert_eq!(refused.param, param);
    }
}

#[test]
fn a_named_prompt_is_cached_by_anthropic_alone() {
    let body = asked(r#""Hi""#, r#""instructions":"S","prompt_cache_key":"k""#);
    let anthropic = to(Dialect::Anthropic, &body).unwrap();
    assert_eq!(anthropic.matches("ephemeral").count(), 2, "{anthropic}");
    for provider in [Dialect::OpenAi, Dialect::Gemini] {
        let other = to(provider, &body).unwrap();
        assert!(!other.contains("cache"), "{other}");
    }
}

#[test]
fn a_tool_is_chosen_by_kind_namespace_and_name() {
    let tools = r#""tools":[
        {"type":"namespace","name":"srv","tools":[{"type":"function","name":"ping"},{"type":"custom","name":"only"}]},
        {"type":"function","name":"ping"},{"type":"custom","name":"look"}]"#;
    let chosen = |choice: &str| {
        let body = asked(r#""Hi""#, &format!(r#"{tools},"tool_choice":{choice}"#));
        to_chat(&body)
    };
    for (choice, called) in [
        (r#"{"type":"function","name":"ping"}"#, "ping"),
        (
            r#"{"type":"function","name":"ping","namespace":"srv"}"#,
            "srv__ping",
        ),
        (r#"{"type":"custom","name":"only"}"#, "srv__only"),
    ] {
        let expected = format!(r#"{{"type":"function","function":{{"name":"{called}"}}}}"#);
        assert_json(&member(&chosen(choice), "tool_choice"), &expected, choice);
    }
    for (allowed, count) in [
        (r#"{"type":"function","name":"ping"}"#, 1),
        (r#"{"type":"function","name":"look"}"#, 0),
        (r#"{"type":"namespace","name":"srv"}"#, 2),
        (r#"{"type":"function","name":"ping","namespace":"srv"}"#, 1),
    ] {
        let choice = format!(r#"{{"type":"allowed_tools","mode":"auto","tools":[{allowed}]}}"#);
        let told = chosen(&choice).matches(r#""type":"function""#).count();
        assert_eq!(told, count, "{allowed}");
    }
}

#[test]
fn what_is_said_behind_a_call_stays_behind_it() {
    let call = |id: &str| {
        format!(r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":"{{}}"}}"#)
    };
    let said = |text: &str| format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let output =
        |id: &str| format!(r#"{{"type":"function_call_output","call_id":"{id}","output":"R"}}"#);
    let items = [
        said("a"),
        call("c1"),
        said("b"),
        call("c2"),
        output("c1"),
        output("c2"),
    ];
    let body = to(
        Dialect::Anthropic,
        &asked(&format!("[{}]", items.join(",")), ""),
    )
    .unwrap();
    let places: Vec<_> = [
        r#""a""#,
        r#""id":"c1""#,
        r#""b""#,
        r#""id":"c2""#,
        "tool_result",
    ]
    .iter()
    .map(|mark| body.find(mark).unwrap_or_else(|| panic!("{mark}: {body}")))
    .collect();
    assert!(places.is_sorted(), "{body}");
    assert_eq!(body.matches(r#""role":"assistant""#).count(), 1);
}

#[test]
fn what_was_thought_goes_back_to_a_provider_that_wants_to_see_it() {
    let call = |id: &str| {
        format!(
            r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":"{{}}"}},
            {{"type":"function_call_output","call_id":"{id}","output":"1"}}"#
        )
    };
    let summary = r#"{"type":"reasoning","id":"rs_1","encrypted_content":null,
        "summary":[{"type":"summary_text","text":"Hm, "},{"type":"summary_text","text":"\u00e9"}]}"#;
    let shown = r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"short"}],
        "content":[{"type":"reasoning_text","text":"long"}]}"#;
    let (a, b, c) = (call("a"), call("b"), call("c"));
    let input = format!(r#"[{{"role":"user","content":"Hi"}},{summary},{a},{shown},{b},{c}]"#);
    let thought = |replay: Replay| {
        let target = Target { replay, ..TARGET };
        let body = asked(&input, "");
        let out = translated(Dialect::Responses, Dialect::OpenAi, &target, &body).unwrap();
        let all: Vec<Value> = serde_json::from_str(&member(&out, "messages")).unwrap();
        let assistant = all.iter().filter(|message| message["role"] == "assistant");
        let thought = assistant.map(|message| message.get("reasoning_content"));
        thought.map(Option::<&Value>::cloned).collect::<Vec<_>>()
    };
    let told = ["Hm, é", "long", ""].map(|text| Some(Value::from(text)));
    assert_eq!(thought(Replay::Reasoning), told);
    assert_eq!(thought(Replay::Nothing), [const { None }; 3]);
}
