//! Items of an input as messages: what the assistant said and called in one,
//! results of tools each in their own.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::content;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Call, Content, Extra, Function, Message, Part, Reader};
use crate::translate::object::Object;
use crate::translate::proof::Proof;
use crate::translate::response_tools::{Listed, qualified, read_list};
use crate::translate::{Target, Untranslatable};

/// The conversation as far as it is read.
pub(super) struct Conversation<'a> {
    reader: Reader,
    /// Whether the proofs of calls are for them.
    takes_signatures: bool,
    messages: Vec<Message<'a>>,
    assistant: Option<Assistant<'a>>,
    /// What results show beside texts, which goes after all of them.
    shown: Vec<Part<'a>>,
    /// Tools that are described on the way.
    pub(super) tools: Vec<Listed<'a>>,
}

/// What the assistant does before anybody else speaks.
#[derive(Default)]
struct Assistant<'a> {
    parts: Vec<Part<'a>>,
    calls: Vec<Call<'a>>,
    proof: Proof,
}

impl<'a> Conversation<'a> {
    /// One that begins with these instructions.
    pub(super) fn new(
        reader: Reader,
        target: &Target<'_>,
        instructions: Option<&'a RawValue>,
    ) -> Self {
        let system = instructions.map(|text| Message::System {
            content: Content::Text(text),
        });
        Self {
            reader,
            takes_signatures: reader == Reader::ToGemini || target.wants_proofs,
            messages: system.into_iter().collect(),
            assistant: None,
            shown: Vec::new(),
            tools: Vec::new(),
        }
    }

    /// The user says this, and nothing else.
    pub(super) fn ask(&mut self, text: &'a RawValue) {
        self.messages.push(Message::User {
            content: Content::Text(text),
        });
    }

    /// Reads one item.
    pub(super) fn read(&mut self, mut item: Object<'a>) -> Result<(), Untranslatable> {
        let kind = item.text("type")?;
        item.drop_hints(&["id", "status"]);
        match kind.as_deref() {
            None | Some("message") => self.message(&mut item)?,
            Some("reasoning") => {
                self.reasoning(&mut item)?;
                // What was thought is for whoever thought it.
                item.drop_hints(&["summary", "content"]);
            }
            Some("function_call") => self.function_call(&mut item)?,
            Some("custom_tool_call") => self.custom_call(&mut item)?,
            Some("function_call_output" | "custom_tool_call_output") => self.output(&mut item)?,
            Some("additional_tools") => {
                let list = item.need("tools")?;
                read_list(&item.name("tools"), list, &mut self.tools)?;
                item.drop_hints(&["role"]);
            }
            Some("item_reference") => {
                let why = "this model's provider keeps no items; send the item itself";
                return Err(item.refuse("type", why));
            }
            Some(_) => return Err(item.refuse("type", NO_COUNTERPART)),
        }
        item.finish(NO_COUNTERPART)
    }

    /// All messages.
    pub(super) fn finish(&mut self) -> Vec<Message<'a>> {
        self.end_assistant();
        self.end_results();
        std::mem::take(&mut self.messages)
    }

    fn message(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let role = item.text("role")?.unwrap_or_default();
        // Whether it comments on what the assistant does or is its answer.
        item.drop_hints(&["phase"]);
        let parts = content::parts(&item.name("content"), item.need("content")?)?;
        match role.as_str() {
            "assistant" => {
                let is_text = |part: &Part<'_>| matches!(part, Part::Text { .. });
                if !parts.iter().all(is_text) {
                    let why = "an assistant's message can only be text";
                    return Err(item.refuse("content", why));
                }
                self.assistant().parts.extend(parts);
            }
            "user" => {
                self.end_assistant();
                let mut all = std::mem::take(&mut self.shown);
                all.extend(parts);
                let content = Content::of(all);
                self.messages.push(Message::User { content });
            }
            "system" | "developer" => {
                self.end_assistant();
                self.end_results();
                let content = Content::of(parts);
                self.messages.push(Message::System { content });
            }
            _ => {
                let why = "it must be `user`, `assistant`, `system` or `developer`";
                return Err(item.refuse("role", why));
            }
        }
        Ok(())
    }

    /// Anthropic's translator joins what the assistant says, so that its proofs
    /// stay where they were.
    fn reasoning(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let encrypted = item.text("encrypted_content")?;
        let Some(proof) = encrypted.as_deref().and_then(Proof::read) else {
            return Ok(());
        };
        let said = |it: &Assistant<'_>| !it.parts.is_empty() || !it.calls.is_empty();
        if self.reader == Reader::ToAnthropic && self.assistant.as_ref().is_some_and(said) {
            self.end_assistant();
        }
        let kept = &mut self.assistant().proof;
        kept.thinking_blocks.extend(proof.thinking_blocks);
        kept.thought_signature = proof.thought_signature.or(kept.thought_signature.take());
        Ok(())
    }

    fn function_call(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let arguments = item.text("arguments")?.unwrap_or_default();
        self.call(item, arguments)
    }

    fn custom_call(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let input = item.text("input")?.unwrap_or_default();
        self.call(item, serde_json::json!({ "input": input }).to_string())
    }

    fn call(&mut self, item: &mut Object<'a>, arguments: String) -> Result<(), Untranslatable> {
        let id = item.raw_text("call_id")?;
        let id = id.ok_or_else(|| item.refuse("call_id", "it is required"))?;
        let name = item.raw_text("name")?;
        let name = name.ok_or_else(|| item.refuse("name", "it is required"))?;
        let name = match item.text("namespace")? {
            None => Cow::Borrowed(name),
            Some(namespace) => Cow::Owned(qualified(&namespace, name)),
        };
        let takes_signatures = self.takes_signatures;
        let assistant = self.assistant();
        let signature = assistant.proof.thought_signature.take();
        let signature = signature.filter(|_| takes_signatures);
        assistant.calls.push(Call {
            id,
            kind: "function",
            function: Function {
                name,
                arguments: Cow::Owned(arguments),
            },
            extra_content: signature.map(Extra::signed),
        });
        Ok(())
    }

    fn output(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        self.end_assistant();
        let tool_call_id = item.raw_text("call_id")?;
        let tool_call_id = tool_call_id.ok_or_else(|| item.refuse("call_id", "it is required"))?;
        // What it is called is known from the call.
        item.drop_hints(&["name", "namespace"]);
        let parts = content::parts(&item.name("output"), item.need("output")?)?;
        // A chat's `tool` message takes nothing but texts.
        let is_text = |part: &Part<'_>| matches!(part, Part::Text { .. });
        let (texts, shown): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_text);
        self.shown.extend(shown);
        self.messages.push(Message::Tool {
            tool_call_id,
            content: Content::of(texts),
        });
        Ok(())
    }

    fn assistant(&mut self) -> &mut Assistant<'a> {
        self.end_results();
        self.assistant.get_or_insert_default()
    }

    fn end_assistant(&mut self) {
        let Some(assistant) = self.assistant.take() else {
            return;
        };
        let Assistant {
            parts,
            calls: tool_calls,
            proof,
        } = assistant;
        let thinking_blocks = match self.reader {
            Reader::ToAnthropic => proof.thinking_blocks,
            Reader::Provider | Reader::ToGemini => Vec::new(),
        };
        // Nobody but a reasoning item, and that is another server's.
        if parts.is_empty() && tool_calls.is_empty() && thinking_blocks.is_empty() {
            return;
        }
        self.messages.push(Message::Assistant {
            content: (!parts.is_empty()).then(|| Content::of(parts)),
            thinking_blocks,
            tool_calls,
        });
    }

    fn end_results(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if !shown.is_empty() {
            let content = Content::of(shown);
            self.messages.push(Message::User { content });
        }
    }
}
