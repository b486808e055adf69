//! What the model thought in earlier turns.

use std::borrow::Cow;
use std::ops::Range;

use keypurse_providers::anthropic::is_unsigned;

use crate::http::json::Json;

/// Messages without thinking that Anthropic did not sign: it refuses such a
/// conversation.
#[derive(Debug)]
pub(super) struct Signed {
    /// Where the client's messages stand.
    pub(super) place: Range<usize>,
    /// What is sent instead.
    pub(super) messages: String,
    /// Whether the turn under way lost the thinking it began with, without which
    /// there can be no more of it until the turn ends ("Extended thinking").
    pub(super) ends_thinking: bool,
}

impl Signed {
    /// `None`: nothing has to be left out.
    pub(super) fn of(messages: Json<'_>) -> Option<Self> {
        if !messages.items()?.any(has_unsigned) {
            return None;
        }
        let kept: Vec<_> = messages.items()?.filter_map(signed).collect();
        Some(Self {
            place: messages.place(),
            messages: format!("[{}]", kept.join(",")),
            ends_thinking: ends_thinking(&messages.items()?.collect::<Vec<_>>()),
        })
    }
}

/// Whether this turn, which goes on with results of tools, began with thinking
/// that is left out.
fn ends_thinking(messages: &[Json<'_>]) -> bool {
    let asked = messages.iter().rposition(|message| is_prompt(*message));
    let turn = &messages[asked.map_or(0, |at| at + 1)..];
    let mut begins = turn.iter().filter_map(|message| first_kept(*message));
    turn.iter().any(|message| has_unsigned(*message))
        && begins
            .next()
            .is_some_and(|kind| !kind.ends_with("thinking"))
}

/// Whether the user says something, and does not only answer calls.
fn is_prompt(message: Json<'_>) -> bool {
    let is_result = |block: Json<'_>| kind(block).is_some_and(|kind| kind == "tool_result");
    let mut blocks = message.stated("content").and_then(Json::items);
    let answers = blocks.as_mut().is_some_and(|blocks| blocks.any(is_result));
    let role = message.stated("role").and_then(Json::string);
    role.is_some_and(|role| role == "user") && !answers
}

/// What the first block of an assistant's message is that is not left out.
fn first_kept(message: Json<'_>) -> Option<Cow<'_, str>> {
    let role = message.stated("role")?.string()?;
    let content = message.stated("content").filter(|_| role == "assistant")?;
    if content.is_string() {
        return Some("text".into());
    }
    kind(content.items()?.find(|block| !is_foreign(*block))?)
}

fn has_unsigned(message: Json<'_>) -> bool {
    let content = message.stated("content").and_then(Json::items);
    content.is_some_and(|mut blocks| blocks.any(is_foreign))
}

/// A message without such thinking. `None`: nothing is left of it.
fn signed(message: Json<'_>) -> Option<Cow<'_, str>> {
    if !has_unsigned(message) {
        return Some(message.text().into());
    }
    let content = message.stated("content")?;
    let kept = content.items()?.filter(|block| !is_foreign(*block));
    let kept: Vec<&str> = kept.map(Json::text).collect();
    let (text, begins) = (message.text(), message.place().start);
    let Range { start, end } = content.place();
    let (before, after) = (&text[..start - begins], &text[end - begins..]);
    let is_left = !kept.is_empty();
    is_left.then(|| format!("{before}[{}]{after}", kept.join(",")).into())
}

fn is_foreign(block: Json<'_>) -> bool {
    let signature = block.stated("signature").and_then(Json::string);
    signature.is_some_and(|signature| is_unsigned(&signature))
        && kind(block).is_some_and(|kind| kind == "thinking")
}

fn kind(block: Json<'_>) -> Option<Cow<'_, str>> {
    block.stated("type")?.string()
}
