//! The request as a whole.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::input::Conversation;
use super::tools;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Format, Message, Reader, Request, Schema};
use crate::translate::object::{Object, items};
use crate::translate::response_tools::read_list;
use crate::translate::{Replay, Target, Untranslatable};

/// Members that only advise, or that the gateway has dealt with.
const DROPPED: [&str; 11] = [
    "model",
    "max_output_tokens",
    "stream_options",
    "metadata",
    "client_metadata",
    "prompt_cache_retention",
    "prompt_cache_options",
    "truncation",
    "max_tool_calls",
    "background",
    "include",
];

/// Translates a request for a response.
pub(in crate::translate) fn translate(
    body: &[u8],
    target: &Target<'_>,
    reader: Reader,
) -> Result<Vec<u8>, Untranslatable> {
    let mut object = Object::of_body(body)?;
    refuse_kept(&mut object)?;
    refuse_logprobs(&mut object)?;
    let stream = object.flag("stream")?.unwrap_or(false);
    let mut conversation = conversation(&mut object, reader, target)?;
    let mut listed = Vec::new();
    if let Some(list) = object.take("tools") {
        read_list("tools", list, &mut listed)?;
    }
    listed.append(&mut conversation.tools);
    let tool_choice = tools::choice(&mut object, &mut listed)?;
    let user = object.raw_text("safety_identifier")?;
    let mut messages = conversation.finish();
    if messages.is_empty() {
        return Err(object.refuse("input", "there must be an item that says something"));
    }
    if target.replay == Replay::Proofs {
        messages.iter_mut().for_each(Message::sign);
    }
    let request = Request {
        tools: tools::functions(listed)?,
        tool_choice,
        parallel_tool_calls: object
            .flag("parallel_tool_calls")?
            .filter(|parallel| !parallel),
        temperature: object.take("temperature"),
        top_p: object.take("top_p"),
        reasoning_effort: effort(&mut object)?.filter(|_| target.may_reason),
        response_format: format(&mut object)?,
        user: object.raw_text("user")?.or(user),
        service_tier: object.text("service_tier")?.map(Cow::Owned),
        prompt_cache_key: object
            .raw_text("prompt_cache_key")?
            .filter(|_| reader == Reader::ToAnthropic),
        ..Request::of(target, messages, stream)
    };
    object.drop_hints(&DROPPED);
    object.finish(NO_COUNTERPART)?;
    Ok(request.write())
}

/// A chat's provider keeps nothing.
fn refuse_kept(object: &mut Object<'_>) -> Result<(), Untranslatable> {
    let why = "this model's provider keeps no responses; send the whole conversation as `input`";
    for name in ["previous_response_id", "conversation", "prompt"] {
        if object.take(name).is_some() {
            return Err(object.refuse(name, why));
        }
    }
    if object.flag("store")? == Some(true) {
        let why = "this model's provider keeps no responses; leave it out, or say false";
        return Err(object.refuse("store", why));
    }
    Ok(())
}

fn refuse_logprobs(object: &mut Object<'_>) -> Result<(), Untranslatable> {
    let included = object.list("include")?.unwrap_or_default();
    let logprobs = |(_, item): &(String, &RawValue)| item.get().contains("logprobs");
    if included.iter().any(logprobs) {
        return Err(object.refuse("include", NO_COUNTERPART));
    }
    let wrong = "it must be a whole number";
    let alternatives: Option<u64> = object.take_as("top_logprobs", wrong)?;
    if alternatives.is_some_and(|some| some > 0) {
        return Err(object.refuse("top_logprobs", NO_COUNTERPART));
    }
    Ok(())
}

fn conversation<'a>(
    object: &mut Object<'a>,
    reader: Reader,
    target: &Target<'_>,
) -> Result<Conversation<'a>, Untranslatable> {
    let instructions = object.raw_text("instructions")?;
    let mut conversation = Conversation::new(reader, target, instructions);
    let input = object.need("input")?;
    if input.get().starts_with('"') {
        conversation.ask(input);
        return Ok(conversation);
    }
    for (path, item) in items(&object.name("input"), input)? {
        conversation.read(Object::at(path, item)?)?;
    }
    Ok(conversation)
}

fn effort(object: &mut Object<'_>) -> Result<Option<String>, Untranslatable> {
    let Some(mut reasoning) = object.object("reasoning")? else {
        return Ok(None);
    };
    let effort = reasoning.text("effort")?;
    reasoning.drop_hints(&["summary", "generate_summary", "context"]);
    reasoning.finish(NO_COUNTERPART)?;
    Ok(effort)
}

fn format<'a>(object: &mut Object<'a>) -> Result<Option<Format<'a>>, Untranslatable> {
    let Some(mut text) = object.object("text")? else {
        return Ok(None);
    };
    text.drop_hints(&["verbosity"]);
    let format = text.object("format")?;
    text.finish(NO_COUNTERPART)?;
    let Some(mut format) = format else {
        return Ok(None);
    };
    let kind = format.text("type")?.unwrap_or_default();
    let read = match kind.as_str() {
        "text" => None,
        "json_object" => Some(Format::JsonObject),
        "json_schema" => {
            let name = format.text("name")?;
            let json_schema = Schema {
                name: name.map_or(Cow::Borrowed("answer"), Cow::Owned),
                description: format.raw_text("description")?,
                schema: format.need("schema")?,
                strict: format.flag("strict")?.unwrap_or(false),
            };
            Some(Format::JsonSchema { json_schema })
        }
        _ => return Err(format.refuse("type", NO_COUNTERPART)),
    };
    format.finish(NO_COUNTERPART)?;
    Ok(read)
}
