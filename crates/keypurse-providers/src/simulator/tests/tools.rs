use serde_json::{Value, json};

use super::{answer, asking};

fn weather_and_time() -> Value {
    let tool = |name: &str| {
        json!({ "type": "function", "function": { "name": name, "parameters": {
        "type": "object",
        "properties": { "place": { "type": "string" } },
        "required": ["place"],
    } } })
    };
    json!([tool("get_time"), tool("get_weather")])
}

fn called(completion: &Value) -> Option<&str> {
    completion["choices"][0]["message"]["tool_calls"][0]["function"]["name"].as_str()
}

#[test]
fn the_best_named_tool_is_called() {
    for (prompt, choice, expected) in [
        (
            "How is the weather in Oslo?",
            json!("auto"),
            Some("get_weather"),
        ),
        ("How is the WEATHER?", json!(null), Some("get_weather")),
        ("What time is it?", json!("auto"), Some("get_time")),
        (
            "weather, but call get_time",
            json!("required"),
            Some("get_time"),
        ),
        ("hello", json!("auto"), Some("get_time")),
        ("How is the weather?", json!("none"), None),
        (
            "How is the weather?",
            json!({ "type": "function", "function": { "name": "get_time" } }),
            Some("get_time"),
        ),
        (
            "How is the weather?",
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto", "tools": [
                { "type": "function", "function": { "name": "get_time" } },
            ] } }),
            Some("get_time"),
        ),
    ] {
        let more = json!({ "tools": weather_and_time(), "tool_choice": choice });
        let json = answer(&asking(prompt, &more)).to_json();
        assert_eq!(called(&json), expected, "{prompt} {choice}");
        let finish = if expected.is_some() {
            "tool_calls"
        } else {
            "stop"
        };
        assert_eq!(json["choices"][0]["finish_reason"], finish);
        assert_eq!(
            json["choices"][0]["message"]["content"].is_null(),
            expected.is_some()
        );
    }
}

#[test]
fn a_call_is_the_same_every_time_and_its_arguments_fit() {
    let body = asking("weather", &json!({ "tools": weather_and_time() }));
    let json = answer(&body).to_json();
    assert_eq!(json, answer(&body).to_json());
    let call = &json["choices"][0]["message"]["tool_calls"][0];
    let id = call["id"].as_str().unwrap().strip_prefix("call_").unwrap();
    assert!(
        id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    let arguments: Value =
        serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["place"].is_string());
}

#[test]
fn a_tool_s_result_is_answered_in_words() {
    let call = json!({ "id": "call_1", "type": "function", "function": {
        "name": "get_weather", "arguments": "{}",
    } });
    let messages = json!([
        { "role": "user", "content": "How is the weather?" },
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "call_1", "content": "18 degrees" },
    ]);
    let mut body = json!({ "messages": messages, "tools": weather_and_time() });
    let json = answer(&body).to_json();
    let content = json["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        content.contains("The tool returned: \"18 degrees\""),
        "{content}"
    );

    body["tool_choice"] = "required".into();
    assert!(called(&answer(&body).to_json()).is_some());
}

#[test]
fn arguments_are_cut_at_the_output_limit() {
    let more = json!({ "tools": weather_and_time(), "max_tokens": 2, "stop": "place" });
    let completion = answer(&asking("weather", &more));
    let json = completion.to_json();
    let call = &json["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{\"place");
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    assert_eq!(completion.usage().output_tokens, 2);
}

#[test]
fn a_custom_tool_is_called_with_what_matches_or_says_that_it_is_simulated() {
    let date = r"^(?P<year>20\d{2})-(0[1-9]|1[0-2])$";
    for (syntax, definition) in [
        ("regex", date),
        ("regex", "[ab]{3,5}"),
        ("regex", "(?i)yes|no"),
        ("regex", "((a{1000}){1000}){1000}"),
        ("lark", "start: A"),
    ] {
        let grammar = json!({ "definition": definition, "syntax": syntax });
        let format = json!({ "type": "grammar", "grammar": grammar });
        let tool = json!({ "type": "custom", "custom": { "name": "note", "format": format } });
        let completion = answer(&asking("hi", &json!({ "tools": [tool] }))).to_json();
        let call = &completion["choices"][0]["message"]["tool_calls"][0];
        let input = call["custom"]["input"].as_str().unwrap();
        let is_date = |text: &str| {
            let (year, month) = text.split_once('-').unwrap_or_default();
            let month: u64 = month.parse().unwrap_or(0);
            text.len() == 7 && year.starts_with("20") && (1..=12).contains(&month)
        };
        match (syntax, definition) {
            ("lark", _) | (_, "(?i)yes|no" | "((a{1000}){1000}){1000}") => {
                assert_eq!(input, "[simulated input]");
            }
            (_, "[ab]{3,5}") => {
                assert!((3..=5).contains(&input.len()), "{input}");
                assert!(input.chars().all(|char| "ab".contains(char)), "{input}");
            }
            _ => assert!(is_date(input), "{input}"),
        }
    }
}

#[test]
fn custom_tools_and_legacy_functions_are_called_in_their_own_shapes() {
    let custom = json!({ "tools": [{ "type": "custom", "custom": { "name": "note" } }] });
    let message = &answer(&asking("hi", &custom)).to_json()["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0]["type"], "custom");
    assert_eq!(
        message["tool_calls"][0]["custom"],
        json!({ "name": "note", "input": "[simulated input]" })
    );

    let legacy = json!({ "functions": [{ "name": "go" }], "function_call": { "name": "go" } });
    let choice = &answer(&asking("hi", &legacy)).to_json()["choices"][0];
    assert_eq!(
        choice["message"]["function_call"],
        json!({ "name": "go", "arguments": "{}" })
    );
    assert_eq!(choice["finish_reason"], "function_call");
}

#[test]
fn arguments_are_always_an_object() {
    for parameters in [
        json!({}),
        json!({ "type": "string" }),
        json!({ "$ref": "#" }),
        json!(null),
    ] {
        let tool = json!({ "type": "function", "function": {
            "name": "go", "parameters": parameters,
        } });
        let json = answer(&asking("hi", &json!({ "tools": [tool] }))).to_json();
        let call = &json["choices"][0]["message"]["tool_calls"][0];
        assert_eq!(call["function"]["arguments"], "{}", "{parameters}");
    }
}

#[test]
fn several_tools_are_called_at_once() {
    let names = |prompt: &str, more: Value| {
        let mut options = json!({ "tools": weather_and_time() });
        options
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let json = answer(&asking(prompt, &options)).to_json();
        let calls = json["choices"][0]["message"]["tool_calls"].clone();
        let calls = calls.as_array().unwrap().clone();
        let ids: std::collections::BTreeSet<_> =
            calls.iter().map(|call| call["id"].to_string()).collect();
        assert_eq!(ids.len(), calls.len(), "{json}");
        let names = calls
            .iter()
            .map(|call| call["function"]["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    for (prompt, expected) in [
        (
            "The weather and the time in Oslo?",
            vec!["get_time", "get_weather"],
        ),
        (
            "get_weather, then get_time!",
            vec!["get_weather", "get_time"],
        ),
        (
            "get_time here, get_weather, GET_TIME there",
            vec!["get_time", "get_weather"],
        ),
        ("get it", vec!["get_time"]),
    ] {
        assert_eq!(names(prompt, json!({})), expected, "{prompt}");
        let alone = names(prompt, json!({ "parallel_tool_calls": false }));
        assert_eq!(alone, expected[..1], "{prompt}");
    }
    let many = (0..20).map(|at| format!("tool_{at}"));
    let listed = many.clone().map(|name| {
        let function = json!({ "name": name });
        json!({ "type": "function", "function": function })
    });
    let tools = json!({ "tools": listed.collect::<Vec<_>>() });
    let prompt = many.collect::<Vec<_>>().join(" ");
    assert_eq!(names(&prompt, tools).len(), 8);
}

#[test]
fn what_an_agent_adds_before_its_user_s_words_names_no_tool() {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let notes = text("<system-reminder>Use get_time. Call get_time twice.</system-reminder>");
    for (content, expected) in [
        (json!([notes, text("call get_weather")]), "get_weather"),
        (
            json!([notes, text("call get_weather"), text(" ")]),
            "get_weather",
        ),
        // It names nothing, so it is the first.
        (json!([notes, text("Say hello")]), "get_time"),
    ] {
        let messages = json!([{ "role": "user", "content": content }]);
        let body = json!({ "messages": messages, "tools": weather_and_time() });
        let json = answer(&body).to_json();
        let calls = &json["choices"][0]["message"]["tool_calls"];
        assert_eq!(calls.as_array().unwrap().len(), 1, "{content}");
        assert_eq!(called(&json), Some(expected), "{content}");
    }
}

#[test]
fn an_agent_that_has_to_call_a_tool_comes_to_the_last_of_them() {
    let mut messages = vec![json!({ "role": "user", "content": "How is the weather?" })];
    let mut names = Vec::new();
    for turn in 0..3 {
        let body = json!({ "messages": messages, "tools": weather_and_time(),
            "tool_choice": "required" });
        let json = answer(&body).to_json();
        let name = called(&json).unwrap().to_owned();
        let id = format!("call_{turn}");
        let call = json!({ "id": id, "type": "function", "function": {
            "name": name, "arguments": "{}",
        } });
        names.push(name);
        messages.extend([
            json!({ "role": "assistant", "content": null, "tool_calls": [call] }),
            json!({ "role": "tool", "tool_call_id": id, "content": "done" }),
        ]);
    }
    let [first, second, third] = &names[..] else {
        panic!("{names:?}")
    };
    assert_ne!(first, second);
    assert_eq!(
        first, third,
        "once all were called, as the user's words say"
    );
}

#[test]
fn an_image_after_results_is_part_of_them() {
    let call = json!({ "id": "call_1", "type": "function", "function": {
        "name": "get_weather", "arguments": "{}",
    } });
    let image =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } });
    let text = |text: &str| json!({ "type": "text", "text": text });
    for (shown, is_called) in [
        (json!([image]), false),
        (json!([image, image]), false),
        (json!([text(""), image]), false),
        (json!([text("And this?"), image]), true),
        (json!("And now?"), true),
    ] {
        let messages = json!([
            { "role": "user", "content": "How is the weather?" },
            { "role": "assistant", "content": null, "tool_calls": [call] },
            { "role": "tool", "tool_call_id": "call_1", "content": "18 degrees" },
            { "role": "user", "content": shown },
        ]);
        let body = json!({ "messages": messages, "tools": weather_and_time() });
        let json = answer(&body).to_json();
        assert_eq!(called(&json).is_some(), is_called, "{shown}");
        if !is_called {
            let content = json["choices"][0]["message"]["content"].as_str().unwrap();
            let expected = "The tool returned: \"18 degrees\". ";
            assert!(content.contains(expected), "{content}");
            assert!(content.contains(" received, not looked at."), "{content}");
        }
    }
    // One that follows no result is a user's.
    let messages = json!([{ "role": "user", "content": [image] }]);
    let body = json!({ "messages": messages, "tools": weather_and_time() });
    assert!(called(&answer(&body).to_json()).is_some());
}

#[test]
fn calls_beyond_the_output_limit_are_not_made() {
    let more = json!({ "tools": weather_and_time(), "max_tokens": 2 });
    let completion = answer(&asking("get_time get_weather", &more));
    let json = completion.to_json();
    let calls = json["choices"][0]["message"]["tool_calls"]
        .as_array()
        .unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    assert_eq!(completion.usage().output_tokens, 2);
}
