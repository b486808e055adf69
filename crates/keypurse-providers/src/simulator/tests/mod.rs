//! What the simulator promises, one file per promise.

mod embeddings;
mod failures;
mod hostile;
mod images;
mod instances;
mod messages;
mod moderations;
mod refused;
mod responses;
mod scenarios;
mod speech;
mod streams;
mod texts;
mod tools;
mod transcriptions;

use serde_json::{Value, json};

use super::{
    ChatRequest, Completion, Content, Endpoint, Failure, FormField, InvalidRequest, ModelFacts,
    Reply, RequestBody, Scenario, Stamp, chat, simulate,
};

fn answer(body: &Value) -> Completion {
    answer_with(body, None)
}

fn answer_with(body: &Value, scenario: Option<Scenario>) -> Completion {
    answered(body, scenario).unwrap()
}

fn answered(body: &Value, scenario: Option<Scenario>) -> Result<Completion, InvalidRequest> {
    let body = body.to_string();
    let body = serde_json::from_str(&body).expect("what was written is JSON");
    let request = ChatRequest::read(&body)?;
    let stamp = Stamp {
        id: "chatcmpl-1".to_owned(),
        created_unix: 1_767_225_600,
    };
    Ok(chat(&request, "openai/gpt-4o-mini", stamp, scenario))
}

/// A request with one user message, and whatever `more` adds.
fn asking(prompt: &str, more: &Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": prompt }] });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

fn text(completion: &Completion) -> String {
    let json = completion.to_json();
    json["choices"][0]["message"]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What `endpoint` answers, in the name of a model of OpenAI.
fn play(
    endpoint: Endpoint,
    body: RequestBody<'_>,
    model: &str,
    scenario: Option<Scenario>,
) -> Result<Reply, Failure> {
    let facts = ModelFacts {
        provider: "openai",
        model,
        dimensions: None,
        keeps_responses: true,
    };
    let stamp = Stamp {
        id: "1".to_owned(),
        created_unix: 1_767_225_600,
    };
    simulate(endpoint, body, facts, &stamp, scenario)
}

fn post(endpoint: Endpoint, body: &Value) -> Result<Reply, Failure> {
    let body = body.to_string();
    play(
        endpoint,
        RequestBody::Json(body.as_bytes()),
        "some-model",
        None,
    )
}

#[track_caller]
fn json_of(reply: &Reply) -> Value {
    match &reply.content {
        Content::Json(json) => serde_json::from_slice(json).unwrap(),
        other => panic!("no JSON but {other:?}"),
    }
}

/// The data of a stream's events, each of which has its type as its name, if
/// any.
#[track_caller]
fn events_of(reply: &Reply) -> Vec<Value> {
    let Content::Stream(stream) = &reply.content else {
        panic!("no stream but {:?}", reply.content)
    };
    let events = stream.events.iter().map(|event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        if let Some(name) = event.name {
            assert_eq!(data["type"], name);
        }
        data
    });
    events.collect()
}

/// The `param` that a refusal names.
#[track_caller]
fn param_of(reply: Result<Reply, Failure>) -> String {
    match reply {
        Err(Failure::Invalid(invalid)) => invalid.param,
        other => panic!("not refused but {other:?}"),
    }
}

/// `body` with what `more` adds.
fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    body
}

fn field<'a>(name: &'a str, text: &'a str) -> FormField<'a> {
    FormField {
        name,
        file_name: None,
        bytes: text.as_bytes(),
    }
}

fn file<'a>(name: &'a str, bytes: &'a [u8]) -> FormField<'a> {
    FormField {
        name,
        file_name: Some("file.bin"),
        bytes,
    }
}
