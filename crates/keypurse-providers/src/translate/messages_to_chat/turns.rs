//! Turns of a conversation as messages: results of tools each have their own.

use super::blocks::{self, Said};
use crate::translate::Untranslatable;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Content, Message, Part};
use crate::translate::object::Object;

/// The conversation as far as it is read.
#[derive(Debug)]
pub(super) struct Turns<'a> {
    wants_reasoning: bool,
    messages: Vec<Message<'a>>,
    /// While turns of the user's follow each other: they are one to Anthropic.
    user: Option<User<'a>>,
}

/// What the user says after all results: those have to follow the calls they
/// answer.
#[derive(Debug, Default)]
struct User<'a> {
    /// What results show besides texts.
    shown: Vec<Part<'a>>,
    rest: Vec<Part<'a>>,
    has_results: bool,
}

impl<'a> Turns<'a> {
    /// None yet, for a provider that wants to see its model's reasoning again
    /// or does not.
    pub(super) fn new(wants_reasoning: bool) -> Self {
        Self {
            wants_reasoning,
            messages: Vec::new(),
            user: None,
        }
    }

    /// Reads one turn.
    pub(super) fn read(&mut self, mut turn: Object<'a>) -> Result<(), Untranslatable> {
        let role = turn.text("role")?.unwrap_or_default();
        let path = turn.name("content");
        let content = turn.take("content");
        if role != "user" {
            self.end_user();
        }
        match role.as_str() {
            "user" => self
                .user(blocks::content(&path, content)?)
                .map_err(|why| Untranslatable::new(path, why))?,
            "assistant" => self
                .assistant(blocks::content(&path, content)?)
                .map_err(|why| Untranslatable::new(path, why))?,
            "system" => self.messages.push(Message::System {
                content: Content::of(blocks::only_parts(&path, content)?),
            }),
            _ => {
                let why = "it must be `user`, `assistant` or `system`";
                return Err(turn.refuse("role", why));
            }
        }
        turn.finish(NO_COUNTERPART)
    }

    pub(super) fn finish(mut self) -> Vec<Message<'a>> {
        self.end_user();
        self.messages
    }

    fn user(&mut self, said: Vec<Said<'a>>) -> Result<(), &'static str> {
        let user = self.user.get_or_insert_default();
        for said in said {
            match said {
                Said::Parts(parts) => user.rest.extend(parts),
                Said::Result { call, texts, media } => {
                    user.has_results = true;
                    user.shown.extend(media);
                    self.messages.push(Message::Tool {
                        tool_call_id: call,
                        content: Content::of(texts),
                    });
                }
                Said::Thinking(_) | Said::Nothing => {}
                Said::Call(_) => return Err("only the assistant calls tools"),
            }
        }
        Ok(())
    }

    fn end_user(&mut self) {
        let Some(user) = self.user.take() else {
            return;
        };
        let mut parts = user.shown;
        parts.extend(user.rest);
        if !parts.is_empty() || !user.has_results {
            let content = Content::of(parts);
            self.messages.push(Message::User { content });
        }
    }

    fn assistant(&mut self, said: Vec<Said<'a>>) -> Result<(), &'static str> {
        let (mut parts, mut tool_calls) = (Vec::new(), Vec::new());
        let mut thought = String::new();
        for said in said {
            match said {
                Said::Parts(more) => parts.extend(more),
                Said::Call(call) => tool_calls.push(call),
                Said::Thinking(more) => thought.push_str(&more),
                Said::Nothing => {}
                Said::Result { .. } => return Err("only the user answers tool calls"),
            }
        }
        if parts.iter().any(|part| !matches!(part, Part::Text { .. })) {
            return Err("an assistant's message can only be text and tool calls");
        }
        let content = (!parts.is_empty() || tool_calls.is_empty()).then(|| Content::of(parts));
        self.messages.push(Message::Assistant {
            content,
            thinking_blocks: Vec::new(),
            reasoning_content: self.wants_reasoning.then_some(thought),
            tool_calls,
        });
        Ok(())
    }
}
