//! Blocks of content.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::translate::Untranslatable;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Call, File, Function, Part, Url};
use crate::translate::object::{Object, items};

/// What a block becomes.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Parts(Vec<Part<'a>>),
    Call(Call<'a>),
    Result {
        call: &'a RawValue,
        texts: Vec<Part<'a>>,
        /// Images and files.
        media: Vec<Part<'a>>,
    },
    Thinking(String),
    /// Thinking that only its own model can read.
    Nothing,
}

/// Blocks in blocks; nobody nests them deeper, and paths grow with depth.
const LONGEST_PATH: usize = 256;

/// A message's or a result's content: a text, or blocks.
pub(super) fn content<'a>(
    path: &str,
    content: Option<&'a RawValue>,
) -> Result<Vec<Said<'a>>, Untranslatable> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if content.get().starts_with('"') {
        return Ok(vec![Said::Parts(text_part(content))]);
    }
    if path.len() > LONGEST_PATH {
        let why = "blocks are nested too deeply";
        return Err(Untranslatable::new(path.to_owned(), why));
    }
    let blocks = items(path, content)?.into_iter();
    let read = blocks.map(|(path, block)| block_of(Object::at(path, block)?));
    read.collect()
}

fn text_part(text: &RawValue) -> Vec<Part<'_>> {
    if text.get() == "\"\"" {
        Vec::new()
    } else {
        vec![Part::Text { text }]
    }
}

fn block_of(mut block: Object<'_>) -> Result<Said<'_>, Untranslatable> {
    let kind = block.text("type")?.unwrap_or_default();
    block.drop_hints(&["cache_control"]);
    let said = match kind.as_str() {
        "text" => {
            block.drop_hints(&["citations"]);
            let text = block.raw_text("text")?;
            let text = text.ok_or_else(|| block.refuse("text", "it is required"))?;
            Said::Parts(text_part(text))
        }
        "image" => Said::Parts(vec![image(&mut block)?]),
        "document" => Said::Parts(document(&mut block)?),
        "tool_use" => Said::Call(call(&mut block)?),
        "tool_result" => result(&mut block)?,
        "thinking" => {
            let thought = block.text("thinking")?.unwrap_or_default();
            return Ok(Said::Thinking(thought));
        }
        "redacted_thinking" => return Ok(Said::Nothing),
        _ => return Err(block.refuse("type", NO_COUNTERPART)),
    };
    block.finish(NO_COUNTERPART)?;
    Ok(said)
}

fn source<'a>(block: &mut Object<'a>) -> Result<(Object<'a>, String), Untranslatable> {
    let mut source = Object::at(block.name("source"), block.need("source")?)?;
    let kind = source.text("type")?.unwrap_or_default();
    Ok((source, kind))
}

fn data_url(source: &mut Object<'_>) -> Result<String, Untranslatable> {
    let media_type = source.text("media_type")?.unwrap_or_default();
    let data = source.text("data")?;
    let data = data.ok_or_else(|| source.refuse("data", "it is required"))?;
    Ok(format!("data:{media_type};base64,{data}"))
}

fn image<'a>(block: &mut Object<'a>) -> Result<Part<'a>, Untranslatable> {
    block.drop_hints(&["transformations"]);
    let (mut source, kind) = source(block)?;
    let url = match kind.as_str() {
        "base64" => data_url(&mut source)?,
        "url" => {
            let url = source.text("url")?;
            url.ok_or_else(|| source.refuse("url", "it is required"))?
        }
        _ => return Err(source.refuse("type", "only `base64` and `url` can be translated")),
    };
    source.finish(NO_COUNTERPART)?;
    let url = Cow::Owned(url);
    Ok(Part::ImageUrl {
        image_url: Url { url, detail: None },
    })
}

fn document<'a>(block: &mut Object<'a>) -> Result<Vec<Part<'a>>, Untranslatable> {
    let title = block.text("title")?;
    block.drop_hints(&["context", "citations"]);
    let (mut source, kind) = source(block)?;
    let parts = match kind.as_str() {
        "base64" => vec![Part::File {
            file: File {
                filename: title.map_or(Cow::Borrowed("document.pdf"), Cow::Owned),
                file_data: data_url(&mut source)?,
            },
        }],
        "text" => {
            source.drop_hints(&["media_type"]);
            let data = source.raw_text("data")?;
            text_part(data.ok_or_else(|| source.refuse("data", "it is required"))?)
        }
        "content" => only_parts(&source.name("content"), source.take("content"))?,
        _ => {
            let why = "only `base64`, `text` and `content` can be translated";
            return Err(source.refuse("type", why));
        }
    };
    source.finish(NO_COUNTERPART)?;
    Ok(parts)
}

fn call<'a>(block: &mut Object<'a>) -> Result<Call<'a>, Untranslatable> {
    block.drop_hints(&["caller"]);
    let id = block.raw_text("id")?;
    let id = id.ok_or_else(|| block.refuse("id", "it is required"))?;
    let name = block.raw_text("name")?;
    let name = name.ok_or_else(|| block.refuse("name", "it is required"))?;
    let arguments = block.take("input").map_or("{}", RawValue::get);
    Ok(Call {
        id,
        kind: "function",
        function: Function {
            name: Cow::Borrowed(name),
            arguments: Cow::Borrowed(arguments),
        },
        extra_content: None,
    })
}

/// A chat's `tool` message takes nothing but texts.
fn result<'a>(block: &mut Object<'a>) -> Result<Said<'a>, Untranslatable> {
    block.drop_hints(&["is_error"]);
    let call = block.raw_text("tool_use_id")?;
    let call = call.ok_or_else(|| block.refuse("tool_use_id", "it is required"))?;
    let parts = only_parts(&block.name("content"), block.take("content"))?;
    let is_text = |part: &Part<'_>| matches!(part, Part::Text { .. });
    let (texts, media) = parts.into_iter().partition(is_text);
    Ok(Said::Result { call, texts, media })
}

/// Content in which nothing is called or answered.
pub(super) fn only_parts<'a>(
    path: &str,
    from: Option<&'a RawValue>,
) -> Result<Vec<Part<'a>>, Untranslatable> {
    let mut parts = Vec::new();
    for said in content(path, from)? {
        match said {
            Said::Parts(more) => parts.extend(more),
            Said::Thinking(_) | Said::Nothing => {}
            Said::Call(_) | Said::Result { .. } => {
                let why = "a tool call cannot stand here";
                return Err(Untranslatable::new(path.to_owned(), why));
            }
        }
    }
    Ok(parts)
}
