use super::{WANTED, answered, assert_json, chat, member, messages, streamed, translated};
use crate::translate::{Dialect, NoAnswer, Replay, Target, TranslatedStream, Wanted, answer};

const TARGET: Target<'static> = Target {
    model: "gemini-2.5-flash",
    output_limit: 4000,
    limit_is_of_completion: false,
    may_reason: true,
    replay: Replay::Nothing,
};

fn to_gemini(body: &str) -> Result<String, String> {
    translated(Dialect::OpenAi, Dialect::Gemini, &TARGET, body)
        .map_err(|refused| refused.param.into_owned())
}

#[test]
fn a_conversation_is_contents_in_turns() {
    let from = r#"{"role":"system","content":"S"},{"role":"user","content":[
        {"type":"text","text":"Look"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},
        {"type":"image_url","image_url":{"url":"https://x/y.jpg?z"}}]},
        {"role":"assistant","content":"A","tool_calls":[
         {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"},
          "extra_content":{"google":{"thought_signature":"sig"}}},
         {"id":"c2","type":"function","function":{"name":"g","arguments":"{}"},
          "cache_control":{"type":"ephemeral"},"provider_specific_fields":{}}]},
        {"role":"tool","tool_call_id":"c1","content":"R","cache_control":{"type":"ephemeral"}},
        {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"\""},{"type":"text","text":"T"}]}"#;
    let out = to_gemini(&messages(from)).unwrap();
    assert!(out.contains(r#""args":{"a": 1.50}"#), "{out}");
    assert_json(
        &out.replace("1.50", "1"),
        r#"{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[
            {"role":"user","parts":[{"text":"Look"},
                {"inlineData":{"mimeType":"image/png","data":"aGk="}},
                {"fileData":{"mimeType":"image/jpeg","fileUri":"https://x/y.jpg?z"}}]},
            {"role":"model","parts":[{"text":"A"},
                {"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"sig"},
                {"functionCall":{"id":"c2","name":"g","args":{}}}]},
            {"role":"user","parts":[
                {"functionResponse":{"id":"c1","name":"f","response":{"output":"R"}}},
                {"functionResponse":{"id":"c2","name":"g","response":{"output":"\"T"}}}]}],
            "generationConfig":{"maxOutputTokens":4000}}"#,
        from,
    );
}

#[test]
fn a_newer_model_gets_a_stand_in_for_a_proof_nobody_has() {
    let from = messages(
        r#"{"role":"user","content":"A"},{"role":"assistant","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
    );
    let stand_in = "skip_thought_signature_validator";
    let of = |model| {
        let target = Target { model, ..TARGET };
        let out = translated(Dialect::OpenAi, Dialect::Gemini, &target, &from).unwrap();
        out.matches(stand_in).count()
    };
    assert_eq!((of("gemini-3-pro-preview"), of("gemini-2.5-pro")), (1, 0));
}

#[test]
fn options_have_their_counterparts() {
    let tool =
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;
    let tools = |choice: &str| format!(r#"{tool},"tool_choice":{choice}"#);
    for (members, name, expected) in [
        (
            tool.to_owned(),
            "tools",
            r#"[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}}]}]"#,
        ),
        (
            tools(r#""required""#),
            "toolConfig",
            r#"{"functionCallingConfig":{"mode":"ANY"}}"#,
        ),
        (
            tools(r#"{"type":"function","function":{"name":"f"}}"#),
            "toolConfig",
            r#"{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}"#,
        ),
        (
            tool.replace(r#""name":"f""#, r#""name":"f","strict":true"#),
            "toolConfig",
            r#"{"functionCallingConfig":{"mode":"VALIDATED"}}"#,
        ),
        (
            r#""n":2,"stop":"E","temperature":1.5,"top_p":0.5,"seed":3,"presence_penalty":0.5"#.to_owned(),
            "generationConfig",
            r#"{"maxOutputTokens":4000,"candidateCount":2,"stopSequences":["E"],"temperature":1.5,
                "topP":0.5,"seed":3,"presencePenalty":0.5}"#,
        ),
        (
            r#""response_format":{"type":"json_object"},"reasoning_effort":"low""#.to_owned(),
            "generationConfig",
            r#"{"maxOutputTokens":4000,"responseMimeType":"application/json",
                "thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}}"#,
        ),
        (
            r#""reasoning_effort":"none""#.to_owned(),
            "generationConfig",
            r#"{"maxOutputTokens":4000,"thinkingConfig":{"thinkingBudget":0}}"#,
        ),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}"#
                .to_owned(),
            "generationConfig",
            r#"{"maxOutputTokens":4000,"responseMimeType":"application/json",
                "responseJsonSchema":{"type":"object"}}"#,
        ),
        (
            format!(r#"{tool},"response_format":{{"type":"json_object"}}"#),
            "generationConfig",
            r#"{"maxOutputTokens":4000,"responseMimeType":"application/json"}"#,
        ),
        (
            format!(
                r#"{tool},"tool_choice":"required","response_format":{{"type":"json_object"}}"#
            ),
            "generationConfig",
            r#"{"maxOutputTokens":4000}"#,
        ),
    ] {
        let out = to_gemini(&chat(&members)).unwrap();
        assert_json(&member(&out, name), expected, &members);
    }
}

#[test]
fn a_message_asks_for_thoughts_and_for_the_likeliest_tokens() {
    let body = r#"{"model":"m","max_tokens":9,"top_k":40,"thinking":{"type":"enabled",
        "budget_tokens":2000},"messages":[{"role":"user","content":"Hi"}]}"#;
    let out = translated(Dialect::Anthropic, Dialect::Gemini, &TARGET, body).unwrap();
    let expected = r#"{"maxOutputTokens":4000,"topK":40,
        "thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}"#;
    assert_json(&member(&out, "generationConfig"), expected, body);
    let newer = Target {
        model: "gemini-3-pro-preview",
        ..TARGET
    };
    let out = translated(Dialect::Anthropic, Dialect::Gemini, &newer, body).unwrap();
    let expected = r#"{"maxOutputTokens":4000,"topK":40,
        "thinkingConfig":{"thinkingLevel":"medium","includeThoughts":true}}"#;
    assert_json(&member(&out, "generationConfig"), expected, body);
}

#[test]
fn what_a_result_shows_follows_all_results() {
    let image = r#"{"type":"image_url","image_url":{"url":"https://x/y.png"}}"#;
    let from = messages(&format!(
        r#"{{"role":"assistant","tool_calls":[
            {{"id":"c1","type":"function","function":{{"name":"f","arguments":"{{}}"}}}},
            {{"id":"c2","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},
           {{"role":"tool","tool_call_id":"c1","content":[{{"type":"text","text":"R"}},{image}]}},
           {{"role":"tool","tool_call_id":"c2","content":"S"}},
           {{"role":"user","content":"So?"}}"#
    ));
    let out = to_gemini(&from).unwrap();
    let contents: serde_json::Value = serde_json::from_str(&member(&out, "contents")).unwrap();
    let expected = r#"{"role":"user","parts":[
        {"functionResponse":{"id":"c1","name":"f","response":{"output":"R"}}},
        {"functionResponse":{"id":"c2","name":"f","response":{"output":"S"}}},
        {"fileData":{"mimeType":"image/png","fileUri":"https://x/y.png"}},{"text":"So?"}]}"#;
    assert_json(&contents[1].to_string(), expected, &from);
}

#[test]
fn what_has_no_counterpart_is_refused_by_name() {
    for (members, param) in [
        (r#""logprobs":true"#, "logprobs"),
        (r#""service_tier":"priority""#, "service_tier"),
        (r#""logit_bias":{"1":2}"#, "logit_bias"),
        (r#""something_new":1"#, "something_new"),
    ] {
        assert_eq!(
            to_gemini(&chat(members)),
            Err(param.to_owned()),
            "{members}"
        );
    }
    let orphan = r#"{"role":"tool","tool_call_id":"c1","content":"R"}"#;
    assert_eq!(to_gemini(&messages(orphan)), Err("messages".to_owned()));
}

const ANSWER: &str = r#"{"responseId":"r1","modelVersion":"gemini-x","candidates":[{"index":0,
    "content":{"role":"model","parts":[{"text":"Hm","thought":true},{"text":"Gr\u00fc"},{"text":"ße"},
    {"functionCall":{"name":"f","args":{"a": 1.0}},"thoughtSignature":"sig"}]},
    "finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":5,
    "thoughtsTokenCount":2,"cachedContentTokenCount":10,"totalTokenCount":27}}"#;

#[test]
fn an_answer_with_everything_is_a_completion() {
    let out = answered(Dialect::Gemini, Dialect::OpenAi, ANSWER);
    assert_json(
        &out,
        r#"{"id":"r1","object":"chat.completion","created":7,"model":"gemini-x","choices":[
            {"index":0,"logprobs":null,"finish_reason":"tool_calls","message":{"role":"assistant",
                "content":"Grüße","refusal":null,"reasoning_content":"Hm","tool_calls":[
                {"id":"call_r1_0","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"},
                 "extra_content":{"google":{"thought_signature":"sig"}}}]}}],
            "usage":{"prompt_tokens":20,"completion_tokens":7,"total_tokens":27,
                "prompt_tokens_details":{"cached_tokens":10},
                "completion_tokens_details":{"reasoning_tokens":2}}}"#,
        ANSWER,
    );
    let message = answered(Dialect::Gemini, Dialect::Anthropic, ANSWER);
    assert_eq!(member(&message, "stop_reason"), "\"tool_use\"");
}

#[test]
fn who_wants_one_call_gets_the_first_one() {
    let tools =
        r#""tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false"#;
    assert!(to_gemini(&chat(tools)).is_ok());
    let call = |name: &str| format!(r#"{{"functionCall":{{"name":"{name}","args":{{}}}}}}"#);
    let parts = [call("f"), call("g"), r#"{"text":"A"}"#.to_owned()].join(",");
    let body =
        format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}},"finishReason":"STOP"}}]}}"#);
    let stream = format!("data: {body}\n\n");
    let alone =
        br#"{"parallel_tool_calls":false,"tool_choice":{"disable_parallel_tool_use":true}}"#;
    for (asked, calls) in [(&alone[..], 1), (&b"{}"[..], 2)] {
        let wanted = Wanted { asked, ..WANTED };
        for client in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Responses] {
            let whole = answer(Dialect::Gemini, client, body.as_bytes(), wanted).unwrap();
            let mut streamed = String::new();
            let mut translated = TranslatedStream::new(Dialect::Gemini, client, wanted).unwrap();
            translated.push(stream.as_bytes(), &mut streamed).unwrap();
            translated.finish(&mut streamed).unwrap();
            for out in [String::from_utf8(whole.into_owned()).unwrap(), streamed] {
                for (name, is_there) in [("f", true), ("g", calls == 2)] {
                    let name = format!(r#""name":"{name}""#);
                    assert_eq!(out.contains(&name), is_there, "{client:?} {out}");
                }
                let kinds = ["tool_calls", "tool_use", "function_call"].iter();
                assert!(
                    kinds
                        .map(|kind| format!("\"{kind}\""))
                        .any(|kind| out.contains(&kind))
                );
                assert!(out.contains(r#""A""#), "{out}");
            }
        }
    }
}

#[test]
fn a_request_says_whether_it_takes_one_call_at_most() {
    for (client, body, expected) in [
        (Dialect::OpenAi, r#"{"parallel_tool_calls":false}"#, true),
        (
            Dialect::OpenAi,
            r#"{"parallel_tool_calls":true,"tool_choice":"auto"}"#,
            false,
        ),
        (Dialect::OpenAi, r#"{"parallel_tool_calls":null}"#, false),
        (Dialect::OpenAi, "{}", false),
        (
            Dialect::OpenAi,
            r#"{"parallel_tool_calls":false,"tool_choice":{"type":"function","function":{"name":"f"}}}"#,
            true,
        ),
        (
            Dialect::Anthropic,
            r#"{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}"#,
            true,
        ),
        (
            Dialect::Anthropic,
            r#"{"tool_choice":{"type":"any"}}"#,
            false,
        ),
        (
            Dialect::Anthropic,
            r#"{"parallel_tool_calls":false}"#,
            false,
        ),
    ] {
        let asked = body.as_bytes();
        let wanted = Wanted { asked, ..WANTED }.of_gemini(client);
        assert_eq!(wanted.one_call, expected, "{body}");
    }
}

#[test]
fn every_end_has_its_reason_and_a_blocked_prompt_is_filtered() {
    for (reason, expected) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("OTHER", "stop"),
    ] {
        let body = format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
        let out = answered(Dialect::Gemini, Dialect::OpenAi, &body);
        assert!(
            out.contains(&format!(r#""finish_reason":"{expected}""#)),
            "{out}"
        );
    }
    let blocked =
        r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}"#;
    let out = answered(Dialect::Gemini, Dialect::OpenAi, blocked);
    assert!(
        out.contains(r#""finish_reason":"content_filter""#) && out.contains(r#""content":null"#)
    );
    for body in [
        "",
        "[]",
        "{}",
        r#"{"error":{"code":500}}"#,
        r#"{"candidates":3}"#,
    ] {
        let out = answer(Dialect::Gemini, Dialect::OpenAi, body.as_bytes(), WANTED);
        assert_eq!(out, Err(NoAnswer), "{body}");
    }
}

#[test]
fn a_stream_is_chunks_and_whole_only_after_its_end() {
    let first = r#"data: {"responseId":"r1","modelVersion":"gemini-x","candidates":[{"content":{"parts":[{"text":"A"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}

"#;
    let last = r#"data: {"responseId":"r1","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}

"#;
    let whole = format!("{first}{last}");
    let (out, is_good) = streamed(Dialect::Gemini, Dialect::OpenAi, &[whole.as_bytes()]);
    let chunk = |rest: &str| {
        format!(
            "data: {{\"id\":\"r1\",\"object\":\"chat.completion.chunk\",\"created\":7,\
             \"model\":\"gemini-x\",\"choices\":[{rest}}}\n\n"
        )
    };
    let delta = |delta: &str, reason: &str| {
        chunk(&format!(
            r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}]"#
        ))
    };
    let expected = [
        delta(r#"{"role":"assistant"}"#, "null"),
        delta(r#"{"content":"A"}"#, "null"),
        delta(
            r#"{"tool_calls":[{"index":0,"id":"call_r1_0","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
            "null",
        ),
        delta("{}", "\"tool_calls\""),
        chunk(
            r#"],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"#,
        ),
        "data: [DONE]\n\n".to_owned(),
    ];
    assert_eq!(out, expected.concat());
    assert!(is_good);
    let (cut, is_good) = streamed(Dialect::Gemini, Dialect::OpenAi, &[first.as_bytes()]);
    assert!(is_good && !cut.contains("[DONE]"), "{cut}");
}
