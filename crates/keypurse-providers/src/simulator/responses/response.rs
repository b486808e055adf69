//! The `response` object around the output.

use serde_json::{Map, Value, json};

use super::items::Item;
use crate::simulator::{
    conversation::Finish,
    endpoint::Call,
    fields::{Json, get, present, service_tier},
    reply::SimulatedUsage,
};

/// Fields that are repeated as the client sent them, and what they are else.
const ECHOED: [(&str, Value); 14] = [
    ("instructions", Value::Null),
    ("max_output_tokens", Value::Null),
    ("max_tool_calls", Value::Null),
    ("metadata", Value::Null),
    ("parallel_tool_calls", Value::Bool(true)),
    ("previous_response_id", Value::Null),
    ("prompt_cache_key", Value::Null),
    ("safety_identifier", Value::Null),
    ("store", Value::Bool(true)),
    ("temperature", Value::Null),
    ("top_logprobs", Value::Null),
    ("top_p", Value::Null),
    ("truncation", Value::Null),
    ("user", Value::Null),
];

#[derive(Debug)]
pub(super) struct Response<'c> {
    /// Everything but status, output and usage.
    frame: Map<String, Value>,
    call: Call<'c>,
    usage: SimulatedUsage,
    cut: bool,
}

impl<'c> Response<'c> {
    pub(super) fn new(
        body: Json<'_>,
        call: Call<'c>,
        usage: SimulatedUsage,
        finish: Finish,
    ) -> Self {
        Self {
            frame: frame(body, call),
            call,
            usage,
            cut: finish == Finish::Length,
        }
    }

    /// Before anything is said.
    pub(super) fn begun(&self) -> Value {
        self.with("in_progress", Vec::new(), Value::Null)
    }

    pub(super) fn finished(&self, items: &[Item<'_>]) -> Value {
        let output = items.iter().map(Item::finished).collect();
        let usage = json!({
            "input_tokens": self.usage.input_tokens,
            "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
            "output_tokens": self.usage.output_tokens,
            "output_tokens_details": { "reasoning_tokens": self.usage.reasoning_tokens },
            "total_tokens": self.usage.input_tokens + self.usage.output_tokens,
        });
        let mut response = self.with(self.status(), output, usage);
        if self.cut {
            response["incomplete_details"] = json!({ "reason": "max_output_tokens" });
        } else {
            response["completed_at"] = self.call.stamp.created_unix.into();
        }
        response
    }

    /// How it ends: `completed` or `incomplete`.
    pub(super) fn status(&self) -> &'static str {
        if self.cut { "incomplete" } else { "completed" }
    }

    fn with(&self, status: &str, output: Vec<Value>, usage: Value) -> Value {
        let mut response = self.frame.clone();
        response.insert("status".to_owned(), status.into());
        response.insert("output".to_owned(), output.into());
        response.insert("usage".to_owned(), usage);
        response.into()
    }
}

fn frame(body: Json<'_>, call: Call<'_>) -> Map<String, Value> {
    let mut frame = Map::new();
    for (field, value) in [
        ("id", format!("resp_{}", call.stamp.id).into()),
        ("object", "response".into()),
        ("created_at", call.stamp.created_unix.into()),
        ("status", Value::Null),
        ("background", false.into()),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("model", call.facts.model.into()),
        ("output", Value::Null),
        ("reasoning", reasoning(body)),
        (
            "service_tier",
            service_tier(body).unwrap_or("default").into(),
        ),
        ("text", text(body)),
        (
            "tool_choice",
            present(body, "tool_choice").map_or_else(|| "auto".into(), Value::from),
        ),
        ("tools", tools(body)),
    ] {
        frame.insert(field.to_owned(), value);
    }
    for (field, usual) in ECHOED {
        let value = present(body, field).map_or(usual, Value::from);
        frame.insert(field.to_owned(), value);
    }
    if !call.facts.keeps_responses {
        frame.insert("store".to_owned(), false.into());
    }
    frame
}

fn reasoning(body: Json<'_>) -> Value {
    let mut reasoning = json!({ "effort": null, "summary": null });
    if let Some(asked) = present(body, "reasoning") {
        for field in ["effort", "summary"] {
            if let Some(value) = get(asked, field).and_then(|value| value.as_str()) {
                reasoning[field] = value.into();
            }
        }
    }
    reasoning
}

fn text(body: Json<'_>) -> Value {
    let mut text = json!({ "format": { "type": "text" } });
    if let Some(asked) = present(body, "text") {
        for field in ["format", "verbosity"] {
            if let Some(value) = present(asked, field) {
                text[field] = value.into();
            }
        }
    }
    text
}

/// The tools, with what OpenAI adds to each function.
fn tools(body: Json<'_>) -> Value {
    let mut tools = present(body, "tools").map_or_else(|| json!([]), Value::from);
    let listed = tools.as_array_mut().into_iter().flatten();
    for tool in listed.filter_map(Value::as_object_mut) {
        if tool.get("type").is_some_and(|kind| kind == "function") {
            for (field, usual) in [("parameters", Value::Null), ("strict", true.into())] {
                tool.entry(field).or_insert(usual);
            }
        }
    }
    tools
}
