//! The conversation: who said what, and what came along with it.

use serde_json_borrow::Value;

use super::{Options, Toolbox};
use crate::simulator::{
    count::count,
    dice::fingerprint,
    fields::{Json, get},
    reply::to_text,
};

/// All that a turn of the simulated model depends on.
#[derive(Debug)]
pub(in crate::simulator) struct Conversation<'a> {
    /// Invariant: never empty.
    pub(in crate::simulator) messages: Vec<Message<'a>>,
    pub(in crate::simulator) toolbox: Toolbox<'a>,
    pub(in crate::simulator) options: Options<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    /// The result of a legacy `function_call`.
    Function,
}

#[derive(Debug)]
pub(in crate::simulator) struct Message<'a> {
    pub(in crate::simulator) role: Role,
    pub(in crate::simulator) content: Vec<Part<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::simulator) enum Part<'a> {
    Text(&'a str),
    Image,
    Sound,
    File,
    /// One tool call or several, as the client sent them back.
    Calls(Json<'a>),
}

impl<'a> Conversation<'a> {
    pub(in crate::simulator) fn new(
        messages: Vec<Message<'a>>,
        toolbox: Toolbox<'a>,
        options: Options<'a>,
    ) -> Self {
        Self {
            messages: with_whole_results(messages),
            toolbox,
            options,
        }
    }

    /// What the request is charged as: the text of all messages, the tools and
    /// the answer's schema. Images, sounds and files count nothing.
    pub(in crate::simulator) fn input_tokens(&self) -> u64 {
        let messages: u64 = self.messages.iter().map(Message::length).sum();
        let described = [self.toolbox.source, self.options.format.schema()];
        messages + described.into_iter().flatten().map(length).sum::<u64>()
    }

    pub(in crate::simulator) fn last_message(&self) -> &Message<'a> {
        self.messages
            .last()
            .expect("a request without messages is refused")
    }

    pub(in crate::simulator) fn last_user_message(&self) -> Option<&Message<'a>> {
        self.messages
            .iter()
            .rfind(|message| message.role == Role::User)
    }

    /// The names of the tools that were called since the user spoke.
    pub(in crate::simulator) fn called_since_user(&self) -> Vec<&'a str> {
        let since = self.messages.iter().rev();
        let since = since.take_while(|message| message.role != Role::User);
        since.flat_map(Message::called).collect()
    }

    /// Where every choice the simulator makes starts from. The earlier messages
    /// take part with their number only, so that the second of two equal turns
    /// does not repeat the first.
    pub(in crate::simulator) fn fingerprint(&self) -> u64 {
        let last = self.last_message();
        let place = self.messages.len().to_string();
        fingerprint([last.role.name(), &place].into_iter().chain(last.texts()))
    }
}

/// What a call calls.
fn name_of(call: Json<'_>) -> Option<&str> {
    let described = ["function", "custom"]
        .iter()
        .find_map(|form| get(call, form));
    get(described.unwrap_or(call), "name")?.as_str()
}

/// Where a tool's result can only have text, its images and files follow as the
/// user's, who has said nothing: they are the tool's.
fn with_whole_results(messages: Vec<Message<'_>>) -> Vec<Message<'_>> {
    let mut whole: Vec<Message<'_>> = Vec::with_capacity(messages.len());
    for message in messages {
        match whole.last_mut() {
            Some(result) if result.is_result() && message.only_shows() => {
                result.content.extend(message.content);
            }
            _ => whole.push(message),
        }
    }
    whole
}

impl<'a> Message<'a> {
    fn is_result(&self) -> bool {
        matches!(self.role, Role::Tool | Role::Function)
    }

    /// Whether a user shows something without a word.
    fn only_shows(&self) -> bool {
        let shows = |part: &Part<'_>| !matches!(part, Part::Text(_));
        self.role == Role::User
            && self.content.iter().any(shows)
            && self.texts().all(|text| text.trim().is_empty())
    }

    pub(in crate::simulator) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.content.iter().filter_map(|part| match part {
            Part::Text(text) => Some(*text),
            Part::Image | Part::Sound | Part::File | Part::Calls(_) => None,
        })
    }

    fn called(&self) -> impl Iterator<Item = &'a str> {
        let calls = self.content.iter().filter_map(|part| match part {
            Part::Calls(calls) => Some(*calls),
            Part::Text(_) | Part::Image | Part::Sound | Part::File => None,
        });
        calls.flat_map(|calls| match calls {
            Value::Array(listed) => listed.iter().filter_map(name_of).collect(),
            one => Vec::from_iter(name_of(one)),
        })
    }

    /// How many parts are of the same sort as `sort`.
    pub(in crate::simulator) fn parts_like(&self, sort: Part<'_>) -> usize {
        self.content.iter().filter(|part| **part == sort).count()
    }

    fn length(&self) -> u64 {
        let lengths = self.content.iter().map(|part| match part {
            Part::Text(text) => count(text),
            Part::Calls(calls) => length(calls),
            Part::Image | Part::Sound | Part::File => 0,
        });
        lengths.sum()
    }
}

/// How long `json` is when written out.
fn length(json: Json<'_>) -> u64 {
    count(&to_text(json))
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Function => "function",
        }
    }
}
