//! The conversation, as chat completions send it.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{Asked, Message, Part, Role},
    failure::InvalidRequest,
    fields::{Json, NULL, get, present, string},
};

pub(super) fn read(body: Json<'_>) -> Result<Vec<Message<'_>>, InvalidRequest> {
    let messages = match get(body, "messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Array(_)) => {
            return Err(InvalidRequest::new("messages", "send at least one message"));
        }
        Some(_) => {
            return Err(InvalidRequest::new(
                "messages",
                "expected an array of messages",
            ));
        }
        None => return Err(InvalidRequest::new("messages", "this array is required")),
    };
    let mut asked = Asked::default();
    let messages = messages
        .iter()
        .enumerate()
        .map(|(index, message)| Reader { message, index }.read(&mut asked))
        .collect::<Result<_, _>>()?;
    asked.settle()?;
    Ok(messages)
}

struct Reader<'a> {
    message: Json<'a>,
    index: usize,
}

impl<'a> Reader<'a> {
    /// `asked` holds the calls made so far, which tool messages must answer.
    fn read(&self, asked: &mut Asked<'a>) -> Result<Message<'a>, InvalidRequest> {
        let role = self.role()?;
        if role != Role::Tool {
            asked.settle()?;
        }
        let calls = match role {
            Role::Assistant => self.calls(asked)?,
            Role::Tool => self.check_answers(asked)?,
            Role::Function => self.string("name").map(|_| None)?,
            Role::System | Role::Developer | Role::User => None,
        };
        let mut content = self.content(role, calls.is_some())?;
        content.extend(calls.map(Part::Calls));
        Ok(Message { role, content })
    }

    fn role(&self) -> Result<Role, InvalidRequest> {
        let name = self.string("role")?;
        named(name).ok_or_else(|| {
            let message = "expected one of system, developer, user, assistant, tool, function";
            self.invalid("role", message)
        })
    }

    fn content(&self, role: Role, calls: bool) -> Result<Vec<Part<'a>>, InvalidRequest> {
        match present(self.message, "content") {
            Some(Value::Str(text)) => Ok(vec![Part::Text(text)]),
            Some(Value::Array(parts)) if !parts.is_empty() => parts
                .iter()
                .enumerate()
                .map(|(at, part)| self.part(part, at))
                .collect(),
            None if role == Role::Assistant && (calls || self.says_otherwise()) => Ok(Vec::new()),
            Some(_) | None => {
                Err(self.invalid("content", "expected a string or an array of content parts"))
            }
        }
    }

    /// An assistant may have refused or spoken instead of writing.
    fn says_otherwise(&self) -> bool {
        ["refusal", "audio"]
            .iter()
            .any(|field| present(self.message, field).is_some())
    }

    fn part(&self, part: Json<'a>, at: usize) -> Result<Part<'a>, InvalidRequest> {
        let path = |field: &str| format!("messages[{}].content[{at}].{field}", self.index);
        let carried = |object: &str, field: &str| {
            let carrier = get(part, object).unwrap_or(NULL);
            string(carrier, field, || path(&format!("{object}.{field}")))
        };
        match string(part, "type", || path("type"))? {
            "text" => string(part, "text", || path("text")).map(Part::Text),
            "refusal" => string(part, "refusal", || path("refusal")).map(Part::Text),
            "image_url" => carried("image_url", "url").map(|_| Part::Image),
            "input_audio" => carried("input_audio", "data").map(|_| Part::Sound),
            "file" if get(part, "file").is_some_and(Value::is_object) => Ok(Part::File),
            "file" => Err(InvalidRequest::new(path("file"), "expected an object")),
            _ => Err(InvalidRequest::new(
                path("type"),
                "expected one of text, image_url, input_audio, file, refusal",
            )),
        }
    }

    fn calls(&self, asked: &mut Asked<'a>) -> Result<Option<Json<'a>>, InvalidRequest> {
        let Some(calls) = present(self.message, "tool_calls") else {
            return Ok(present(self.message, "function_call"));
        };
        let listed = calls.as_array().filter(|listed| !listed.is_empty());
        let listed = listed
            .ok_or_else(|| self.invalid("tool_calls", "expected a non-empty array of calls"))?;
        for (at, call) in listed.iter().enumerate() {
            let path = || format!("messages[{}].tool_calls[{at}].id", self.index);
            asked.call(string(call, "id", path)?, path());
        }
        Ok(Some(calls))
    }

    fn check_answers(&self, asked: &mut Asked<'a>) -> Result<Option<Json<'a>>, InvalidRequest> {
        let id = self.string("tool_call_id")?;
        if asked.answer(id) || asked.knows(id) {
            return Ok(None);
        }
        let message = "a tool message must answer one of the `tool_calls` of an earlier message";
        Err(self.invalid("tool_call_id", message))
    }

    fn string(&self, field: &str) -> Result<&'a str, InvalidRequest> {
        string(self.message, field, || self.path(field))
    }

    fn path(&self, field: &str) -> String {
        format!("messages[{}].{field}", self.index)
    }

    fn invalid(&self, field: &str, message: &str) -> InvalidRequest {
        InvalidRequest::new(self.path(field), message)
    }
}

fn named(role: &str) -> Option<Role> {
    Some(match role {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => Role::Function,
        _ => return None,
    })
}
