//! Whether an answer calls tools, which ones, and with what.

use serde_json::Value;

use super::{Conversation, Input, Message, Role, Tool, ToolCall, ToolChoice};
use crate::simulator::{dice::Dice, schema};

/// How much of a message is searched for the names of tools, in characters.
const MOST_READ: usize = 4_000;
/// Calls in one turn.
const MOST_CALLS: usize = 8;

/// The tools this answer calls instead of saying something.
///
/// Left to itself a simulated model calls a tool for every message of the user
/// and speaks once the tool has answered: both halves of an agent's loop run,
/// and the loop ends.
pub(super) fn wanted<'c, 'a>(conversation: &'c Conversation<'a>) -> Vec<&'c Tool<'a>> {
    let toolbox = &conversation.toolbox;
    match toolbox.choice {
        ToolChoice::Named(name) => {
            let named = toolbox.tools.iter().find(|tool| tool.name == name);
            named.into_iter().collect()
        }
        ToolChoice::Required => not_called_yet(conversation, best_matches(conversation)),
        ToolChoice::Auto if conversation.last_message().role == Role::User => {
            best_matches(conversation)
        }
        ToolChoice::Never | ToolChoice::Auto => Vec::new(),
    }
}

/// What was called since the user spoke is not called again while there is
/// another: an agent that has to call a tool ends with the one that takes its
/// answer, listed after those that find it.
fn not_called_yet<'c, 'a>(
    conversation: &'c Conversation<'a>,
    wanted: Vec<&'c Tool<'a>>,
) -> Vec<&'c Tool<'a>> {
    let called = conversation.called_since_user();
    let is_new = |tool: &&Tool<'_>| !called.contains(&tool.name);
    if wanted.iter().any(is_new) {
        return wanted.into_iter().filter(is_new).collect();
    }
    let another = conversation.toolbox.tools.iter().find(is_new);
    another.map_or(wanted, |another| vec![another])
}

/// What a custom tool is called with whose input may be any, or is described in
/// a way that is not understood: it says itself that it is simulated.
const ANY_INPUT: &str = "[simulated input]";

/// A tool that is called.
pub(super) struct Called<'c, 'a> {
    tool: &'c Tool<'a>,
    /// Of its input, where it has one.
    schema: Option<Value>,
}

impl<'c, 'a> Called<'c, 'a> {
    pub(super) fn new(tool: &'c Tool<'a>) -> Self {
        let schema = match tool.input {
            Input::Object(schema) => schema.map(Value::from),
            Input::Matching(_) | Input::Text | Input::Known(_) => None,
        };
        Self { tool, schema }
    }

    /// Calls the tool, with arguments its schema accepts.
    pub(super) fn call(&self, mut dice: Dice, steps: u32) -> ToolCall {
        let Tool {
            form,
            name,
            namespace,
            input,
        } = *self.tool;
        let key = format!("{:016x}{:08x}", dice.roll(), dice.roll() >> 32);
        let payload = match (input, &self.schema) {
            (Input::Object(_), Some(schema)) => arguments(schema, dice, steps),
            (Input::Object(_), None) => "{}".to_owned(),
            (Input::Matching(pattern), _) => {
                schema::matching(pattern, dice, steps).unwrap_or_else(|| ANY_INPUT.to_owned())
            }
            (Input::Text, _) => ANY_INPUT.to_owned(),
            (Input::Known(json), _) => json.to_owned(),
        };
        ToolCall {
            form,
            key,
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            payload,
        }
    }
}

/// Arguments are an object even where a careless schema does not say so.
fn arguments(schema: &Value, dice: Dice, steps: u32) -> String {
    match schema::instance(schema, dice, steps) {
        object @ Value::Object(_) => object.to_string(),
        _ => "{}".to_owned(),
    }
}

/// What the user's last message asks for: the tools it names, each once and in
/// that order; else the one whose name shares most words with
/// it, and those that share as many others; else the first.
fn best_matches<'c, 'a>(conversation: &'c Conversation<'a>) -> Vec<&'c Tool<'a>> {
    let tools = &conversation.toolbox.tools;
    let said = said(conversation);
    let most = if conversation.toolbox.parallel {
        MOST_CALLS
    } else {
        1
    };
    let mut wanted = named(tools, &said);
    if wanted.is_empty() {
        wanted = sharing_words(tools, &said);
    }
    wanted.truncate(most);
    wanted
}

/// What the user wrote: the last text. Agents put notes of their own before it,
/// which name their tools, too.
fn said(conversation: &Conversation<'_>) -> String {
    let message = conversation.last_user_message();
    let texts = message.into_iter().flat_map(Message::texts);
    let written = texts.filter(|text| !text.trim().is_empty()).last();
    let read = written.unwrap_or_default().chars().take(MOST_READ);
    read.map(|char| char.to_ascii_lowercase()).collect()
}

fn named<'c, 'a>(tools: &'c [Tool<'a>], said: &str) -> Vec<&'c Tool<'a>> {
    let words = said.split(|char: char| !(char.is_alphanumeric() || "_-".contains(char)));
    let mut wanted: Vec<&Tool<'a>> = Vec::new();
    for word in words {
        let is_meant = |tool: &&Tool<'_>| tool.name.eq_ignore_ascii_case(word);
        let meant = tools.iter().find(is_meant);
        wanted.extend(meant.filter(|tool| !wanted.iter().any(|known| known.name == tool.name)));
    }
    wanted
}

fn sharing_words<'c, 'a>(tools: &'c [Tool<'a>], said: &str) -> Vec<&'c Tool<'a>> {
    let shared: Vec<_> = tools
        .iter()
        .map(|tool| shared_words(tool.name, said))
        .collect();
    let most = shared.iter().map(Vec::len).max().unwrap_or(0);
    if most == 0 {
        return tools.first().into_iter().collect();
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut wanted = Vec::new();
    for (tool, words) in tools.iter().zip(&shared) {
        // Two tools for the same words are a choice; for different ones, a list.
        if words.len() == most && !words.iter().any(|word| seen.contains(&word.as_str())) {
            seen.extend(words.iter().map(String::as_str));
            wanted.push(tool);
        }
    }
    wanted
}

/// The words of a name like `get_weather` that occur in `said`.
fn shared_words(name: &str, said: &str) -> Vec<String> {
    let words = name.split(['_', '-']).filter(|word| word.len() > 2);
    words
        .map(str::to_ascii_lowercase)
        .filter(|word| said.contains(word.as_str()))
        .collect()
}
