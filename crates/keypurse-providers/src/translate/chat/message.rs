//! Messages and their parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::read::NO_COUNTERPART;
use crate::members::Members;
use crate::translate::Untranslatable;
use crate::translate::alike::is_read_alike;
use crate::translate::object::{Object, items};

/// A text as it is written, quotes included.
#[derive(Clone, Copy, Debug)]
pub(in crate::translate) struct Text<'a> {
    pub(in crate::translate) text: &'a RawValue,
    pub(in crate::translate) cache_control: Option<&'a RawValue>,
}

/// Something that is no text.
#[derive(Debug)]
pub(in crate::translate) struct Media<'a> {
    /// What it is called in a refusal.
    pub(in crate::translate) path: String,
    /// An address, or a `data:` URL.
    pub(in crate::translate) url: String,
    /// A file's name.
    pub(in crate::translate) name: Option<&'a RawValue>,
    pub(in crate::translate) cache_control: Option<&'a RawValue>,
}

/// A part of a message.
#[derive(Debug)]
pub(in crate::translate) enum Part<'a> {
    Text(Text<'a>),
    Image(Media<'a>),
    File(Media<'a>),
    Audio(Media<'a>),
}

/// A tool call of an earlier answer.
#[derive(Debug)]
pub(in crate::translate) struct Call<'a> {
    pub(in crate::translate) id: &'a RawValue,
    pub(in crate::translate) name: &'a RawValue,
    /// An object.
    pub(in crate::translate) input: Box<RawValue>,
    /// The proof Gemini wants to see again.
    pub(in crate::translate) signature: Option<&'a RawValue>,
    pub(in crate::translate) cache_control: Option<&'a RawValue>,
}

/// A message that is no system's.
#[derive(Debug)]
pub(in crate::translate) enum Turn<'a> {
    User(Vec<Part<'a>>),
    Assistant {
        parts: Vec<Part<'a>>,
        calls: Vec<Call<'a>>,
        /// Anthropic's blocks, as they are written.
        thinking: Vec<Cow<'a, RawValue>>,
    },
    Tool {
        /// Which call it answers.
        call: &'a RawValue,
        parts: Vec<Part<'a>>,
        /// Of the result as a whole.
        cache_control: Option<&'a RawValue>,
    },
}

/// What other gateways leave in the history of their clients: for themselves,
/// and nothing to the provider.
const OF_GATEWAYS: &str = "provider_specific_fields";

/// Members of a message that only advise.
const DROPPED: [&str; 7] = [
    "name",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "annotations",
    "prompt_cache_breakpoint",
    OF_GATEWAYS,
];

/// Reads one message.
pub(super) fn read<'a>(
    path: String,
    message: &'a RawValue,
    system: &mut Vec<Text<'a>>,
    turns: &mut Vec<Turn<'a>>,
) -> Result<(), Untranslatable> {
    let mut object = Object::at(path, message)?;
    let role = object.text("role")?;
    let cache_control = object.take("cache_control");
    let is_result = role.as_deref() == Some("tool");
    let of_text = cache_control.filter(|_| !is_result);
    let mut parts = parts(&mut object, of_text)?;
    match role.as_deref() {
        Some("system" | "developer") => {
            for part in parts {
                match part {
                    Part::Text(text) => system.push(text),
                    Part::Image(media) | Part::File(media) | Part::Audio(media) => {
                        let why = "a system message can only have text";
                        return Err(Untranslatable::new(media.path, why));
                    }
                }
            }
        }
        Some("user") => turns.push(Turn::User(parts)),
        Some("assistant") => {
            let refusal = object.raw_text("refusal")?;
            let refusal = refusal.map(|text| Text {
                text,
                cache_control: None,
            });
            parts.extend(refusal.filter(Text::has_text).map(Part::Text));
            let calls = calls(&mut object)?;
            let thinking = object.list("thinking_blocks")?.unwrap_or_default();
            turns.push(Turn::Assistant {
                parts,
                calls,
                thinking: thinking
                    .into_iter()
                    .map(|(_, block)| unnumbered(block))
                    .collect(),
            });
        }
        Some("tool") => {
            let call = object.raw_text("tool_call_id")?;
            let call = call.ok_or_else(|| object.refuse("tool_call_id", "it is required"))?;
            turns.push(Turn::Tool {
                call,
                parts,
                cache_control,
            });
        }
        _ => {
            let why = "it must be `system`, `developer`, `user`, `assistant` or `tool`";
            return Err(object.refuse("role", why));
        }
    }
    object.drop_hints(&DROPPED);
    object.finish(NO_COUNTERPART)
}

/// Clients that put a stream together keep the numbers of its items, which are
/// none of Anthropic's.
fn unnumbered(block: &RawValue) -> Cow<'_, RawValue> {
    let is_number = |(name, _): &(Cow<'_, str>, _)| name == "index";
    let members = Members::read(block.get()).map(|members| members.0);
    let Some(mut members) = members.filter(|all| all.iter().any(is_number)) else {
        return Cow::Borrowed(block);
    };
    members.retain(|member| !is_number(member));
    let rest = RawValue::from_string(Members(members).with(&[]));
    Cow::Owned(rest.expect("it was JSON and still is"))
}

impl Text<'_> {
    /// No provider takes an empty text, and it says nothing.
    pub(in crate::translate) fn has_text(&self) -> bool {
        self.text.get() != "\"\""
    }
}

fn parts<'a>(
    object: &mut Object<'a>,
    cache_control: Option<&'a RawValue>,
) -> Result<Vec<Part<'a>>, Untranslatable> {
    let Some(content) = object.take("content") else {
        return Ok(Vec::new());
    };
    if content.get().starts_with('"') {
        let text = Text {
            text: content,
            cache_control,
        };
        let some = Some(text).filter(Text::has_text);
        return Ok(some.map(Part::Text).into_iter().collect());
    }
    let mut parts = Vec::new();
    for (path, part) in items(&object.name("content"), content)? {
        let part = read_part(Object::at(path, part)?)?;
        let says_nothing = matches!(&part, Part::Text(text) if !text.has_text());
        if !says_nothing {
            parts.push(part);
        }
    }
    Ok(parts)
}

fn read_part(mut object: Object<'_>) -> Result<Part<'_>, Untranslatable> {
    let kind = object.text("type")?.unwrap_or_default();
    let cache_control = object.take("cache_control");
    let part = match kind.as_str() {
        "text" | "refusal" => {
            let text = object.raw_text(&kind)?;
            // What some clients keep of an answer's part.
            object.drop_hints(&["role", "refusal", "annotations", "logprobs"]);
            let text = text.ok_or_else(|| object.refuse(&kind, "it is required"))?;
            Part::Text(Text {
                text,
                cache_control,
            })
        }
        "image_url" => Part::Image(image(&mut object, cache_control)?),
        "file" => Part::File(file(&mut object, cache_control)?),
        "input_audio" => Part::Audio(audio(&mut object)?),
        _ => return Err(object.refuse("type", NO_COUNTERPART)),
    };
    object.drop_hints(&["prompt_cache_breakpoint"]);
    object.finish(NO_COUNTERPART)?;
    Ok(part)
}

/// `detail` only advises. Some clients send the address alone.
fn image<'a>(
    part: &mut Object<'a>,
    cache_control: Option<&'a RawValue>,
) -> Result<Media<'a>, Untranslatable> {
    let path = part.name("image_url");
    let value = part.need("image_url")?;
    let url = if value.get().starts_with('"') {
        serde_json::from_str(value.get()).ok()
    } else {
        let mut image = Object::at(path.clone(), value)?;
        let url = image.text("url")?;
        image.drop_hints(&["detail"]);
        image.finish(NO_COUNTERPART)?;
        url
    };
    Ok(Media {
        url: url.ok_or_else(|| part.refuse("image_url", "it needs a `url`"))?,
        path,
        name: None,
        cache_control,
    })
}

fn file<'a>(
    part: &mut Object<'a>,
    cache_control: Option<&'a RawValue>,
) -> Result<Media<'a>, Untranslatable> {
    let path = part.name("file");
    let mut file = Object::at(path.clone(), part.need("file")?)?;
    let name = file.raw_text("filename")?;
    let url = file.text("file_data")?;
    let why = "a file stored at another provider cannot be read; send `file_data`";
    let url = url.ok_or_else(|| file.refuse("file_id", why))?;
    file.finish(why)?;
    Ok(Media {
        path,
        url,
        name,
        cache_control,
    })
}

fn audio<'a>(part: &mut Object<'a>) -> Result<Media<'a>, Untranslatable> {
    let path = part.name("input_audio");
    let mut audio = Object::at(path.clone(), part.need("input_audio")?)?;
    let data = audio.text("data")?.unwrap_or_default();
    let format = audio.text("format")?.unwrap_or_default();
    audio.finish(NO_COUNTERPART)?;
    Ok(Media {
        path,
        url: format!("data:audio/{format};base64,{data}"),
        name: None,
        cache_control: None,
    })
}

fn calls<'a>(message: &mut Object<'a>) -> Result<Vec<Call<'a>>, Untranslatable> {
    let listed = message.list("tool_calls")?.unwrap_or_default();
    let read = |(path, call)| {
        let mut call = Object::at(path, call)?;
        if call.text("type")?.is_some_and(|kind| kind != "function") {
            return Err(call.refuse("type", "only calls of functions can be translated"));
        }
        let id = call.raw_text("id")?;
        let id = id.ok_or_else(|| call.refuse("id", "it is required"))?;
        let signature = signature(&mut call)?;
        let cache_control = call.take("cache_control");
        let mut function = Object::at(call.name("function"), call.need("function")?)?;
        let name = function.raw_text("name")?;
        let name = name.ok_or_else(|| function.refuse("name", "it is required"))?;
        let input = arguments(&mut function)?;
        function.drop_hints(&[OF_GATEWAYS]);
        function.finish(NO_COUNTERPART)?;
        call.drop_hints(&["index", OF_GATEWAYS]);
        call.finish(NO_COUNTERPART)?;
        Ok(Call {
            id,
            name,
            input,
            signature,
            cache_control,
        })
    };
    listed.into_iter().map(read).collect()
}

/// Arguments are a text that should be an object; a call without any may have
/// an empty one.
fn arguments(function: &mut Object<'_>) -> Result<Box<RawValue>, Untranslatable> {
    let text = function.text("arguments")?.unwrap_or_default();
    let text = if text.trim().is_empty() {
        "{}".to_owned()
    } else {
        text.trim().to_owned()
    };
    let why = "it must be the text of a JSON object";
    let raw = RawValue::from_string(text).map_err(|_| function.refuse("arguments", why))?;
    // They become part of the request.
    if raw.get().starts_with('{') && is_read_alike(raw.get()) {
        Ok(raw)
    } else {
        Err(function.refuse("arguments", why))
    }
}

fn signature<'a>(call: &mut Object<'a>) -> Result<Option<&'a RawValue>, Untranslatable> {
    let Some(mut extra) = call.object("extra_content")? else {
        return Ok(None);
    };
    let Some(mut google) = extra.object("google")? else {
        return Ok(None);
    };
    google.raw_text("thought_signature")
}
