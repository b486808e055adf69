//! Parts of a message, or of a tool's result.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::translate::Untranslatable;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{File, Part, Url};
use crate::translate::object::{Object, items};

/// A content: a text, or a list of parts.
pub(super) fn parts<'a>(
    path: &str,
    content: &'a RawValue,
) -> Result<Vec<Part<'a>>, Untranslatable> {
    if content.get().starts_with('"') {
        return Ok(vec![Part::Text { text: content }]);
    }
    let parts = items(path, content)?.into_iter();
    parts
        .map(|(path, part)| part_of(Object::at(path, part)?))
        .collect()
}

/// What an item of reasoning says: all of it where that is shown, else its
/// summary.
pub(super) fn thought(item: &mut Object<'_>) -> Result<String, Untranslatable> {
    let (shown, summary) = (item.list("content")?, item.list("summary")?);
    let shown = shown.filter(|parts| !parts.is_empty()).or(summary);
    let mut thought = String::new();
    for (path, part) in shown.unwrap_or_default() {
        let text = Object::at(path, part)?.text("text")?;
        thought.push_str(&text.unwrap_or_default());
    }
    Ok(thought)
}

fn part_of(mut part: Object<'_>) -> Result<Part<'_>, Untranslatable> {
    let kind = part.text("type")?.unwrap_or_default();
    let read = match kind.as_str() {
        "input_text" | "output_text" | "text" => text(&mut part, "text")?,
        "refusal" => text(&mut part, "refusal")?,
        "input_image" => image(&mut part)?,
        "input_file" => file(&mut part)?,
        _ => return Err(part.refuse("type", NO_COUNTERPART)),
    };
    part.drop_hints(&["prompt_cache_breakpoint"]);
    part.finish(NO_COUNTERPART)?;
    Ok(read)
}

fn text<'a>(part: &mut Object<'a>, name: &str) -> Result<Part<'a>, Untranslatable> {
    part.drop_hints(&["annotations", "logprobs"]);
    let text = part.raw_text(name)?;
    let text = text.ok_or_else(|| part.refuse(name, "it is required"))?;
    Ok(Part::Text { text })
}

const STORED: &str = "a file that is stored elsewhere cannot be read; send it in the request";

fn image<'a>(part: &mut Object<'a>) -> Result<Part<'a>, Untranslatable> {
    if part.take("file_id").is_some() {
        return Err(part.refuse("file_id", STORED));
    }
    let url = part.text("image_url")?;
    let url = url.ok_or_else(|| part.refuse("image_url", "it is required"))?;
    Ok(Part::ImageUrl {
        image_url: Url {
            url: Cow::Owned(url),
            detail: part.raw_text("detail")?,
        },
    })
}

fn file<'a>(part: &mut Object<'a>) -> Result<Part<'a>, Untranslatable> {
    let name = part.text("filename")?;
    for stored in ["file_id", "file_url"] {
        if part.take(stored).is_some() {
            return Err(part.refuse(stored, STORED));
        }
    }
    let data = part.text("file_data")?;
    let file_data = data.ok_or_else(|| part.refuse("file_data", "it is required"))?;
    part.drop_hints(&["detail"]);
    let filename = name.map_or(Cow::Borrowed("document.pdf"), Cow::Owned);
    let file = File {
        filename,
        file_data,
    };
    Ok(Part::File { file })
}
