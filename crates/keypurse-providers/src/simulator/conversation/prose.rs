//! The words of a simulated answer: what it repeats and what it adds.

use super::{Message, Part, Role};
use crate::simulator::dice::Dice;

pub(super) const REFUSAL: &str = "[simulated refusal] I'm sorry, but I can't help with that.";

/// How much of a message is repeated: enough to recognise it.
const ECHO_CHARS: usize = 160;

/// Each says in its own way that nobody thought about the question.
const REMARKS: [&str; 16] = [
    "No model was asked, so please do not rely on this.",
    "A sandbox token always gets an answer like this one.",
    "The shape is real; the thinking is not.",
    "Use a live token to hear from the model itself.",
    "This text was chosen by arithmetic and cost nothing.",
    "Send the same request again and you will read the same words.",
    "Nothing left this gateway to write this sentence.",
    "A real model would have had more to say about it.",
    "Consider this a rehearsal of the real conversation.",
    "Your code has reached the right place; only the model is missing.",
    "It stands in for an answer until you switch to a live token.",
    "Change the prompt by one letter and this will change as well.",
    "Your balance is just what it was before this call.",
    "It was made up here, without any provider being called.",
    "Please imagine something insightful at this point.",
    "The counts below are counted as for a real answer.",
];

/// What an answer says about the message it answers.
pub(super) struct Prose {
    about: String,
}

impl Prose {
    pub(super) fn about(message: &Message<'_>) -> Self {
        let mut sentences: Vec<_> = quote(message).into_iter().collect();
        sentences.extend(attachments(message));
        Self {
            about: sentences.join(" "),
        }
    }

    /// The text of choice `index` out of so many.
    ///
    /// The reference makes the texts of different prompts differ even where
    /// the part repeated and the remark are the same.
    pub(super) fn text(&self, index: u64, choices: u64, mut dice: Dice) -> String {
        let which = if choices > 1 {
            format!(" {} of {choices}", index + 1)
        } else {
            String::new()
        };
        let gap = if self.about.is_empty() { "" } else { " " };
        let about = &self.about;
        let remark = dice.pick(&REMARKS).copied().unwrap_or_default();
        let reference = dice.roll() >> 32;
        format!("[simulated answer{which}]{gap}{about} {remark} Reference {reference:08x}.")
    }
}

fn quote(message: &Message<'_>) -> Option<String> {
    let whose = match message.role {
        Role::System | Role::Developer => "The instructions are",
        Role::User => "You wrote",
        Role::Assistant => "The conversation ended with",
        Role::Tool | Role::Function => "The tool returned",
    };
    let echo = echo(message);
    (!echo.is_empty()).then(|| format!("{whose}: \"{echo}\"."))
}

fn attachments(message: &Message<'_>) -> impl Iterator<Item = String> {
    let sorts = [
        (Part::Image, "image"),
        (Part::Sound, "sound"),
        (Part::File, "file"),
    ];
    sorts
        .into_iter()
        .filter_map(|(sort, name)| match message.parts_like(sort) {
            0 => None,
            1 => Some(format!("1 {name} received, not looked at.")),
            several => Some(format!("{several} {name}s received, not looked at.")),
        })
}

/// What is shown as thinking: as honest as the answer.
pub(super) fn thoughts(messages: usize) -> String {
    format!(
        "[simulated thinking] Nobody thinks here. The answer is put together from the last of \
         the messages, of which there are {messages}."
    )
}

/// The beginning of what `message` says, on one line.
pub(super) fn echo(message: &Message<'_>) -> String {
    let mut line = String::with_capacity(ECHO_CHARS + 8);
    let mut room = ECHO_CHARS;
    for word in message.texts().flat_map(str::split_whitespace) {
        if !line.is_empty() {
            line.push(' ');
            room = room.saturating_sub(1);
        }
        let cut = (word.len() > room)
            .then(|| word.char_indices().nth(room))
            .flatten();
        let end = cut.map_or(word.len(), |(end, _)| end);
        line.push_str(&word[..end]);
        if end < word.len() {
            line.push('…');
            break;
        }
        room -= word.chars().count();
    }
    line
}
