//! The conversation, as responses send it: a text, or a list of items.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{Asked, Message, Part, Role},
    failure::InvalidRequest,
    fields::{Json, get, present, string, text},
};

pub(super) fn read(body: Json<'_>) -> Result<Vec<Message<'_>>, InvalidRequest> {
    let mut messages = Vec::new();
    if let Some(instructions) = text(body, "instructions")? {
        messages.push(Message {
            role: Role::System,
            content: vec![Part::Text(instructions)],
        });
    }
    match present(body, "input") {
        Some(Value::Str(text)) => messages.push(Message {
            role: Role::User,
            content: vec![Part::Text(text)],
        }),
        Some(Value::Array(items)) if !items.is_empty() => read_items(body, items, &mut messages)?,
        None if goes_on(body) => {}
        Some(_) | None => {
            let message = "expected a string, or an array with at least one item";
            return Err(InvalidRequest::new("input", message));
        }
    }
    // What was stored elsewhere is not known here.
    if messages.is_empty() {
        messages.push(Message {
            role: Role::User,
            content: Vec::new(),
        });
    }
    Ok(messages)
}

/// Whether there is a conversation that this request does not carry.
fn goes_on(body: Json<'_>) -> bool {
    ["previous_response_id", "conversation", "prompt"]
        .iter()
        .any(|field| present(body, field).is_some())
}

fn read_items<'a>(
    body: Json<'a>,
    items: &'a [Value<'a>],
    messages: &mut Vec<Message<'a>>,
) -> Result<(), InvalidRequest> {
    let mut reader = Items {
        asked: Asked::default(),
        goes_on: goes_on(body),
    };
    let mut said = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let message = reader.read(item, index)?;
        // Nobody speaks there, so that it is not what is answered.
        if is_tools(item) {
            messages.push(message);
        } else {
            said.push(message);
        }
    }
    messages.append(&mut said);
    reader.asked.settle()
}

/// Whether an item has tools, which are read with the others.
pub(super) fn is_tools(item: Json<'_>) -> bool {
    get(item, "type").and_then(Value::as_str) == Some("additional_tools")
}

struct Items<'a> {
    /// The calls made so far, which outputs must answer.
    asked: Asked<'a>,
    /// Whether calls may have been made that are not seen here.
    goes_on: bool,
}

impl<'a> Items<'a> {
    fn read(&mut self, item: Json<'a>, index: usize) -> Result<Message<'a>, InvalidRequest> {
        let path = |field: &str| format!("input[{index}].{field}");
        let kind = match get(item, "type") {
            None => "message",
            Some(Value::Str(kind)) => kind,
            Some(_) => return Err(InvalidRequest::new(path("type"), "expected a string")),
        };
        let (role, content) = match kind {
            "message" => return message(item, index),
            "function_call" | "custom_tool_call" => {
                string(item, "name", || path("name"))?;
                let id = string(item, "call_id", || path("call_id"))?;
                self.asked.call(id, path("call_id"));
                (Role::Assistant, vec![Part::Calls(item)])
            }
            "local_shell_call" => {
                // Its output may name it by either.
                if let Some(id) = get(item, "id").and_then(Value::as_str) {
                    self.asked.note(id);
                }
                self.described(item, path)?
            }
            "apply_patch_call" => self.described(item, path)?,
            "function_call_output" | "custom_tool_call_output" => {
                self.answers(item, "call_id", path)?;
                (Role::Tool, parts(item, "output", index)?)
            }
            "local_shell_call_output" => {
                // The SDKs' types say `id`, the examples `call_id`.
                let named = present(item, "call_id").map_or("id", |_| "call_id");
                self.answers(item, named, path)?;
                (Role::Tool, parts(item, "output", index)?)
            }
            "apply_patch_call_output" => {
                self.answers(item, "call_id", path)?;
                let said = present(item, "output").map(|_| parts(item, "output", index));
                (Role::Tool, said.transpose()?.unwrap_or_default())
            }
            "additional_tools" => (Role::Developer, vec![Part::Calls(item)]),
            // What is referred to may be a call.
            "item_reference" => {
                self.goes_on = true;
                (Role::Assistant, vec![Part::File])
            }
            // Reasoning, and the traces of hosted tools.
            _ if item.is_object() => (Role::Assistant, vec![Part::File]),
            _ => return Err(InvalidRequest::new(path("type"), "expected an object")),
        };
        Ok(Message { role, content })
    }

    /// A call of a tool that OpenAI describes, which an output may answer from
    /// here on.
    fn described(
        &mut self,
        item: Json<'a>,
        path: impl Fn(&str) -> String,
    ) -> Result<(Role, Vec<Part<'a>>), InvalidRequest> {
        let id = string(item, "call_id", || path("call_id"))?;
        self.asked.note(id);
        Ok((Role::Assistant, vec![Part::Calls(item)]))
    }

    /// Refuses an output whose call, which is named in `field`, was not made.
    fn answers(
        &mut self,
        item: Json<'a>,
        field: &str,
        path: impl Fn(&str) -> String,
    ) -> Result<(), InvalidRequest> {
        let id = string(item, field, || path(field))?;
        if self.asked.answer(id) || self.asked.knows(id) || self.goes_on {
            return Ok(());
        }
        let message = "an output must answer a call that is among the input";
        Err(InvalidRequest::new(path(field), message))
    }
}

fn message(item: Json<'_>, index: usize) -> Result<Message<'_>, InvalidRequest> {
    let path = || format!("input[{index}].role");
    let role = match string(item, "role", path)? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        "developer" => Role::Developer,
        _ => {
            let message = "expected one of user, assistant, system, developer";
            return Err(InvalidRequest::new(path(), message));
        }
    };
    let content = parts(item, "content", index)?;
    Ok(Message { role, content })
}

fn parts<'a>(item: Json<'a>, field: &str, index: usize) -> Result<Vec<Part<'a>>, InvalidRequest> {
    let path = format!("input[{index}].{field}");
    match present(item, field) {
        Some(Value::Str(text)) => Ok(vec![Part::Text(text)]),
        Some(Value::Array(parts)) => parts
            .iter()
            .enumerate()
            .map(|(at, listed)| part(listed, &|field| format!("{path}[{at}].{field}")))
            .collect(),
        Some(_) | None => Err(InvalidRequest::new(
            path,
            "expected a string or an array of content parts",
        )),
    }
}

fn part<'a>(part: Json<'a>, path: &dyn Fn(&str) -> String) -> Result<Part<'a>, InvalidRequest> {
    match string(part, "type", || path("type"))? {
        "input_text" | "output_text" => string(part, "text", || path("text")).map(Part::Text),
        "refusal" => string(part, "refusal", || path("refusal")).map(Part::Text),
        "input_image" => Ok(Part::Image),
        "input_audio" => Ok(Part::Sound),
        "input_file" => Ok(Part::File),
        _ => Err(InvalidRequest::new(
            path("type"),
            "expected one of input_text, input_image, input_file, input_audio, output_text, refusal",
        )),
    }
}
