//! Items of an input as messages: what the assistant said and called in one,
//! the results of its calls behind it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::content;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Call, Content, Extra, Function, Message, Part, Reader};
use crate::translate::object::Object;
use crate::translate::proof::Proof;
use crate::translate::response_tools::{Listed, qualified, read_list};
use crate::translate::{Replay, Target, Untranslatable};

/// An item that is only named.
const REFERENCE: &str = "item_reference";

/// The conversation as far as it is read.
pub(super) struct Conversation<'a> {
    reader: Reader,
    /// Whether the proofs of calls are for them.
    takes_signatures: bool,
    wants_reasoning: bool,
    turns: Vec<Turn<'a>>,
    /// Whether the last turn is the assistant's and goes on.
    is_open: bool,
    /// In which turn each call was made last.
    called_in: HashMap<&'a str, usize>,
    /// Tools that are described on the way.
    pub(super) tools: Vec<Listed<'a>>,
}

enum Turn<'a> {
    System(Vec<Part<'a>>),
    User(Vec<Part<'a>>),
    Assistant(Assistant<'a>),
}

/// What the assistant does before anybody else speaks, and what came of it.
#[derive(Default)]
struct Assistant<'a> {
    parts: Vec<Part<'a>>,
    calls: Vec<Call<'a>>,
    proof: Proof,
    /// What it thought, for whoever wants to see it again.
    thought: String,
    /// Whether it goes on from the turn before: results stand behind both.
    goes_on: bool,
    results: Vec<Message<'a>>,
    /// What results show beside texts, which goes after all of them.
    shown: Vec<Part<'a>>,
}

impl<'a> Conversation<'a> {
    /// One that begins with these instructions.
    pub(super) fn new(
        reader: Reader,
        target: &Target<'_>,
        instructions: Option<&'a RawValue>,
    ) -> Self {
        let system = instructions.map(|text| Turn::System(vec![Part::Text { text }]));
        Self {
            reader,
            takes_signatures: reader == Reader::ToGemini || target.replay == Replay::Proofs,
            wants_reasoning: target.replay == Replay::Reasoning,
            turns: system.into_iter().collect(),
            is_open: false,
            called_in: HashMap::new(),
            tools: Vec::new(),
        }
    }

    /// The user says this, and nothing else.
    pub(super) fn ask(&mut self, text: &'a RawValue) {
        self.turns.push(Turn::User(vec![Part::Text { text }]));
    }

    /// Reads one item.
    pub(super) fn read(&mut self, mut item: Object<'a>) -> Result<(), Untranslatable> {
        let kind = item.text("type")?;
        let is_named = item.take("id").is_some();
        item.drop_hints(&["status"]);
        let kind = match kind {
            None if is_named && item.is_empty() => Some(REFERENCE.to_owned()),
            kind => kind,
        };
        match kind.as_deref() {
            None | Some("message") => self.message(&mut item)?,
            Some("reasoning") => self.reasoning(&mut item)?,
            Some("function_call") => self.function_call(&mut item)?,
            Some("custom_tool_call") => self.custom_call(&mut item)?,
            Some("function_call_output" | "custom_tool_call_output") => self.output(&mut item)?,
            Some("additional_tools") => {
                let list = item.need("tools")?;
                read_list(&item.name("tools"), list, &mut self.tools)?;
                item.drop_hints(&["role"]);
            }
            Some(REFERENCE) => {
                let why = "this model's provider keeps no items; say `store: false` to your SDK, \
                           so that it sends them themselves";
                return Err(item.refuse("type", why));
            }
            Some(_) => return Err(item.refuse("type", NO_COUNTERPART)),
        }
        item.finish(NO_COUNTERPART)
    }

    /// All messages.
    pub(super) fn finish(&mut self) -> Vec<Message<'a>> {
        let mut written = Written::default();
        for turn in self.turns.drain(..) {
            match turn {
                Turn::User(parts) => {
                    written.results();
                    written.shown.extend(parts);
                    written.show();
                }
                Turn::System(parts) => {
                    written.results();
                    written.show();
                    let content = Content::of(parts);
                    written.messages.push(Message::System { content });
                }
                Turn::Assistant(assistant) => {
                    written.assistant(assistant, self.reader, self.wants_reasoning);
                }
            }
        }
        written.results();
        written.show();
        written.messages
    }

    fn message(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let role = item.text("role")?.unwrap_or_default();
        // Whether it comments on what the assistant does or is its answer.
        item.drop_hints(&["phase"]);
        let parts = content::parts(&item.name("content"), item.need("content")?)?;
        let is_text = |part: &Part<'_>| matches!(part, Part::Text { .. });
        if role != "user" && !parts.iter().all(is_text) {
            return Err(item.refuse("content", "only a user's message can have more than text"));
        }
        match role.as_str() {
            "assistant" => {
                // A chat's message has its text before its calls.
                let calls = !self.assistant().calls.is_empty();
                if calls && self.reader != Reader::Provider {
                    self.go_on();
                }
                self.assistant().parts.extend(parts);
            }
            "user" => self.speaks(Turn::User(parts)),
            "system" | "developer" => self.speaks(Turn::System(parts)),
            _ => {
                let why = "it must be `user`, `assistant`, `system` or `developer`";
                return Err(item.refuse("role", why));
            }
        }
        Ok(())
    }

    /// What was thought is for whoever thought it, or wants to see it.
    fn reasoning(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        if self.wants_reasoning {
            let thought = content::thought(item)?;
            self.assistant().thought.push_str(&thought);
        }
        item.drop_hints(&["summary", "content"]);
        self.proof(item)
    }

    /// Anthropic's translator joins what the assistant says, so that its proofs
    /// stay where they were.
    fn proof(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let encrypted = item.text("encrypted_content")?;
        let Some(proof) = encrypted.as_deref().and_then(Proof::read) else {
            return Ok(());
        };
        if self.reader == Reader::ToAnthropic && !self.assistant().is_silent() {
            self.go_on();
        }
        let kept = &mut self.assistant().proof;
        kept.thinking_blocks.extend(proof.thinking_blocks);
        kept.thought_signature = proof.thought_signature.or(kept.thought_signature.take());
        Ok(())
    }

    fn function_call(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        let arguments = item.text("arguments")?.unwrap_or_default();
        let has_none = arguments.trim().is_empty();
        let arguments = if has_none { "{}".to_owned() } else { arguments };
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
            Some(namespace) => Cow::Owned(
                qualified(&namespace, name).map_err(|why| item.refuse("namespace", why))?,
            ),
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
        self.called_in.insert(id.get(), self.turns.len() - 1);
        Ok(())
    }

    fn output(&mut self, item: &mut Object<'a>) -> Result<(), Untranslatable> {
        self.is_open = false;
        let id = item.raw_text("call_id")?;
        let id = id.ok_or_else(|| item.refuse("call_id", "it is required"))?;
        let place = self.called_in.get(id.get());
        let turn = place.and_then(|place| self.turns.get_mut(*place));
        let Some(Turn::Assistant(assistant)) = turn else {
            let why = "no call before it has this id; send the call, too";
            return Err(item.refuse("call_id", why));
        };
        // What it is called is known from the call.
        item.drop_hints(&["name", "namespace"]);
        let parts = content::parts(&item.name("output"), item.need("output")?)?;
        // A chat's `tool` message takes nothing but texts.
        let is_text = |part: &Part<'_>| matches!(part, Part::Text { .. });
        let (texts, shown): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_text);
        assistant.shown.extend(shown);
        assistant.results.push(Message::Tool {
            tool_call_id: id,
            content: Content::of(texts),
        });
        Ok(())
    }

    /// The assistant's turn goes on in another message, which its translator
    /// joins.
    fn go_on(&mut self) {
        self.is_open = false;
        self.assistant().goes_on = true;
    }

    fn speaks(&mut self, turn: Turn<'a>) {
        self.is_open = false;
        self.turns.push(turn);
    }

    /// The assistant's turn, which begins here unless it goes on.
    fn assistant(&mut self) -> &mut Assistant<'a> {
        if !self.is_open {
            self.turns.push(Turn::Assistant(Assistant::default()));
            self.is_open = true;
        }
        match self.turns.last_mut() {
            Some(Turn::Assistant(assistant)) => assistant,
            _ => unreachable!("an open turn is the assistant's"),
        }
    }
}

impl Assistant<'_> {
    fn is_silent(&self) -> bool {
        self.parts.is_empty() && self.calls.is_empty()
    }
}

/// Messages, and what has to stand behind those that come next.
#[derive(Default)]
struct Written<'a> {
    messages: Vec<Message<'a>>,
    results: Vec<Message<'a>>,
    shown: Vec<Part<'a>>,
}

impl<'a> Written<'a> {
    fn assistant(&mut self, assistant: Assistant<'a>, reader: Reader, wants_reasoning: bool) {
        if !assistant.goes_on {
            self.results();
            self.show();
        }
        // Thoughts alone are no answer, and refused as one.
        if assistant.is_silent() {
            return;
        }
        let parts = assistant.parts;
        self.messages.push(Message::Assistant {
            content: (!parts.is_empty()).then(|| Content::of(parts)),
            thinking_blocks: match reader {
                Reader::ToAnthropic => assistant.proof.thinking_blocks,
                Reader::Provider | Reader::ToGemini => Vec::new(),
            },
            reasoning_content: wants_reasoning.then_some(assistant.thought),
            tool_calls: assistant.calls,
        });
        self.results.extend(assistant.results);
        self.shown.extend(assistant.shown);
    }

    fn results(&mut self) {
        self.messages.append(&mut self.results);
    }

    fn show(&mut self) {
        if !self.shown.is_empty() {
            let content = Content::of(std::mem::take(&mut self.shown));
            self.messages.push(Message::User { content });
        }
    }
}
