//! The words of a simulated answer: what it repeats and what it adds.

use std::fmt::Write as _;

use super::{Message, Part, Role};
use crate::simulator::dice::Dice;

pub(super) const REFUSAL: &str = "[simulated refusal] I'm sorry, but I can't help with that.";

/// How much of a message is repeated: enough to recognise it.
const ECHO_CHARS: usize = 160;

/// Each says in its own way that nobody thought about the question. The demo
/// provider charges for these words, and a rehearsal takes them from a balance:
/// none speaks of cost, balance or the kind of token.
const REMARKS: [&str; 16] = [
    "No model was asked, so please do not rely on this.",
    "A simulated call always gets an answer like this one.",
    "The shape is real; the thinking is not.",
    "Ask a real provider to hear from the model itself.",
    "This text was chosen by arithmetic alone.",
    "Send the same request again and you will read the same words.",
    "Nothing left this gateway to write this sentence.",
    "A real model would have had more to say about it.",
    "Consider this a rehearsal of the real conversation.",
    "Your code has reached the right place; only the model is missing.",
    "It stands in for an answer until a real model is asked.",
    "Change the prompt by one letter and this will change as well.",
    "There is nobody behind these words.",
    "It was made up here, inside the gateway.",
    "Please imagine something insightful at this point.",
    "The counts below are counted as for a real answer.",
];

/// What an answer says about the message it answers.
pub(super) struct Prose {
    about: String,
}

impl Prose {
    pub(super) fn about(message: &Message<'_>) -> Self {
        let mut about = String::with_capacity(ECHO_CHARS + 64);
        quote(&mut about, message);
        for sentence in attachments(message) {
            if !about.is_empty() {
                about.push(' ');
            }
            about.push_str(&sentence);
        }
        Self { about }
    }

    /// The text of choice `index` out of so many.
    ///
    /// The reference makes the texts of different prompts differ even where
    /// the part repeated and the remark are the same.
    pub(super) fn text(&self, index: u64, choices: u64, mut dice: Dice) -> String {
        let remark = dice.pick(&REMARKS).copied().unwrap_or_default();
        let reference = dice.roll() >> 32;
        let mut text = String::with_capacity(self.about.len() + remark.len() + 64);
        text.push_str("[simulated answer");
        if choices > 1 {
            let _ = write!(text, " {} of {choices}", index + 1);
        }
        text.push(']');
        for part in [&self.about, remark] {
            if !part.is_empty() {
                text.push(' ');
                text.push_str(part);
            }
        }
        let _ = write!(text, " Reference {reference:08x}.");
        text
    }
}

/// Writes the sentence that repeats the message, if there is something to repeat.
fn quote(about: &mut String, message: &Message<'_>) {
    let whose = match message.role {
        Role::System | Role::Developer => "The instructions are",
        Role::User => "You wrote",
        Role::Assistant => "The conversation ended with",
        Role::Tool | Role::Function => "The tool returned",
    };
    about.push_str(whose);
    about.push_str(": \"");
    let start = about.len();
    repeat(about, message);
    if about.len() == start {
        about.clear();
    } else {
        about.push_str("\".");
    }
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
    let mut line = String::new();
    repeat(&mut line, message);
    line
}

fn repeat(line: &mut String, message: &Message<'_>) {
    let start = line.len();
    let mut room = ECHO_CHARS;
    for word in message.texts().flat_map(str::split_whitespace) {
        if line.len() > start {
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
}

#[cfg(test)]
mod tests {
    use super::REMARKS;

    #[test]
    fn every_remark_is_true_of_a_call_that_is_charged_too() {
        for remark in REMARKS {
            let words = remark.to_lowercase();
            for word in [
                "cost",
                "free",
                "balance",
                "charge",
                "token",
                "provider being",
            ] {
                assert!(!words.contains(word), "{remark}");
            }
        }
    }
}
