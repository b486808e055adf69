//! Items of an output, as they begin and when they are finished.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::Status;
use super::custom::CustomInput;
use super::frame::Frame;
use crate::translate::chat_answer::Piece;
use crate::translate::proof::Proof;
use crate::translate::response_tools::ToolNames;

/// An item, as far as it is said.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// What it says, as it is written in JSON, without its quotes.
    pub(super) said: String,
    /// What the model wants to see again.
    pub(super) proof: Proof,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum Kind {
    Reasoning,
    Text,
    Refusal,
    Call(CalledTool),
}

/// What should be a text and is none, or has half a character in it.
#[derive(Debug)]
pub(super) struct NoText;

/// A tool that is called. Texts are as they are written, quotes included.
#[derive(Debug)]
pub(super) struct CalledTool {
    call_id: Box<RawValue>,
    name: Box<str>,
    namespace: Option<Box<str>>,
    /// What of its input is there, if it takes a text.
    pub(super) custom: Option<CustomInput>,
}

impl CalledTool {
    /// The tool a chat calls by this name, as the client knows it.
    pub(super) fn of(names: &ToolNames, call_id: Box<RawValue>, called: &RawValue) -> Self {
        let known = names.find(called);
        Self {
            call_id,
            name: known.map_or_else(|| called.get().into(), |it| it.name.clone()),
            namespace: known.and_then(|it| it.namespace.clone()),
            custom: known
                .is_some_and(|it| it.is_custom)
                .then(CustomInput::default),
        }
    }

    /// What its input is called.
    fn member(&self) -> &'static str {
        match self.custom {
            Some(_) => "input",
            None => "arguments",
        }
    }

    /// What its arguments are when it has none.
    pub(super) fn nothing(&self) -> Option<&'static str> {
        self.custom.is_none().then_some("{}")
    }

    /// What its events begin with.
    fn events(&self) -> &'static str {
        match self.custom {
            Some(_) => "response.custom_tool_call_input",
            None => "response.function_call_arguments",
        }
    }
}

impl Kind {
    /// What a piece of an answer belongs to.
    pub(super) fn of(piece: &Piece<'_>) -> Self {
        match piece {
            Piece::Text(_) => Self::Text,
            Piece::Thinking(_) => Self::Reasoning,
            Piece::Refusal(_) => Self::Refusal,
        }
    }

    /// Whether both are of one kind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// What its ids begin with, as OpenAI's do.
    fn prefix(&self) -> &'static str {
        match self {
            Self::Reasoning => "rs",
            Self::Text | Self::Refusal => "msg",
            Self::Call(tool) if tool.custom.is_some() => "ctc",
            Self::Call(_) => "fc",
        }
    }
}

impl Item {
    /// An item of a response, at this place of its output.
    pub(super) fn new(kind: Kind, frame: &Frame, index: u64) -> Self {
        Self {
            id: format!("{}_{}_{index}", kind.prefix(), frame.key),
            kind,
            said: String::new(),
            proof: Proof::default(),
        }
    }

    /// Says more: a text as it is written, with its quotes. What is said now,
    /// as it is written; or that it is no text.
    pub(super) fn say(&mut self, text: &RawValue) -> Result<String, NoText> {
        let text = text.get();
        let inner = if let Kind::Call(CalledTool {
            custom: Some(custom),
            ..
        }) = &mut self.kind
        {
            let arguments: Cow<'_, str> = serde_json::from_str(text).map_err(|_| NoText)?;
            let mut input = String::new();
            custom.push(&arguments, &mut input);
            let written = serde_json::to_string(&input).expect("a text is JSON");
            written[1..written.len() - 1].to_owned()
        } else {
            let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            inner.ok_or(NoText)?.to_owned()
        };
        self.said.push_str(&inner);
        Ok(inner)
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Call(_))
    }

    /// As it is before it says anything.
    pub(super) fn begun(&self) -> String {
        self.written(Status::InProgress, None)
    }

    /// As it is now.
    pub(super) fn finished(&self, status: Status) -> String {
        self.written(status, Some(&self.said))
    }

    fn written(&self, status: Status, said: Option<&str>) -> String {
        let (id, status) = (&self.id, status.as_str());
        let part = said.map(|said| self.part(said)).unwrap_or_default();
        match &self.kind {
            Kind::Reasoning => {
                let summary = if said.is_some_and(str::is_empty) {
                    ""
                } else {
                    part.as_str()
                };
                let proof = said.map(|_| self.proof.write());
                let proof = proof.map(|proof| format!(r#","encrypted_content":{proof}"#));
                let proof = proof.unwrap_or_default();
                format!(r#"{{"id":"{id}","type":"reasoning","summary":[{summary}]{proof}}}"#)
            }
            Kind::Text | Kind::Refusal => format!(
                concat!(
                    r#"{{"id":"{}","type":"message","status":"{}","role":"assistant","#,
                    r#""content":[{}]}}"#
                ),
                id, status, part
            ),
            Kind::Call(tool) => {
                let kind = match tool.custom {
                    Some(_) => "custom_tool_call",
                    None => "function_call",
                };
                let namespace = tool.namespace.as_ref();
                let namespace = namespace.map(|it| format!(r#","namespace":{it}"#));
                format!(
                    concat!(
                        r#"{{"id":"{}","type":"{}","status":"{}","call_id":{},"name":{}{},"#,
                        r#""{}":"{}"}}"#
                    ),
                    id,
                    kind,
                    status,
                    tool.call_id,
                    tool.name,
                    namespace.unwrap_or_default(),
                    tool.member(),
                    said.unwrap_or_default(),
                )
            }
        }
    }

    /// The one part of it, as far as it says this; nothing of a call.
    pub(super) fn part(&self, said: &str) -> String {
        match self.kind {
            Kind::Reasoning => format!(r#"{{"type":"summary_text","text":"{said}"}}"#),
            Kind::Text => {
                format!(
                    r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{said}"}}"#
                )
            }
            Kind::Refusal => format!(r#"{{"type":"refusal","refusal":"{said}"}}"#),
            Kind::Call(_) => String::new(),
        }
    }

    /// What the events are called that tell what it says, which member of the
    /// last has all of it, and what else they have.
    pub(super) fn events(&self) -> Telling<'_> {
        let (part, text, member, beside) = match &self.kind {
            Kind::Reasoning => (
                Some(("response.reasoning_summary_part", "summary_index")),
                "response.reasoning_summary_text",
                "text",
                "",
            ),
            Kind::Text => (
                Some(("response.content_part", "content_index")),
                "response.output_text",
                "text",
                r#","logprobs":[]"#,
            ),
            Kind::Refusal => (
                Some(("response.content_part", "content_index")),
                "response.refusal",
                "refusal",
                "",
            ),
            Kind::Call(tool) => (None, tool.events(), tool.member(), ""),
        };
        let called = match &self.kind {
            Kind::Call(tool) if tool.custom.is_none() => Some(&*tool.name),
            _ => None,
        };
        Telling {
            part,
            text,
            member,
            beside,
            called,
        }
    }
}

/// How events tell what an item says.
pub(super) struct Telling<'a> {
    /// What events about its part begin with, and what numbers parts.
    pub(super) part: Option<(&'static str, &'static str)>,
    /// What events about its text begin with.
    pub(super) text: &'static str,
    /// What has all of it when it is whole.
    pub(super) member: &'static str,
    /// Members beside it.
    pub(super) beside: &'static str,
    /// The function whose arguments they are.
    pub(super) called: Option<&'a str>,
}
