use std::time::Duration;

use serde_json::{Value, json};

use super::{Content, events_of, field, file, json_of, play};
use crate::simulator::{Endpoint, Failure, Reply, RequestBody, Scenario, delivery};

/// A plain call on each route, streamed where the route has streams.
fn call(endpoint: Endpoint, streamed: bool, scenario: Option<Scenario>) -> Result<Reply, Failure> {
    let messages = json!([{ "role": "user", "content": "What is a purse?" }]);
    let body = match endpoint {
        Endpoint::ChatCompletions => json!({ "messages": messages }),
        Endpoint::Responses => json!({ "input": "What is a purse?" }),
        Endpoint::Embeddings | Endpoint::Moderations => json!({ "input": "purse" }),
        Endpoint::ImageGenerations => json!({ "prompt": "a purse" }),
        Endpoint::Speech => json!({ "input": "A purse.", "voice": "alloy" }),
        Endpoint::Messages | Endpoint::CountTokens => {
            json!({ "messages": messages, "max_tokens": 1000 })
        }
        Endpoint::ImageEdits | Endpoint::Transcriptions => {
            let streamed = field("stream", if streamed { "true" } else { "false" });
            let form = [
                file("image", b"x"),
                file("file", b"x"),
                field("prompt", "x"),
                streamed,
            ];
            return play(
                endpoint,
                RequestBody::Form(&form),
                "gpt-transcribe",
                scenario,
            );
        }
    };
    let mut body = body;
    if endpoint == Endpoint::Speech && streamed {
        body["stream_format"] = "sse".into();
    } else {
        body["stream"] = streamed.into();
    }
    let body = body.to_string();
    play(
        endpoint,
        RequestBody::Json(body.as_bytes()),
        "some-model",
        scenario,
    )
}

fn streams(endpoint: Endpoint) -> bool {
    !matches!(
        endpoint,
        Endpoint::Embeddings | Endpoint::Moderations | Endpoint::CountTokens
    )
}

#[test]
fn every_route_answers_whole_and_streamed() {
    for endpoint in Endpoint::ALL {
        for streamed in [false, true] {
            let reply = call(endpoint, streamed, None).unwrap();
            let is_stream = matches!(reply.content, Content::Stream(_));
            assert_eq!(is_stream, streamed && streams(endpoint), "{endpoint:?}");
        }
    }
}

#[test]
fn a_provider_s_failure_speaks_the_wire_of_its_route() {
    for endpoint in Endpoint::ALL {
        for (scenario, status, openai, anthropic) in [
            (
                Scenario::RateLimit,
                429,
                "rate_limit_error",
                "rate_limit_error",
            ),
            (Scenario::ServerError, 500, "server_error", "api_error"),
            (
                Scenario::Unavailable,
                503,
                "server_error",
                "overloaded_error",
            ),
        ] {
            let Err(Failure::Provider(failure)) = call(endpoint, true, Some(scenario)) else {
                panic!("{endpoint:?} did not fail")
            };
            assert_eq!(failure.status, status);
            assert_eq!(failure.retry_after.is_some(), status == 429);
            let body: Value = serde_json::from_str(&failure.body).unwrap();
            if matches!(endpoint, Endpoint::Messages | Endpoint::CountTokens) {
                assert_eq!(
                    (&body["type"], &body["error"]["type"]),
                    (&json!("error"), &json!(anthropic))
                );
            } else {
                assert_eq!(body["error"]["type"], openai);
                assert!(body["error"].get("param").is_some());
            }
            assert!(
                body["error"]["message"]
                    .as_str()
                    .unwrap()
                    .starts_with("simulated: ")
            );
        }
    }
}

#[test]
fn the_gateway_s_own_failures_are_its_own() {
    for endpoint in Endpoint::ALL {
        for (scenario, failure) in [
            (Scenario::Timeout, Failure::Timeout),
            (Scenario::InsufficientBalance, Failure::InsufficientBalance),
            (Scenario::Expired, Failure::Expired),
        ] {
            assert_eq!(call(endpoint, false, Some(scenario)), Err(failure));
        }
    }
}

#[test]
fn a_refusal_is_an_answer_or_a_400() {
    for endpoint in Endpoint::ALL {
        for streamed in [false, true] {
            match call(endpoint, streamed, Some(Scenario::Refusal)) {
                Ok(_) => assert!(matches!(
                    endpoint,
                    Endpoint::ChatCompletions
                        | Endpoint::Responses
                        | Endpoint::Messages
                        | Endpoint::Moderations
                )),
                Err(Failure::Provider(failure)) => assert_eq!(failure.status, 400),
                other => panic!("{endpoint:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn length_and_empty_change_every_route() {
    for endpoint in Endpoint::ALL {
        let plain = call(endpoint, false, None).unwrap();
        for scenario in [Scenario::Length, Scenario::Empty] {
            match call(endpoint, false, Some(scenario)) {
                Ok(changed) => assert!(
                    changed.content != plain.content || endpoint == Endpoint::CountTokens,
                    "{endpoint:?} {scenario:?}"
                ),
                Err(Failure::Provider(failure)) => {
                    assert_eq!((failure.status, scenario), (400, Scenario::Length));
                }
                other => panic!("{endpoint:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_cut_stream_lacks_its_end() {
    for endpoint in Endpoint::ALL
        .into_iter()
        .filter(|endpoint| streams(*endpoint))
    {
        let whole = events_of(&call(endpoint, true, None).unwrap());
        let cut = call(endpoint, true, Some(Scenario::CutStream)).unwrap();
        let Content::Stream(stream) = &cut.content else {
            panic!("no stream")
        };
        assert_eq!((stream.usage_at, stream.ends_with_done), (None, false));
        let cut = events_of(&cut);
        assert!(cut.len() < whole.len(), "{endpoint:?}");
        assert_eq!(cut, whole[..cut.len()]);
    }
}

#[test]
fn a_malformed_stream_has_one_event_that_is_no_json() {
    for endpoint in Endpoint::ALL
        .into_iter()
        .filter(|endpoint| streams(*endpoint))
    {
        let whole = call(endpoint, true, None).unwrap();
        let spoiled = call(endpoint, true, Some(Scenario::MalformedChunk)).unwrap();
        let (Content::Stream(whole), Content::Stream(mut spoiled)) =
            (whole.content, spoiled.content)
        else {
            panic!("no stream")
        };
        let is_broken = |data: &str| serde_json::from_str::<Value>(data).is_err();
        let told = |stream: &crate::simulator::Stream| {
            stream.usage_at.map(|at| stream.events[at].data.clone())
        };
        assert_eq!(told(&spoiled), told(&whole), "{endpoint:?}");
        let at = spoiled
            .events
            .iter()
            .position(|event| is_broken(&event.data))
            .unwrap();
        spoiled.events.remove(at);
        assert_eq!(spoiled.events, whole.events, "{endpoint:?}");
    }
}

#[test]
fn an_event_of_wide_characters_is_broken_too() {
    let event = crate::simulator::Event {
        name: None,
        data: json!({ "delta": "\u{1f45b}".repeat(500) }).to_string(),
    };
    let mut content = Content::Stream(crate::simulator::Stream {
        events: vec![event],
        usage_at: Some(0),
        ends_with_done: false,
    });
    delivery::spoil_stream(&mut content, Scenario::MalformedChunk);
    let Content::Stream(stream) = content else {
        panic!("no stream")
    };
    assert_eq!((stream.events.len(), stream.usage_at), (2, Some(1)));
    assert!(serde_json::from_str::<Value>(&stream.events[0].data).is_err());
}

#[test]
fn whole_answers_are_spoiled_by_the_server() {
    let body = || b"{\"a\":1}".to_vec();
    let spoiled = |scenario: Scenario| {
        let mut body = body();
        scenario.spoil(&mut body);
        String::from_utf8(body).unwrap()
    };
    assert_eq!(spoiled(Scenario::CutStream), "{\"a");
    assert_eq!(spoiled(Scenario::MalformedChunk), "{\"a\":1");
    assert_eq!(spoiled(Scenario::Slow), "{\"a\":1}");
    for endpoint in Endpoint::ALL {
        for scenario in [
            Scenario::CutStream,
            Scenario::MalformedChunk,
            Scenario::Slow,
        ] {
            let reply = call(endpoint, false, Some(scenario)).unwrap();
            assert_eq!(reply, call(endpoint, false, None).unwrap());
        }
    }
}

#[test]
fn slow_answers_have_their_pace() {
    let pace = Scenario::Slow.pace();
    assert!(pace.start > Duration::ZERO && pace.between > Duration::ZERO);
    let pace = Scenario::SlowFirstToken.pace();
    assert!(pace.start > Duration::ZERO && pace.between == Duration::ZERO);
    assert_eq!(Scenario::CutStream.pace().start, Duration::ZERO);
}

#[test]
fn usage_in_a_chat_stream_is_told_when_asked_for() {
    let body = |options: &str| {
        format!(
            "{{\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],\"stream\":true{options}}}"
        )
    };
    for (options, usage) in [
        ("", false),
        (",\"stream_options\":{\"include_usage\":true}", true),
    ] {
        let body = body(options);
        let body = RequestBody::Json(body.as_bytes());
        let reply = play(Endpoint::ChatCompletions, body, "m", None).unwrap();
        let Content::Stream(stream) = &reply.content else {
            panic!("no stream")
        };
        assert!(stream.ends_with_done);
        assert_eq!(stream.usage_at.is_some(), usage);
        if let Some(at) = stream.usage_at {
            let told: Value = serde_json::from_str(&stream.events[at].data).unwrap();
            assert_eq!(
                told["usage"]["completion_tokens"],
                reply.usage.output_tokens
            );
        }
    }
}

#[test]
fn ids_carry_the_prefix_of_their_route() {
    for (endpoint, prefix) in [
        (Endpoint::ChatCompletions, "chatcmpl-1"),
        (Endpoint::Responses, "resp_1"),
        (Endpoint::Moderations, "modr-1"),
        (Endpoint::Messages, "msg_1"),
    ] {
        let answer = json_of(&call(endpoint, false, None).unwrap());
        assert_eq!(answer["id"], prefix);
    }
}
