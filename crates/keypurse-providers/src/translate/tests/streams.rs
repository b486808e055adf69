use serde_json::Value;

use super::{WANTED, streamed};
use crate::anthropic::{Event as MessageEvent, MessageStream};
use crate::openai::{Event, end_of_event};
use crate::translate::{Dialect, StreamFault, TranslatedStream};

const ANTHROPIC: &str = concat!(
    "event: message_start\n",
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",",
    "\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,",
    "\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":4,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,",
    "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,",
    "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,",
    "\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":1,",
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\r\n\r\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,",
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"Gr\u{fc}\\u00df\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,",
    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,",
    "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,",
    "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\": \"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,",
    "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"1.0}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,",
    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_2\",\"name\":\"g\",\"input\":{}}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":",
    "\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":12}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

const CHAT: &str = concat!(
    ": keep-alive\n\n",
    "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":",
    "{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\u{fc}\"}}]}\r\n\r\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\u00dfe\"}}]}\n\n",
    ": keep-alive\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,",
    "\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,",
    "\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}]}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,",
    "\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
);

/// What a chunk's delta and its reason should be, one per line.
fn chunks(out: &str) -> String {
    let mut lines = String::new();
    for event in out.split_terminator("\n\n") {
        let line = if event.starts_with("data: {") {
            chunk(&event["data: ".len()..])
        } else {
            event.to_owned()
        };
        lines += &(line + "\n");
    }
    lines
}

fn chunk(data: &str) -> String {
    let chunk: Value = serde_json::from_str(data).unwrap();
    let labels = (&chunk["id"], &chunk["created"]);
    assert_eq!(labels, (&"msg_1".into(), &7.into()));
    match &chunk["choices"][0] {
        Value::Null => chunk["usage"].to_string(),
        choice => format!("{} {}", choice["delta"], choice["finish_reason"]),
    }
}

#[test]
fn anthropics_events_are_chunks_as_they_come() {
    let (out, is_good) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[ANTHROPIC.as_bytes()]);
    assert!(is_good);
    assert_eq!(
        chunks(&out),
        r#"{"role":"assistant"} null
{"reasoning_content":"Hm"} null
{"thinking_blocks":[{"index":0,"type":"thinking","thinking":"","signature":"c2ln"}]} null
: ping
{"content":"Grüß"} null
{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"f","arguments":""}}]} null
{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\": "}}]} null
{"tool_calls":[{"index":0,"function":{"arguments":"1.0}"}}]} null
{"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"g","arguments":""}}]} null
{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]} null
{} "tool_calls"
{"prompt_tokens":13,"completion_tokens":12,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":0}}
data: [DONE]
"#
    );
}

#[test]
fn each_thinking_block_of_a_stream_has_its_number() {
    let blocks = [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"a"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"b"}}"#,
    ];
    let begin = &ANTHROPIC[..ANTHROPIC.find("event: content_block_start").unwrap()];
    let stream = blocks.map(|data| format!("data: {data}\n\n")).concat();
    let stream = format!("{begin}{stream}");
    let (out, _) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[stream.as_bytes()]);
    assert_eq!(
        chunks(&out),
        r#"{"role":"assistant"} null
{"thinking_blocks":[{"index":0,"type":"redacted_thinking","data":"a"}]} null
{"thinking_blocks":[{"index":1,"type":"thinking","thinking":"","signature":"b"}]} null
"#
    );
}

/// The data of each of Anthropic's events; its name has to say the same.
fn events(out: &str) -> Vec<&str> {
    let events = out.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let (name, data) = (&name["event: ".len()..], &data["data: ".len()..]);
        let value: Value = serde_json::from_str(data).unwrap();
        assert_eq!(value["type"], name);
        data
    });
    events.collect()
}

#[test]
fn chunks_are_anthropics_events_in_the_right_order() {
    let (out, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[CHAT.as_bytes()]);
    assert!(is_good);
    assert_eq!(
        events(&out).join("\n"),
        r#"{"type":"message_start","message":{"id":"c1","type":"message","role":"assistant","model":"gpt-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}
{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":"keypurse"}}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"keypurse"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Grü"}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"\u00dfe"}}
{"type":"ping"}
{"type":"content_block_stop","index":1}
{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}}
{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}
{"type":"content_block_stop","index":2}
{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"call_2","name":"g","input":{}}}
{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}
{"type":"content_block_stop","index":3}
{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":5}}
{"type":"message_stop"}"#
    );
    let mut order = MessageStream::default();
    for data in events(&out) {
        order.take(&MessageEvent::read(data).unwrap()).unwrap();
    }
    let counts = order.usage().unwrap().unwrap();
    assert_eq!((counts.input, counts.output), (9, 5));
}

/// Chunks that add these deltas to the first choice, and their end.
fn chat_of(deltas: &[&str]) -> String {
    let chunk = |delta: &&str| format!(r#"data: {{"id":"c1","choices":[{{"delta":{delta}}}]}}"#);
    let mut events: Vec<String> = deltas.iter().map(chunk).collect();
    events.push(r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#.to_owned());
    events.push("data: [DONE]\n\n".to_owned());
    events.join("\n\n")
}

/// What a message's client gets of these deltas: blocks begun, and what is
/// added to them.
fn blocks_of(deltas: &[&str]) -> String {
    let (out, is_good) = streamed(
        Dialect::OpenAi,
        Dialect::Anthropic,
        &[chat_of(deltas).as_bytes()],
    );
    assert!(is_good, "{out}");
    let told = events(&out).into_iter().filter_map(|data| {
        let event: Value = serde_json::from_str(data).unwrap();
        let block = &event["content_block"];
        match event["type"].as_str().unwrap() {
            "content_block_start" if block["type"] == "tool_use" => {
                Some(format!("{} {}", block["id"], block["name"]))
            }
            "content_block_start" => Some(block["type"].to_string()),
            "content_block_delta" => Some(format!("+{}", event["delta"])),
            _ => None,
        }
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn reasoning_that_is_streamed_under_both_its_names_is_said_once() {
    let blocks = blocks_of(&[
        r#"{"role":"assistant","reasoning":null,"reasoning_content":null,"content":""}"#,
        r#"{"reasoning":"Hm","reasoning_content":"Hm"}"#,
        r#"{"reasoning":"!","reasoning_content":""}"#,
        r#"{"content":"A"}"#,
    ]);
    let expected = r#""thinking"
+{"type":"thinking_delta","thinking":"Hm"}
+{"type":"thinking_delta","thinking":"!"}
+{"type":"signature_delta","signature":"keypurse"}
"text"
+{"type":"text_delta","text":"A"}"#;
    assert_eq!(blocks, expected);
}

#[test]
fn a_streamed_list_of_parts_is_read_as_what_its_parts_say() {
    let blocks = blocks_of(&[
        r#"{"role":"assistant","content":[]}"#,
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}"#,
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"!"}]},{"type":"text","text":"A"}]}"#,
        r#"{"content":"B"}"#,
    ]);
    let expected = r#""thinking"
+{"type":"thinking_delta","thinking":"Hm"}
+{"type":"thinking_delta","thinking":"!"}
+{"type":"signature_delta","signature":"keypurse"}
"text"
+{"type":"text_delta","text":"A"}
+{"type":"text_delta","text":"B"}"#;
    assert_eq!(blocks, expected);
}

#[test]
fn calls_that_share_a_number_are_told_apart_by_their_ids() {
    let call = |call: &str| format!(r#"{{"tool_calls":[{call}]}}"#);
    let whole = |id: &str, name: &str| {
        let function = format!(r#"{{"name":"{name}","arguments":"{{}}"}}"#);
        format!(r#"{{"index":0,"id":"{id}","type":"function","function":{function}}}"#)
    };
    let one_by_one = [call(&whole("a", "f")), call(&whole("b", "f"))];
    let at_once = [call(&[whole("a", "f"), whole("b", "f")].join(","))];
    let unnumbered = one_by_one
        .clone()
        .map(|call| call.replace(r#""index":0,"#, ""));
    let nameless = unnumbered
        .clone()
        .map(|call| call.replace(r#""id":"#, r#""odd":"#));
    let expected = r#""a" "f"
+{"type":"input_json_delta","partial_json":"{}"}
"b" "f"
+{"type":"input_json_delta","partial_json":"{}"}"#;
    let made_up = expected.replace("\"a\"", "\"call_c1_0\"");
    let made_up = made_up.replace("\"b\"", "\"call_c1_1\"");
    for (deltas, expected) in [
        (&one_by_one[..], expected),
        (&at_once[..], expected),
        (&unnumbered[..], expected),
        (&nameless[..], made_up.as_str()),
    ] {
        let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
        assert_eq!(blocks_of(&deltas), expected, "{deltas:?}");
    }
}

#[test]
fn a_call_whose_pieces_all_name_it_is_one_call() {
    let piece = |id: &str, name: &str, arguments: &str| {
        format!(
            r#"{{"tool_calls":[{{"index":0,"id":{id},"function":{{"name":{name},"arguments":"{arguments}"}}}}]}}"#
        )
    };
    let expected = r#""a" "f"
+{"type":"input_json_delta","partial_json":"{"}
+{"type":"input_json_delta","partial_json":"}"}"#;
    for (id, name) in [
        (r#""a""#, r#""f""#),
        ("\"\"", "\"\""),
        ("null", "null"),
        ("null", r#""f""#),
    ] {
        let pieces = [piece(r#""a""#, r#""f""#, "{"), piece(id, name, "}")];
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(blocks_of(&pieces), expected, "{id} {name}");
    }
}

#[test]
fn parallel_calls_without_ids_stay_apart() {
    let call = |index: &str, id: &str, name: &str, arguments: &str| {
        let function = format!(r#"{{"name":{name},"arguments":{arguments}}}"#);
        format!(r#"{{"tool_calls":[{{{index}{id}"function":{function}}}]}}"#)
    };
    let expected = |name: &str| {
        format!(
            r#""call_c1_0" "f"
+{{"type":"input_json_delta","partial_json":"{{\"a\":1}}"}}
"call_c1_1" "{name}"
+{{"type":"input_json_delta","partial_json":"{{\"b\":"}}
+{{"type":"input_json_delta","partial_json":"2}}"}}"#
        )
    };
    for index in [r#""index":0,"#, ""] {
        for id in [r#""id":"","#, r#""id":null,"#, ""] {
            for name in ["f", "g"] {
                let quoted = format!("\"{name}\"");
                let deltas = [
                    call(index, id, r#""f""#, r#""{\"a\":1}""#),
                    call(index, id, &quoted, r#""{\"b\":""#),
                    call(index, id, "null", r#""2}""#),
                ];
                let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
                assert_eq!(blocks_of(&deltas), expected(name), "{deltas:?}");
            }
        }
    }
}

/// How many calls a client gets of pieces that all name the same tool; the
/// first one has this id, the others have none.
fn calls_of(id: &str, pieces: &[&str]) -> usize {
    let piece = |id: &str, arguments: &str| {
        let arguments = Value::from(arguments);
        format!(
            r#"{{"tool_calls":[{{"index":0,"id":"{id}","function":{{"name":"f","arguments":{arguments}}}}}]}}"#
        )
    };
    let ids = std::iter::once(id).chain(std::iter::repeat(""));
    let deltas: Vec<String> = ids.zip(pieces).map(|(id, text)| piece(id, text)).collect();
    let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
    let blocks = blocks_of(&deltas);
    blocks.lines().filter(|line| !line.starts_with('+')).count()
}

#[test]
fn a_call_of_the_same_tool_begins_once_the_last_ones_arguments_are_whole() {
    for (id, pieces, expected) in [
        ("", &["{\"a\":1}", "{\"b\":2}"][..], 2),
        ("", &[" {\"a\":[{}]}\n", "{}", "{}"], 3),
        ("", &["{\"a\":\"}", "{", "\"}", "{}"], 2),
        ("", &["{\"a\":\"\\", "\"}", "\"}", "{}"], 2),
        ("", &["{\"a\":[{}", "]}"], 1),
        ("", &["", "{}"], 1),
        ("", &["{}", "", "{}"], 2),
        ("", &["[1]", "{}"], 1),
        ("a", &["{}", "{}"], 2),
        ("a", &["{}", ""], 1),
    ] {
        assert_eq!(calls_of(id, pieces), expected, "{id:?} {pieces:?}");
    }
}

#[test]
fn a_piece_of_no_open_call_is_a_fault() {
    let first = r#"{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}"#;
    for stray in [
        r#"{"index":0,"function":{"arguments":"{}"}}"#,
        r#"{"index":0,"function":{"name":"g","arguments":"{}"}}"#,
        r#"{"index":2,"function":{"arguments":"{}"}}"#,
        r#"{"id":"b","function":{"arguments":"{}"}}"#,
    ] {
        let chat = chat_of(&[&format!(r#"{{"tool_calls":[{first},{stray}]}}"#)]);
        let (_, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[chat.as_bytes()]);
        assert!(!is_good, "{stray}");
    }
    let alone = chat_of(&[r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#]);
    let (_, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[alone.as_bytes()]);
    assert!(!is_good);
}

#[test]
fn a_message_begins_under_its_name_whatever_was_told_before() {
    let filters =
        "data: {\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    let (plain, _) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[CHAT.as_bytes()]);
    let azures = format!("{filters}{CHAT}");
    let (out, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[azures.as_bytes()]);
    assert!(is_good);
    assert_eq!(out, plain);
}

#[test]
fn a_streamed_refusal_ends_as_one() {
    let chat = chat_of(&[r#"{"refusal":"N"}"#, r#"{"refusal":"o"}"#]);
    let (out, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[chat.as_bytes()]);
    assert!(
        is_good && out.contains(r#""stop_reason":"refusal""#),
        "{out}"
    );
    let chat = chat_of(&[r#"{"content":"A","refusal":null}"#]);
    let (out, _) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[chat.as_bytes()]);
    assert!(out.contains(r#""stop_reason":"end_turn""#), "{out}");
}

#[test]
fn a_stream_reads_the_same_wherever_it_is_cut_into_pieces() {
    for (from, to, stream) in [
        (Dialect::Anthropic, Dialect::OpenAi, ANTHROPIC),
        (Dialect::OpenAi, Dialect::Anthropic, CHAT),
    ] {
        let bytes = stream.as_bytes();
        let whole = streamed(from, to, &[bytes]);
        for cut in 0..bytes.len() {
            let pieces = streamed(from, to, &[&bytes[..cut], &bytes[cut..]]);
            assert_eq!(pieces, whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(streamed(from, to, &single), whole);
    }
}

#[test]
fn each_event_comes_out_as_soon_as_it_is_in() {
    for (from, to, stream) in [
        (Dialect::Anthropic, Dialect::OpenAi, ANTHROPIC),
        (Dialect::OpenAi, Dialect::Anthropic, CHAT),
    ] {
        let mut translated = TranslatedStream::new(from, to, WANTED).unwrap();
        let (mut rest, mut texts) = (stream.as_bytes(), 0);
        while let Some(length) = end_of_event(rest, 0) {
            let mut out = String::new();
            translated.push(&rest[..length], &mut out).unwrap();
            if let Event::Data(data) = Event::read(&rest[..length])
                && (data.contains("text_delta") || data.contains("\"content\":\"G"))
            {
                assert!(out.contains("Gr"), "{data}");
                texts += 1;
            }
            rest = &rest[length..];
        }
        assert_eq!(texts, 1);
    }
}

#[test]
fn a_stream_that_broke_off_has_no_end() {
    let cut = ANTHROPIC.find("event: message_delta").unwrap();
    let bytes = &ANTHROPIC.as_bytes()[..cut];
    let (out, _) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[bytes]);
    assert!(
        !out.contains("[DONE]") && !out.contains("finish_reason\":\""),
        "{out}"
    );
    let cut = CHAT.find("finish_reason\":\"").unwrap();
    let (out, _) = streamed(
        Dialect::OpenAi,
        Dialect::Anthropic,
        &[&CHAT.as_bytes()[..cut]],
    );
    assert!(
        !out.contains("message_stop") && !out.contains("stop_reason\":\""),
        "{out}"
    );
}

#[test]
fn a_stream_without_its_mark_or_usage_ends_all_the_same() {
    let cut = CHAT.find("data: {\"id\":\"c1\",\"choices\":[],").unwrap();
    let (out, is_good) = streamed(
        Dialect::OpenAi,
        Dialect::Anthropic,
        &[&CHAT.as_bytes()[..cut]],
    );
    let events = events(&out);
    let [.., end, last] = events.as_slice() else {
        panic!("{out}")
    };
    assert!(is_good && last.contains("message_stop"));
    assert!(end.ends_with(r#""usage":null}"#), "{end}");
}

#[test]
fn an_error_ends_a_stream_in_the_clients_dialect() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"}}\n\n";
    let (out, is_good) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[error.as_bytes()]);
    assert!(is_good);
    assert_eq!(
        out,
        "data: {\"error\":{\"message\":\"Busy\",\"type\":\"server_error\",\"param\":null,\"code\":\"overloaded_error\"}}\n\n"
    );
    let error = "data: {\"error\":{\"message\":\"Slow\",\"type\":\"rate_limit_error\"}}\n\ndata: [DONE]\n\n";
    let (out, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[error.as_bytes()]);
    assert!(is_good);
    assert_eq!(
        out,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Slow\"}}\n\n"
    );
    let error =
        "data: {\"error\":{\"code\":503,\"message\":\"Full\",\"status\":\"UNAVAILABLE\"}}\n\n";
    let (out, is_good) = streamed(Dialect::Gemini, Dialect::Anthropic, &[error.as_bytes()]);
    assert!(
        is_good && out.contains("\"type\":\"api_error\",\"message\":\"Full\""),
        "{out}"
    );
}

#[test]
fn what_is_no_event_is_a_fault_and_what_came_before_is_good() {
    let begin = &ANTHROPIC[..ANTHROPIC.find("event: content_block_start").unwrap()];
    for (from, to, broken) in [
        (Dialect::Anthropic, Dialect::OpenAi, "data: nonsense\n\n"),
        (
            Dialect::Anthropic,
            Dialect::OpenAi,
            "data: {\"type\":3}\n\n",
        ),
        (
            Dialect::Anthropic,
            Dialect::OpenAi,
            "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        ),
        (Dialect::OpenAi, Dialect::Anthropic, "data: [1]\n\n"),
        (
            Dialect::OpenAi,
            Dialect::Anthropic,
            "data: {\"choices\":[{\"delta\":{\"content\":3}}]}\n\n",
        ),
        (Dialect::Gemini, Dialect::OpenAi, "data: 3\n\n"),
        (Dialect::Gemini, Dialect::Anthropic, "data: 3\n\n"),
    ] {
        let (_, is_good) = streamed(from, to, &[broken.as_bytes()]);
        assert!(!is_good, "{broken}");
    }
    let broken = format!("{begin}data: nonsense\n\n");
    let (out, is_good) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[broken.as_bytes()]);
    assert!(!is_good && out.contains("\"role\":\"assistant\""), "{out}");
    // Calls come one after the other.
    let call = |index: u64| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{index},\"id\":\"c\",\
             \"function\":{{\"name\":\"f\",\"arguments\":\"{{\"}}}}]}}}}]}}\n\n"
        )
    };
    let mixed = [call(0), call(1), call(0)].concat();
    let (_, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[mixed.as_bytes()]);
    assert!(!is_good);
}

#[test]
fn an_event_without_an_end_is_not_kept_for_ever() {
    let mut stream = TranslatedStream::new(Dialect::Anthropic, Dialect::OpenAi, WANTED).unwrap();
    let mut out = String::new();
    let piece = vec![b'x'; 64 * 1024];
    let mut pushed = (0..20).map(|_| stream.push(&piece, &mut out));
    assert!(pushed.any(|pushed| pushed == Err(StreamFault::TooLarge)));
}

#[test]
fn only_different_dialects_are_translated() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        assert!(TranslatedStream::new(dialect, dialect, WANTED).is_none());
    }
}
