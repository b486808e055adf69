//! The request as a whole.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::blocks;
use super::turns::Turns;
use super::{strict, thinking};
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{
    Content, Format, Message, Reader, Request, Schema, Tool, ToolChoice, ToolFunction,
};
use crate::translate::object::Object;
use crate::translate::{Replay, Target, Untranslatable};

/// Members that only advise, or that the gateway has dealt with.
const DROPPED: [&str; 5] = [
    "model",
    "max_tokens",
    "cache_control",
    "context_management",
    "diagnostics",
];

/// Translates a `messages` request.
pub(in crate::translate) fn translate(
    body: &[u8],
    target: &Target<'_>,
    reader: Reader,
) -> Result<Vec<u8>, Untranslatable> {
    let mut object = Object::of_body(body)?;
    let stream = object.flag("stream")?.unwrap_or(false);
    let (said_effort, response_format) = output_config(&mut object)?;
    let effort = thinking::effort(&mut object, said_effort)?;
    let (tool_choice, one_at_a_time) = tool_choice(&mut object)?;
    let request = Request {
        tools: tools(&mut object)?,
        tool_choice,
        parallel_tool_calls: one_at_a_time.then_some(false),
        stop: object
            .take("stop_sequences")
            .filter(|stop| stop.get() != "[]"),
        temperature: object.take("temperature"),
        top_p: object.take("top_p"),
        top_k: (reader == Reader::ToGemini)
            .then(|| object.take("top_k"))
            .flatten(),
        reasoning_effort: effort.filter(|_| target.may_reason),
        response_format,
        user: user(&mut object)?,
        service_tier: service_tier(&mut object)?.map(Cow::Borrowed),
        ..Request::of(target, messages(&mut object, target)?, stream)
    };
    refuse_unusual(&mut object)?;
    object.drop_hints(&DROPPED);
    object.finish(NO_COUNTERPART)?;
    Ok(request.write())
}

fn messages<'a>(
    object: &mut Object<'a>,
    target: &Target<'_>,
) -> Result<Vec<Message<'a>>, Untranslatable> {
    let mut messages = Vec::new();
    if let Some(system) = object.take("system") {
        let parts = blocks::only_parts(&object.name("system"), Some(system))?;
        if !parts.is_empty() {
            let content = Content::of(parts);
            messages.push(Message::System { content });
        }
    }
    let turns = object.list("messages")?;
    let turns = turns.ok_or_else(|| object.refuse("messages", "it is required"))?;
    let mut read = Turns::new(target.replay == Replay::Reasoning);
    for (path, turn) in turns {
        read.read(Object::at(path, turn)?)?;
    }
    messages.extend(read.finish());
    if target.replay == Replay::Proofs {
        messages.iter_mut().for_each(Message::sign);
    }
    Ok(messages)
}

fn tools<'a>(object: &mut Object<'a>) -> Result<Vec<Tool<'a>>, Untranslatable> {
    let listed = object.list("tools")?.unwrap_or_default();
    let read = |(path, tool)| {
        let mut tool = Object::at(path, tool)?;
        if tool.text("type")?.is_some_and(|kind| kind != "custom") {
            let why = "only tools with an `input_schema` can be translated";
            return Err(tool.refuse("type", why));
        }
        let name = tool.raw_text("name")?;
        let name = name.ok_or_else(|| tool.refuse("name", "it is required"))?;
        let function = ToolFunction {
            name: Cow::Borrowed(name),
            description: tool.raw_text("description")?.map(Cow::Borrowed),
            parameters: Some(Cow::Borrowed(tool.need("input_schema")?)),
            strict: tool.flag("strict")?.unwrap_or(false),
        };
        tool.drop_hints(&[
            "cache_control",
            "input_examples",
            "eager_input_streaming",
            "defer_loading",
        ]);
        tool.finish(NO_COUNTERPART)?;
        Ok(function.into())
    };
    listed.into_iter().map(read).collect()
}

/// The choice, and whether only one tool may be called.
fn tool_choice<'a>(
    object: &mut Object<'a>,
) -> Result<(Option<ToolChoice<'a>>, bool), Untranslatable> {
    let Some(mut choice) = object.object("tool_choice")? else {
        return Ok((None, false));
    };
    let one_at_a_time = choice.flag("disable_parallel_tool_use")?.unwrap_or(false);
    let kind = choice.text("type")?.unwrap_or_default();
    let read = match kind.as_str() {
        "auto" => ToolChoice::Word("auto"),
        "any" => ToolChoice::Word("required"),
        "none" => ToolChoice::Word("none"),
        "tool" => {
            let name = choice.raw_text("name")?;
            let name = name.ok_or_else(|| choice.refuse("name", "it is required"))?;
            ToolChoice::named(Cow::Borrowed(name))
        }
        _ => return Err(choice.refuse("type", "it must be `auto`, `any`, `tool` or `none`")),
    };
    choice.finish(NO_COUNTERPART)?;
    Ok((Some(read), one_at_a_time))
}

fn output_config<'a>(
    object: &mut Object<'a>,
) -> Result<(Option<String>, Option<Format<'a>>), Untranslatable> {
    // As it was called in its beta.
    let mut format = object.object("output_format")?;
    let mut effort = None;
    if let Some(mut config) = object.object("output_config")? {
        effort = config.text("effort")?;
        format = config.object("format")?.or(format);
        config.finish(NO_COUNTERPART)?;
    }
    let format = format.map(|mut format| {
        if format
            .text("type")?
            .is_none_or(|kind| kind != "json_schema")
        {
            return Err(format.refuse("type", NO_COUNTERPART));
        }
        let schema = format.need("schema")?;
        format.finish(NO_COUNTERPART)?;
        // Anthropic's answer always fits its schema. OpenAI promises that only
        // for some schemas, and refuses to promise it for others.
        let json_schema = Schema {
            name: Cow::Borrowed("answer"),
            description: None,
            schema,
            strict: strict::allows(schema),
        };
        Ok(Format::JsonSchema { json_schema })
    });
    Ok((effort, format.transpose()?))
}

/// Elsewhere and faster are not to be had everywhere.
fn refuse_unusual(object: &mut Object<'_>) -> Result<(), Untranslatable> {
    for (name, usual) in [("inference_geo", "global"), ("speed", "standard")] {
        if object.text(name)?.is_some_and(|value| value != usual) {
            return Err(object.refuse(name, NO_COUNTERPART));
        }
    }
    Ok(())
}

/// OpenAI refuses a longer one.
const LONGEST_USER: usize = 64;

fn user<'a>(object: &mut Object<'a>) -> Result<Option<&'a RawValue>, Untranslatable> {
    let Some(mut metadata) = object.object("metadata")? else {
        return Ok(None);
    };
    let user = metadata.raw_text("user_id")?;
    metadata.finish(NO_COUNTERPART)?;
    let fits = |user: &&RawValue| {
        let text = serde_json::from_str::<String>(user.get());
        text.is_ok_and(|text| text.chars().count() <= LONGEST_USER)
    };
    Ok(user.filter(fits))
}

fn service_tier(object: &mut Object<'_>) -> Result<Option<&'static str>, Untranslatable> {
    match object.text("service_tier")?.as_deref() {
        None | Some("auto") => Ok(None),
        Some("standard_only") => Ok(Some("default")),
        Some(_) => Err(object.refuse("service_tier", NO_COUNTERPART)),
    }
}
