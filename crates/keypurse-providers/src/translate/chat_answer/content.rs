//! What a model says, as a text or, as Mistral's reasoning models write it, as
//! a list of parts: texts, and thinking made of texts.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A text as it is written, quotes included.
#[derive(Clone, Copy, Debug)]
pub(in crate::translate) enum Piece<'a> {
    Text(&'a RawValue),
    Thinking(&'a RawValue),
    Refusal(&'a RawValue),
}

impl<'a> Piece<'a> {
    /// What is said.
    pub(in crate::translate) fn text(&self) -> &'a RawValue {
        match self {
            Self::Text(text) | Self::Thinking(text) | Self::Refusal(text) => text,
        }
    }
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
}

/// The pieces of a content. What is neither, such as references, is left
/// out. `None` when it is neither a text nor a list of parts.
pub(in crate::translate) fn pieces(content: &RawValue) -> Option<Vec<Piece<'_>>> {
    if is_text(content) {
        return Some(vec![Piece::Text(content)]);
    }
    let mut pieces = Vec::new();
    for part in parts(content)? {
        match (part.kind.as_ref(), part.text, part.thinking) {
            ("text", Some(text), _) if is_text(text) => pieces.push(Piece::Text(text)),
            ("thinking", _, Some(thinking)) if is_text(thinking) => {
                pieces.push(Piece::Thinking(thinking));
            }
            ("thinking", _, Some(thinking)) => {
                let texts = parts(thinking)?.into_iter().filter_map(|part| part.text);
                pieces.extend(texts.filter(|text| is_text(text)).map(Piece::Thinking));
            }
            _ => {}
        }
    }
    Some(pieces)
}

fn parts(list: &RawValue) -> Option<Vec<Part<'_>>> {
    let listed: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    listed.into_iter().map(part).collect()
}

fn part(part: &RawValue) -> Option<Part<'_>> {
    let is_object = part.get().starts_with('{');
    is_object.then(|| serde_json::from_str(part.get()).ok())?
}

fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}
