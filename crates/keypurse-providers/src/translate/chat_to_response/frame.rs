//! The response around its output: mostly what was asked for, repeated.

use std::fmt::Write as _;

use keypurse_core::usage::TokenCounts;
use serde_json::value::RawValue;

use super::Status;
use crate::members::Members;
use crate::openai::write_response_usage;
use crate::translate::chat_answer::some_text;

/// Members that are repeated as the client wrote them, and what they are else.
const REPEATED: [(&str, &str); 15] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_p", "null"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// What is longer is not repeated: events have a largest size.
const LONGEST: usize = 1024 * 1024;
/// An id is repeated in each event.
const LONGEST_KEY: usize = 48;

/// Everything of a response but how it stands and what it says.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// What each of its items' ids ends with, but for its number.
    pub(super) key: String,
    id: String,
    asked: String,
    created: u64,
    model: String,
    service_tier: String,
}

/// How a response stands.
pub(super) struct State<'a> {
    pub(super) status: Status,
    /// Its items, separated by commas.
    pub(super) output: &'a str,
    pub(super) usage: Option<&'a TokenCounts>,
}

impl Frame {
    /// That of the answer to this request.
    pub(super) fn of(asked: &[u8], created: u64) -> Self {
        let text = std::str::from_utf8(asked).ok();
        let members = text.and_then(Members::read);
        let mut repeated = String::new();
        for (name, usual) in REPEATED {
            let stated = members.as_ref().and_then(|it| it.get(name));
            let stated = stated.map(RawValue::get).filter(|it| it.len() <= LONGEST);
            let value = stated.unwrap_or(usual);
            let _ = write!(repeated, r#","{name}":{value}"#);
        }
        Self {
            asked: one_line(&repeated),
            created,
            ..Self::default()
        }
    }

    /// Learns how the provider names the answer and its model.
    pub(super) fn name(&mut self, id: Option<&RawValue>, model: Option<&RawValue>) {
        let id = some_text(id).map_or("", RawValue::get);
        let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let id: String = id.chars().filter(fits).collect();
        self.key = match &id[id.len().saturating_sub(LONGEST_KEY)..] {
            "" => format!("translated{}", self.created),
            end => end.to_owned(),
        };
        self.id = format!("resp_{}", self.key);
        let model = some_text(model).map_or(r#""""#, RawValue::get);
        model.clone_into(&mut self.model);
    }

    /// Learns the tier the provider served it in.
    pub(super) fn tier(&mut self, tier: Option<&RawValue>) {
        if let Some(tier) = some_text(tier) {
            tier.get().clone_into(&mut self.service_tier);
        }
    }

    /// The response as it stands.
    pub(super) fn response(&self, state: &State<'_>) -> String {
        let State {
            status,
            output,
            usage,
        } = state;
        let why = match status {
            Status::Incomplete(why) => format!(r#"{{"reason":"{why}"}}"#),
            Status::InProgress | Status::Completed => "null".to_owned(),
        };
        let usage = usage.map(|counts| write_response_usage(counts).to_string());
        let usage = usage.as_deref().unwrap_or("null");
        // What nobody told would be believed, and paid for.
        let tier = match self.service_tier.as_str() {
            "" => "null",
            tier => tier,
        };
        let Self {
            id,
            created,
            model,
            asked,
            ..
        } = self;
        format!(
            concat!(
                r#"{{"id":"{id}","object":"response","created_at":{created},"status":"{status}","#,
                r#""background":false,"error":null,"incomplete_details":{why},"model":{model},"#,
                r#""output":[{output}],"previous_response_id":null,"service_tier":{tier},"#,
                r#""store":false{asked},"usage":{usage}}}"#
            ),
            id = id,
            created = created,
            status = status.as_str(),
            why = why,
            model = model,
            output = output,
            tier = tier,
            asked = asked,
            usage = usage,
        )
    }
}

/// An event is one line; between JSON's tokens only white space breaks.
pub(super) fn one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}
