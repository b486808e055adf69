//! What the simulator promises, one file per promise.

mod instances;
mod refused;
mod scenarios;
mod streams;
mod texts;
mod tools;

use serde_json::{Value, json};

use super::{ChatRequest, Completion, Scenario, Stamp, chat};

fn answer(body: &Value) -> Completion {
    answer_with(body, None)
}

fn answer_with(body: &Value, scenario: Option<Scenario>) -> Completion {
    let request = ChatRequest::read(body).unwrap();
    let stamp = Stamp {
        id: "chatcmpl-1".to_owned(),
        created_unix: 1_767_225_600,
    };
    chat(&request, "openai/gpt-4o-mini", &stamp, scenario)
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
