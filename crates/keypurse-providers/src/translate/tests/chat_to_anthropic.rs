use super::{TARGET, assert_json, chat, member, messages, translated};
use crate::translate::{Dialect, Target};

fn to_anthropic(body: &str) -> Result<String, String> {
    translated(Dialect::OpenAi, Dialect::Anthropic, &TARGET, body)
        .map_err(|refused| refused.param.into_owned())
}

#[test]
fn a_plain_chat_is_a_plain_message() {
    assert_json(
        &to_anthropic(&chat("")).unwrap(),
        r#"{"model":"claude-sonnet-4-5","max_tokens":4000,
            "messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#,
        "a plain chat",
    );
}

#[test]
fn roles_take_turns_and_systems_go_first() {
    for (from, system, turns) in [
        (
            r#"{"role":"system","content":"A"},{"role":"user","content":"B"},
               {"role":"developer","content":[{"type":"text","text":"C"}]},
               {"role":"user","content":"D"}"#,
            r#"[{"type":"text","text":"A"},{"type":"text","text":"C"}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"B"},{"type":"text","text":"D"}]}]"#,
        ),
        (
            r#"{"role":"user","content":"A"},{"role":"assistant","content":""},
               {"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"B"}]}"#,
            "null",
            r#"[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]"#,
        ),
        (
            r#"{"role":"user","content":"A"},{"role":"assistant","content":"B","refusal":null},
               {"role":"assistant","refusal":"No"},{"role":"user","content":"C","name":"Ann"}"#,
            "null",
            r#"[{"role":"user","content":[{"type":"text","text":"A"}]},
                {"role":"assistant","content":[{"type":"text","text":"B"},{"type":"text","text":"No"}]},
                {"role":"user","content":[{"type":"text","text":"C"}]}]"#,
        ),
    ] {
        let out = to_anthropic(&messages(from)).unwrap();
        assert_json(&member(&out, "messages"), turns, from);
        assert_json(&member(&out, "system"), system, from);
    }
}

#[test]
fn parallel_calls_and_their_results_are_one_turn_each() {
    let out = to_anthropic(&messages(
        r#"{"role":"user","content":"Weather?"},
           {"role":"assistant","content":null,"tool_calls":[
             {"id":"c1","type":"function","function":{"name":"get","arguments":" {\"a\": 1.50}\n"}},
             {"id":"c2","type":"function","function":{"name":"now","arguments":""}}]},
           {"role":"tool","tool_call_id":"c1","content":"Rain \u00fc"},
           {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"Noon"}]},
           {"role":"user","content":"So?"}"#,
    ))
    .unwrap();
    // Not compared as values: numbers keep every digit.
    assert!(out.contains(r#""input":{"a": 1.50}"#), "{out}");
    let out = out.replace("1.50", "1");
    assert_json(
        &member(&out, "messages"),
        r#"[{"role":"user","content":[{"type":"text","text":"Weather?"}]},
            {"role":"assistant","content":[
                {"type":"tool_use","id":"c1","name":"get","input":{"a":1}},
                {"type":"tool_use","id":"c2","name":"now","input":{}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"Rain ü"}]},
                {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"Noon"}]},
                {"type":"text","text":"So?"}]}]"#,
        "tools",
    );
}

#[test]
fn calls_and_results_say_what_is_to_be_cached() {
    let out = to_anthropic(&messages(
        r#"{"role":"user","content":"A","cache_control":{"type":"ephemeral"}},
           {"role":"assistant","content":"","tool_calls":[
             {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},
              "cache_control":{"type":"ephemeral"}},
             {"id":"c2","type":"function","function":{"name":"g","arguments":"{}"},
              "cache_control":null}]},
           {"role":"tool","tool_call_id":"c1","content":"B",
            "cache_control":{"type":"ephemeral","ttl":"1h"}},
           {"role":"tool","tool_call_id":"c2","cache_control":{"type":"ephemeral"},
            "content":[{"type":"text","text":"C"}]}"#,
    ));
    assert_json(
        &member(&out.unwrap(), "messages"),
        r#"[{"role":"user","content":[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}}]},
            {"role":"assistant","content":[
                {"type":"tool_use","id":"c1","name":"f","input":{},"cache_control":{"type":"ephemeral"}},
                {"type":"tool_use","id":"c2","name":"g","input":{}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"B"}],
                 "cache_control":{"type":"ephemeral","ttl":"1h"}},
                {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"C"}],
                 "cache_control":{"type":"ephemeral"}}]}]"#,
        "cache_control",
    );
}

#[test]
fn what_other_gateways_leave_in_a_history_is_left_out() {
    let history = |left: &str, of_message: &str| {
        messages(&format!(
            r#"{{"role":"user","content":"A"{left}}},
               {{"role":"assistant","content":"B"{left}{of_message},"tool_calls":[
                 {{"id":"c","type":"function","function":{{"name":"f","arguments":"{{}}"{left}}}{left}}}]}},
               {{"role":"tool","tool_call_id":"c","content":"C"{left}}}"#
        ))
    };
    let left = r#","provider_specific_fields":{"thought_signature":"s"}"#;
    let of_message = r#","reasoning_details":[{"type":"reasoning.text","text":"Hm"}]"#;
    let plain = to_anthropic(&history("", ""));
    assert!(plain.is_ok(), "{plain:?}");
    assert_eq!(to_anthropic(&history(left, of_message)), plain);
}

#[test]
fn images_and_documents_keep_their_bytes_and_addresses() {
    for (part, expected) in [
        (
            r#"{"type":"image_url","image_url":{"url":"data:image/jpg;base64,aGk=","detail":"low"}}"#,
            r#"{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aGk="}}"#,
        ),
        (
            r#"{"type":"image_url","image_url":"https://x/y.png"}"#,
            r#"{"type":"image","source":{"type":"url","url":"https://x/y.png"}}"#,
        ),
        (
            r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="}}"#,
            r#"{"type":"document","title":"a.pdf",
                "source":{"type":"base64","media_type":"application/pdf","data":"aGk="}}"#,
        ),
        (
            r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}"#,
            r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}"#,
        ),
    ] {
        let out = to_anthropic(&messages(&format!(
            r#"{{"role":"user","content":[{part}]}}"#
        )));
        let content = member(&out.unwrap(), "messages");
        let expected = format!(r#"[{{"role":"user","content":[{expected}]}}]"#);
        assert_json(&content, &expected, part);
    }
}

#[test]
fn tools_and_the_choice_among_them_are_translated() {
    let tool = r#""tools":[{"type":"function","function":{"name":"f","description":"d",
        "parameters":{"type":"object","maximum":12345678901234567890123},"strict":false}},
        {"type":"function","function":{"name":"s","parameters":{"type":"object","properties":{
            "a":{"type":"integer","minimum":1}}},"strict":true}},
        {"type":"function","function":{"name":"e","parameters":{}}},
        {"type":"function","function":{"name":"g","strict":null}}]"#;
    let out = to_anthropic(&chat(tool)).unwrap();
    assert!(out.contains(r#"{"type":"object","maximum":12345678901234567890123}"#));
    assert_json(
        &member(&out.replace("12345678901234567890123", "1"), "tools"),
        r#"[{"name":"f","description":"d","input_schema":{"type":"object","maximum":1}},
            {"name":"s","input_schema":{"type":"object","properties":{"a":{"type":"integer",
                "description":"(minimum: 1)"}},"additionalProperties":false},"strict":true},
            {"name":"e","input_schema":{"type":"object","properties":{}}},
            {"name":"g","input_schema":{"type":"object","properties":{}}}]"#,
        tool,
    );
    for (choice, expected) in [
        ("", "null"),
        (r#","tool_choice":"auto""#, r#"{"type":"auto"}"#),
        (
            r#","tool_choice":"none","parallel_tool_calls":false"#,
            r#"{"type":"none"}"#,
        ),
        (r#","tool_choice":"required""#, r#"{"type":"any"}"#),
        (
            r#","tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":true"#,
            r#"{"type":"tool","name":"f"}"#,
        ),
        (
            r#","parallel_tool_calls":false"#,
            r#"{"type":"auto","disable_parallel_tool_use":true}"#,
        ),
    ] {
        let out = to_anthropic(&chat(&format!("{tool}{choice}"))).unwrap();
        assert_json(&member(&out, "tool_choice"), expected, choice);
    }
}

#[test]
fn options_have_their_counterparts() {
    for (members, name, expected) in [
        (r#""temperature":0.70"#, "temperature", "0.7"),
        (r#""top_p":0.9,"top_k":5"#, "top_k", "5"),
        (r#""stop":"END""#, "stop_sequences", r#"["END"]"#),
        (r#""stop":["a","b"]"#, "stop_sequences", r#"["a","b"]"#),
        (r#""stop":null"#, "stop_sequences", "null"),
        (r#""user":"u1""#, "metadata", r#"{"user_id":"u1"}"#),
        (
            r#""user":"u1","safety_identifier":"s""#,
            "metadata",
            r#"{"user_id":"u1"}"#,
        ),
        (
            r#""service_tier":"default""#,
            "service_tier",
            r#""standard_only""#,
        ),
        (r#""service_tier":"auto""#, "service_tier", "null"),
        (
            r#""stream":true,"stream_options":{"include_usage":true}"#,
            "stream",
            "true",
        ),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
                "schema":{"type":"object"}}}"#,
            "output_config",
            r#"{"format":{"type":"json_schema",
                "schema":{"type":"object","additionalProperties":false}}}"#,
        ),
        (
            r#""response_format":{"type":"json_object"}"#,
            "system",
            r#"[{"type":"text","text":"Answer with one JSON object alone, without a code fence."}]"#,
        ),
        (
            r#""response_format":{"type":"text"}"#,
            "output_config",
            "null",
        ),
        (
            r#""n":1,"seed":4,"presence_penalty":0.0,"frequency_penalty":-0e9"#,
            "n",
            "null",
        ),
        (
            r#""logprobs":false,"top_logprobs":null,"logit_bias":{},"store":false"#,
            "store",
            "null",
        ),
        (
            r#""modalities":["text"],"metadata":{"a":"b"},"verbosity":"low""#,
            "metadata",
            "null",
        ),
    ] {
        let out = to_anthropic(&chat(members)).unwrap();
        assert_json(&member(&out, name), expected, members);
    }
}

const HIGH: &str = r#""reasoning_effort":"high""#;
const HIGH_AND_FORCED: &str = r#""reasoning_effort":"high","tool_choice":"required",
    "tools":[{"type":"function","function":{"name":"f"}}]"#;

/// What a request to a model says of thinking and effort.
fn assert_thinks(model: &str, output_limit: u64, members: &str, thinking: &str, config: &str) {
    let target = Target {
        model,
        output_limit,
        ..TARGET
    };
    let out = translated(Dialect::OpenAi, Dialect::Anthropic, &target, &chat(members)).unwrap();
    let of = format!("{model} {output_limit} {members}");
    assert_json(&member(&out, "thinking"), thinking, &of);
    assert_json(&member(&out, "output_config"), config, &of);
}

#[test]
fn newer_models_take_an_effort() {
    let medium = r#""reasoning_effort":"medium""#;
    let none = r#""reasoning_effort":"none""#;
    let adaptive = r#"{"type":"adaptive"}"#;
    for (members, thinking, config) in [
        (medium, adaptive, r#"{"effort":"medium"}"#),
        (HIGH_AND_FORCED, adaptive, r#"{"effort":"high"}"#),
        (none, r#"{"type":"disabled"}"#, "null"),
    ] {
        assert_thinks("claude-opus-5-5", 100, members, thinking, config);
    }
}

#[test]
fn earlier_models_take_a_budget_where_it_fits() {
    let own = r#""thinking":{"type":"enabled","budget_tokens":1500}"#;
    for (limit, members, thinking) in [
        (64_000, HIGH, r#"{"type":"enabled","budget_tokens":24576}"#),
        (4000, HIGH, r#"{"type":"enabled","budget_tokens":2000}"#),
        (2000, HIGH, "null"),
        (4000, HIGH_AND_FORCED, "null"),
        (4000, own, r#"{"type":"enabled","budget_tokens":1500}"#),
    ] {
        assert_thinks("claude-sonnet-4-5", limit, members, thinking, "null");
    }
    assert_thinks("claude-3-5-haiku-latest", 4000, HIGH, "null", "null");
}

#[test]
fn how_tokens_are_picked_goes_before_thinking_that_excludes_it() {
    let budget = r#"{"type":"enabled","budget_tokens":2000}"#;
    let adaptive = r#"{"type":"adaptive"}"#;
    let effort = r#"{"effort":"high"}"#;
    for (sampling, thinks) in [
        (r#""temperature":0.5"#, false),
        (r#""temperature":1.0"#, true),
        (r#""top_p":0.9"#, false),
        (r#""top_p":0.95"#, true),
        (r#""top_k":40"#, false),
    ] {
        let members = format!("{HIGH},{sampling}");
        let of = |thinking| if thinks { thinking } else { "null" };
        assert_thinks("claude-sonnet-4-5", 4000, &members, of(budget), "null");
        assert_thinks("claude-opus-4-6", 4000, &members, of(adaptive), effort);
    }
}

#[test]
fn models_are_sent_no_sampling_that_they_refuse() {
    let all = r#""temperature":0.1,"top_p":0.9,"top_k":5"#;
    for (model, expected) in [
        ("claude-sonnet-4-20250514", ["0.1", "0.9", "5"]),
        ("claude-opus-4-1", ["0.1", "null", "5"]),
        ("claude-opus-4-6", ["0.1", "null", "5"]),
        ("claude-opus-4-7", ["null"; 3]),
        ("claude-sonnet-5", ["null"; 3]),
    ] {
        let target = Target { model, ..TARGET };
        let out = translated(Dialect::OpenAi, Dialect::Anthropic, &target, &chat(all)).unwrap();
        let sent = ["temperature", "top_p", "top_k"].map(|name| member(&out, name));
        assert_eq!(sent, expected, "{model}");
    }
    let top_p = translated(
        Dialect::OpenAi,
        Dialect::Anthropic,
        &TARGET,
        &chat(r#""top_p":0.9"#),
    );
    assert_eq!(member(&top_p.unwrap(), "top_p"), "0.9");
}

#[test]
fn an_efforts_level_is_one_the_model_has() {
    let highest = r#""reasoning_effort":"xhigh""#;
    let adaptive = r#"{"type":"adaptive"}"#;
    for (model, level) in [("claude-opus-4-6", "high"), ("claude-opus-4-7", "xhigh")] {
        let effort = format!(r#"{{"effort":"{level}"}}"#);
        assert_thinks(model, 4000, highest, adaptive, &effort);
    }
}

#[test]
fn ids_of_calls_are_ones_that_anthropic_takes() {
    let out = to_anthropic(&messages(
        r#"{"role":"user","content":"A"},
           {"role":"assistant","tool_calls":[{"id":"functions.now:0","type":"function",
             "function":{"name":"now","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"functions.now:0","content":"Noon"}"#,
    ));
    let out = out.unwrap();
    assert!(out.contains(r#""id":"functions_now_0""#), "{out}");
    assert!(out.contains(r#""tool_use_id":"functions_now_0""#), "{out}");
}

#[test]
fn what_clients_keep_of_an_answers_part_is_left_out() {
    let out = to_anthropic(&messages(
        r#"{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text",
           "text":"B","role":"assistant","refusal":null,"annotations":[]}]}"#,
    ));
    assert_json(
        &member(&out.unwrap(), "messages"),
        r#"[{"role":"user","content":[{"type":"text","text":"A"}]},
            {"role":"assistant","content":[{"type":"text","text":"B"}]}]"#,
        "parts of an answer",
    );
}

#[test]
fn signed_thinking_goes_back_as_it_came() {
    let with = |blocks: &str| {
        to_anthropic(&format!(
            r#"{{"model":"m","reasoning_effort":"high","messages":[{{"role":"user","content":"A"}},
            {{"role":"assistant",{blocks}"tool_calls":[{{"id":"c","type":"function",
                "function":{{"name":"f","arguments":"{{}}"}}}}]}},
            {{"role":"tool","tool_call_id":"c","content":"B"}}]}}"#
        ))
        .unwrap()
    };
    let signed = with(
        r#""reasoning_content":"Hm","thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":"s"}],"#,
    );
    assert!(signed.contains(
        r#""content":[{"type":"thinking","thinking":"Hm","signature":"s"},{"type":"tool_use""#
    ));
    assert_ne!(member(&signed, "thinking"), "null");
    let numbered =
        r#""thinking_blocks":[{"index":0,"type":"thinking","thinking":"Hm","signature":"s"}],"#;
    assert_eq!(with(numbered), signed);
    // Without its proof the turn cannot go on thinking.
    assert_eq!(member(&with(""), "thinking"), "null");
}

fn assert_refused(body: &str, param: &str) {
    assert_eq!(to_anthropic(body), Err(param.to_owned()), "{body}");
}

#[test]
fn options_without_a_counterpart_are_refused_by_name() {
    for (members, param) in [
        (r#""n":2"#, "n"),
        (r#""temperature":1.1"#, "temperature"),
        (r#""temperature":"hot""#, "temperature"),
        (r#""presence_penalty":0.1"#, "presence_penalty"),
        (r#""frequency_penalty":-1e-3"#, "frequency_penalty"),
        (r#""logprobs":true"#, "logprobs"),
        (r#""logit_bias":{"1":2}"#, "logit_bias"),
        (
            r#""response_format":{"type":"grammar"}"#,
            "response_format.type",
        ),
        (r#""modalities":["text","audio"]"#, "modalities"),
        (r#""audio":{"voice":"a"}"#, "audio"),
        (r#""store":true"#, "store"),
        (r#""service_tier":"flex""#, "service_tier"),
        (r#""reasoning_effort":"huge""#, "reasoning_effort"),
        (r#""functions":[]"#, "functions"),
        (r#""web_search_options":{}"#, "web_search_options"),
        (
            r#""tools":[{"type":"custom","custom":{"name":"x"}}]"#,
            "tools[0].type",
        ),
        (
            r#""tools":[{"type":"function","function":{"name":"x","odd":1}}]"#,
            "tools[0].function.odd",
        ),
        (
            r#""tool_choice":{"type":"allowed_tools"}"#,
            "tool_choice.type",
        ),
        (r#""something_new":1"#, "something_new"),
    ] {
        assert_refused(&chat(members), param);
    }
}

#[test]
fn parts_without_a_counterpart_are_refused_by_name() {
    for (listed, param) in [
        ("", "messages"),
        (r#"{"role":"system","content":"A"}"#, "messages"),
        (r#"{"role":"function","content":"A"}"#, "messages[0].role"),
        (
            r#"{"role":"user","content":[{"type":"video_url"}]}"#,
            "messages[0].content[0].type",
        ),
        (
            r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"a","format":"wav"}}]}"#,
            "messages[0].content[0].input_audio",
        ),
        (
            r#"{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}"#,
            "messages[0].content[0].file.file_id",
        ),
        (
            r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"gs://x"}}]}"#,
            "messages[0].content[0].image_url",
        ),
        (
            r#"{"role":"assistant","audio":{"id":"a"}}"#,
            "messages[0].audio",
        ),
        (
            r#"{"role":"tool","content":"A"}"#,
            "messages[0].tool_call_id",
        ),
        (
            r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function",
                "function":{"name":"f","arguments":"{\"a\":"}}]}"#,
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function",
                "function":{"name":"f","arguments":"{\"a\":1e999}"}}]}"#,
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            r#"{"role":"user","content":"A","odd":1}"#,
            "messages[0].odd",
        ),
        ("3", "messages[0]"),
    ] {
        assert_refused(&messages(listed), param);
    }
}

#[test]
fn a_prompt_that_is_named_is_cached_behind_the_system_and_the_last_message() {
    let cached = r#""cache_control":{"type":"ephemeral"}"#;
    let tools = r#""tools":[{"type":"function","function":{"name":"f"}}]"#;
    let body = |messages: &str, key: &str| {
        format!(r#"{{"model":"m","messages":[{messages}],{tools},"prompt_cache_key":{key}}}"#)
    };
    let (system, user) = (
        r#"{"role":"system","content":"S"}"#,
        r#"{"role":"user","content":"U"}"#,
    );
    let said = r#"{"role":"assistant","content":"A"}"#;
    let own = r#"{"role":"user","content":[{"type":"text","text":"U","cache_control":{"type":"ephemeral","ttl":"1h"}}]}"#;
    let turns = format!("{user},{said},{user}");
    for (messages, key, marks) in [
        (
            format!("{system},{turns}"),
            r#""k""#,
            vec![r#""text":"S""#, r#""text":"U""#],
        ),
        (turns.clone(), r#""k""#, vec![r#""text":"U""#]),
        (turns.clone(), r#""""#, vec![]),
        (turns.clone(), "null", vec![]),
        (format!("{system},{own}"), r#""k""#, vec![]),
    ] {
        let to = translated(
            Dialect::OpenAi,
            Dialect::Anthropic,
            &TARGET,
            &body(&messages, key),
        );
        let to = to.unwrap();
        let in_tools = usize::from(!messages.contains("system") && key == r#""k""#);
        assert_eq!(to.matches(cached).count(), marks.len() + in_tools, "{to}");
        for mark in marks {
            assert!(to.contains(&format!("{mark},{cached}")), "{to}");
        }
    }
}
