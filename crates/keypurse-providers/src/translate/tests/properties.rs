//! What holds for every request and every stream.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{TARGET, WANTED, answered, streamed, translated};
use crate::translate::{Dialect, TranslatedStream, answer, error, request};

/// A chat request both dialects can say, written as the way back writes it:
/// texts alone are no lists.
fn chats() -> impl Strategy<Value = Value> {
    let options = (
        of(0..=10_u8),
        of("[a-z]{1,8}"),
        of(vec("[a-z]{1,3}", 1..3)),
        of(Just(
            json!({"type":"object","properties":{"ü":{"type":"number"}},"required":["ü"],
                "additionalProperties":false}),
        )),
        of(prop_oneof![
            Just("auto"),
            Just("none"),
            Just("required"),
            Just("f0")
        ]),
        any::<bool>(),
        1..4_usize,
    );
    (of(".{1,20}"), vec(exchanges(), 1..4), options).prop_map(|(system, exchanges, options)| {
        let mut messages: Vec<Value> = Vec::new();
        messages.extend(system.map(|system| json!({"role":"system","content":system})));
        for (number, exchange) in exchanges.into_iter().enumerate() {
            messages.extend(exchange.messages(number));
        }
        let (temperature, user, stop, schema, choice, streamed, tools) = options;
        let mut chat = json!({"model":TARGET.model,"messages":messages,"max_tokens":4000});
        let tools: Vec<Value> = (0..tools)
            .map(|number| {
                json!({"type":"function","function":{"name":format!("f{number}"),
                    "description":"d","parameters":{"type":"object","const":1}}})
            })
            .collect();
        chat["tools"] = tools.into();
        if streamed {
            chat["stream"] = true.into();
            chat["stream_options"] = json!({"include_usage":true});
        }
        for (name, value) in [
            (
                "temperature",
                temperature.map(|tenths| json!(f64::from(tenths) / 16.0)),
            ),
            ("user", user.map(Value::from)),
            ("stop", stop.map(Value::from)),
            (
                "response_format",
                schema.map(|schema| {
                    json!({"type":"json_schema","json_schema":
                        {"name":"answer","schema":schema,"strict":true}})
                }),
            ),
            (
                "tool_choice",
                choice.map(|choice| match choice {
                    "f0" => json!({"type":"function","function":{"name":"f0"}}),
                    word => word.into(),
                }),
            ),
        ] {
            if let Some(value) = value {
                chat[name] = value;
            }
        }
        chat
    })
}

/// What a user says, and what is answered.
#[derive(Clone, Debug)]
struct Exchange {
    said: Vec<Value>,
    answer: Option<String>,
    calls: Vec<(String, Value, String)>,
}

fn exchanges() -> impl Strategy<Value = Exchange> {
    let part = prop_oneof![
        3 => ".{1,20}".prop_map(|text| json!({"type":"text","text":text})),
        1 => "[A-Za-z0-9+/]{4}".prop_map(|data| {
            json!({"type":"image_url","image_url":{"url":format!("data:image/png;base64,{data}")}})
        }),
        1 => Just(json!({"type":"image_url","image_url":{"url":"https://x/ü.png?a=b"}})),
    ];
    let input = prop_oneof![
        Just(json!({})),
        (".{0,20}", any::<i64>()).prop_map(|(text, number)| json!({"a":text,"b":[number,null]})),
    ];
    let call = ("[a-z]{1,8}", input, ".{1,20}");
    (vec(part, 1..4), of(".{1,20}"), vec(call, 0..3)).prop_map(|(said, answer, calls)| Exchange {
        said,
        answer,
        calls,
    })
}

impl Exchange {
    fn messages(self, number: usize) -> Vec<Value> {
        let content = match self.said.as_slice() {
            [only] if only["type"] == "text" => only["text"].clone(),
            _ => Value::Array(self.said),
        };
        let mut messages = vec![json!({"role":"user","content":content})];
        let calls = self.calls.iter().enumerate().map(|(at, (name, input, _))| {
            json!({"id":format!("c{number}_{at}"),"type":"function",
                "function":{"name":name,"arguments":input.to_string()}})
        });
        let calls: Vec<Value> = calls.collect();
        let mut answer = json!({"role":"assistant","content":self.answer});
        if calls.is_empty() {
            answer["content"] = self.answer.unwrap_or_else(|| "ok".to_owned()).into();
        } else {
            answer["tool_calls"] = calls.into();
        }
        messages.push(answer);
        messages.extend(self.calls.iter().enumerate().map(|(at, (.., result))| {
            json!({"role":"tool","tool_call_id":format!("c{number}_{at}"),"content":result})
        }));
        // Else the next user's words would be part of the same turn.
        if !self.calls.is_empty() {
            messages.push(json!({"role":"assistant","content":"so"}));
        }
        messages
    }
}

/// An answer's blocks.
fn answers() -> impl Strategy<Value = Vec<Value>> {
    let block = prop_oneof![
        ".{1,20}".prop_map(|text| json!({"type":"text","text":text})),
        (".{1,20}", "[a-z]{4}").prop_map(|(thinking, signature)| {
            json!({"type":"thinking","thinking":thinking,"signature":signature})
        }),
        (".{0,20}", any::<u32>()).prop_map(|(text, number)| {
            json!({"type":"tool_use","id":"t","name":"f","input":{"a":text,"b":number}})
        }),
        Just(json!({"type":"tool_use","id":"t","name":"f","input":{}})),
    ];
    vec(block, 0..6)
}

/// Anthropic's stream of an answer, its texts cut in pieces of this length.
fn stream_of(blocks: &[Value], piece: usize, usage: &Value) -> String {
    let mut stream = String::new();
    let mut event = |data: Value| {
        let name = data["type"].as_str().unwrap();
        write!(stream, "event: {name}\ndata: {data}\n\n").unwrap();
    };
    event(json!({"type":"message_start","message":{"id":"m","model":"c","usage":usage}}));
    for (index, block) in blocks.iter().enumerate() {
        let (mut empty, kind, name, text) = match block["type"].as_str().unwrap() {
            "text" => (
                json!({"text":""}),
                "text_delta",
                "text",
                block["text"].as_str().unwrap().to_owned(),
            ),
            "thinking" => (
                json!({"thinking":""}),
                "thinking_delta",
                "thinking",
                block["thinking"].as_str().unwrap().to_owned(),
            ),
            _ => {
                let input = block["input"].to_string();
                let input = if input == "{}" { String::new() } else { input };
                (
                    json!({"id":"t","name":"f","input":{}}),
                    "input_json_delta",
                    "partial_json",
                    input,
                )
            }
        };
        empty["type"] = block["type"].clone();
        event(json!({"type":"content_block_start","index":index,"content_block":empty}));
        let characters: Vec<char> = text.chars().collect();
        for part in characters.chunks(piece) {
            let part: String = part.iter().collect();
            event(
                json!({"type":"content_block_delta","index":index,"delta":{"type":kind,name:part}}),
            );
        }
        if let Some(signature) = block["signature"].as_str() {
            event(json!({"type":"content_block_delta","index":index,
                "delta":{"type":"signature_delta","signature":signature}}));
        }
        event(json!({"type":"content_block_stop","index":index}));
    }
    event(json!({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":usage}));
    event(json!({"type":"message_stop"}));
    stream
}

/// What a client has in the end: content, reasoning, calls, reason and usage.
#[derive(Debug, Default, PartialEq)]
struct Received {
    content: String,
    reasoning: String,
    calls: Vec<(String, String, String)>,
    reason: String,
    usage: Value,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn of_chunks(stream: &str) -> Received {
    let mut received = Received::default();
    for event in stream.split_terminator("\n\n") {
        let Some(data) = event
            .strip_prefix("data: ")
            .filter(|data| *data != "[DONE]")
        else {
            continue;
        };
        let chunk: Value = serde_json::from_str(data).unwrap();
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        received.content += text(&delta["content"]);
        received.reasoning += text(&delta["reasoning_content"]);
        received.reason += text(&choice["finish_reason"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            if call["id"].is_string() {
                let (id, name) = (text(&call["id"]), text(&function["name"]));
                received
                    .calls
                    .push((id.to_owned(), name.to_owned(), String::new()));
            }
            received.calls.last_mut().unwrap().2 += text(&function["arguments"]);
        }
        if chunk["usage"].is_object() {
            received.usage = chunk["usage"].clone();
        }
    }
    received
}

fn of_completion(completion: &str) -> Received {
    let completion: Value = serde_json::from_str(completion).unwrap();
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    let call = |call: &Value| {
        let function = &call["function"];
        let of = |value: &Value| text(value).to_owned();
        (
            of(&call["id"]),
            of(&function["name"]),
            of(&function["arguments"]),
        )
    };
    Received {
        content: text(&message["content"]).to_owned(),
        reasoning: text(&message["reasoning_content"]).to_owned(),
        calls: calls.map(call).collect(),
        reason: text(&choice["finish_reason"]).to_owned(),
        usage: completion["usage"].clone(),
    }
}

/// The message a client puts together of events.
fn of_events(stream: &str) -> Value {
    let mut message = Value::Null;
    let mut inputs: Vec<String> = Vec::new();
    for event in stream.split_terminator("\n\n") {
        let (_, data) = event.split_once("data: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        let index = event["index"].as_u64().unwrap_or(0);
        let index = usize::try_from(index).unwrap();
        match text(&event["type"]) {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                content.push(event["content_block"].clone());
                inputs.push(String::new());
            }
            "content_block_delta" => {
                inputs[index] += text(&event["delta"]["partial_json"]);
                for name in ["text", "thinking"] {
                    if let Some(more) = event["delta"][name].as_str() {
                        let block = &mut message["content"][index];
                        block[name] = (text(&block[name]).to_owned() + more).into();
                    }
                }
            }
            "content_block_stop" if !inputs[index].is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&inputs[index]).unwrap();
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["usage"] = event["usage"].clone();
            }
            _ => {}
        }
    }
    message
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_both_can_say_survives_the_way_there_and_back(chat in chats()) {
        let there = translated(Dialect::OpenAi, Dialect::Anthropic, &TARGET, &chat.to_string());
        let there = there.unwrap();
        let back = translated(Dialect::Anthropic, Dialect::OpenAi, &TARGET, &there).unwrap();
        let back: Value = serde_json::from_str(&back).unwrap();
        prop_assert_eq!(back, chat, "by way of {}", there);
    }

    #[test]
    fn a_stream_says_what_the_whole_answer_says(
        blocks in answers(),
        piece in 1..9_usize,
        cut in any::<prop::sample::Index>(),
    ) {
        let usage = json!({"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":8});
        let whole = json!({"id":"m","type":"message","role":"assistant","model":"c",
            "content":&blocks,"stop_reason":"end_turn","usage":&usage});
        let completion = answered(Dialect::Anthropic, Dialect::OpenAi, &whole.to_string());
        let stream = stream_of(&blocks, piece, &usage);
        let cut = cut.index(stream.len());
        let (first, last) = stream.as_bytes().split_at(cut);
        let (chunks, is_good) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[first, last]);
        prop_assert!(is_good);
        prop_assert_eq!(of_chunks(&chunks), of_completion(&completion));
        // And back again, as another client would get it.
        let (events, is_good) = streamed(Dialect::OpenAi, Dialect::Anthropic, &[chunks.as_bytes()]);
        prop_assert!(is_good);
        let message = answered(Dialect::OpenAi, Dialect::Anthropic, &completion);
        let message: Value = serde_json::from_str(&message).unwrap();
        let mut received = of_events(&events);
        prop_assert_eq!(&received["usage"], &message["usage"]);
        prop_assert_eq!(&received["stop_reason"], &message["stop_reason"]);
        // A whole answer has its texts first; their order among calls is lost.
        prop_assert_eq!(joined(&mut received), joined(&mut message.clone()));
    }

    #[test]
    fn no_bytes_make_a_translator_panic(bytes in vec(any::<u8>(), 0..200)) {
        feed_everything(&bytes);
    }

    #[test]
    fn no_change_of_a_byte_makes_a_translator_panic(
        chat in chats(),
        blocks in answers(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let usage = json!({"input_tokens":3,"output_tokens":8});
        let stream = stream_of(&blocks, 3, &usage);
        let answer = json!({"content":&blocks,"stop_reason":"end_turn","usage":usage});
        let there = translated(Dialect::OpenAi, Dialect::Anthropic, &TARGET, &chat.to_string());
        let completion = answered(Dialect::Anthropic, Dialect::OpenAi, &answer.to_string());
        let (chunks, _) = streamed(Dialect::Anthropic, Dialect::OpenAi, &[stream.as_bytes()]);
        for text in [chat.to_string(), there.unwrap(), answer.to_string(), completion, stream, chunks] {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            feed_everything(&bytes);
        }
    }
}

/// Texts and inputs of a message by kind, each kind in its order.
fn joined(message: &mut Value) -> (String, String, Vec<Value>) {
    let content = message["content"].as_array().unwrap();
    let of = |kind: &str, name: &str| -> String {
        let blocks = content.iter().filter(|block| block["type"] == kind);
        blocks.map(|block| text(&block[name])).collect()
    };
    let calls = content.iter().filter(|block| block["type"] == "tool_use");
    (
        of("text", "text"),
        of("thinking", "thinking"),
        calls.cloned().collect(),
    )
}

fn feed_everything(bytes: &[u8]) {
    let dialects = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];
    for from in dialects {
        for to in dialects {
            let _ = request(from, to, bytes, &TARGET);
            let _ = answer(from, to, bytes, WANTED);
            let _ = error(from, to, 500, bytes);
            if let Some(mut stream) = TranslatedStream::new(from, to, WANTED) {
                let mut out = String::new();
                let event = [b"data: ", bytes, b"\n\n"].concat();
                let _ = stream.push(&event, &mut out);
                let _ = stream.push(bytes, &mut out);
                let _ = stream.finish(&mut out);
            }
        }
    }
    let _ = crate::anthropic::MessagesRequest::read(bytes);
    let _ = crate::anthropic::Answer::read(bytes).map(|answer| answer.texts());
}
