//! The request as a whole.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::blocks::Block;
use super::effort::{self, Thinking};
use super::turns::{self, Message};
use super::{caching, sampling, schema};
use crate::translate::chat::{Chat, Choice, Format, NO_COUNTERPART, Tool};
use crate::translate::{Target, Untranslatable};

#[derive(Debug, Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Function<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<ThinkingMember<'a>>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    output_config: OutputConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ThinkingMember<'a> {
    Said(&'a RawValue),
    Derived(Thinking),
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a RawValue>,
    input_schema: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
struct ToolChoice<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_parallel_tool_use: bool,
}

#[derive(Debug, Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<SchemaFormat<'a>>,
}

impl OutputConfig<'_> {
    fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

#[derive(Debug, Serialize)]
struct SchemaFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: Cow<'a, RawValue>,
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    user_id: &'a RawValue,
}

/// The schema of a function that is described without one.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;
/// What stands for a mode that the dialect does not have.
const JSON_ONLY: &str = r#""Answer with one JSON object alone, without a code fence.""#;

/// Translates a chat request.
pub(in crate::translate) fn translate(
    body: &[u8],
    target: &Target<'_>,
) -> Result<Vec<u8>, Untranslatable> {
    let mut chat = Chat::read(body)?;
    refuse(&chat)?;
    sampling::fit(&mut chat.sampling, target.model);
    let (thinking, effort) = effort::of(&chat, target.model, target.output_limit)?;
    let thinking = thinking.map(ThinkingMember::Derived);
    let thinking = chat.thinking.map(ThinkingMember::Said).or(thinking);
    let own = |text: &str| RawValue::from_string(text.to_owned()).expect("our own text");
    let (no_parameters, json_only) = (own(NO_PARAMETERS), own(JSON_ONLY));
    let mut system: Vec<Block<'_>> = chat.system.drain(..).map(Block::from).collect();
    let format = match chat.format {
        Some(Format::Schema(schema)) => Some(SchemaFormat {
            kind: "json_schema",
            schema: schema::promised(schema),
        }),
        Some(Format::JsonObject) => {
            system.push(Block::Text {
                text: &json_only,
                cache_control: None,
            });
            None
        }
        None => None,
    };
    let mut turns = std::mem::take(&mut chat.turns);
    let mut messages = turns::messages(&mut turns)?;
    let cached = own(caching::SHORT);
    if chat.names_cache {
        caching::mark(&cached, &mut chat.tools, &mut system, &mut messages);
    }
    let request = Request {
        model: target.model,
        max_tokens: target.output_limit,
        stream: chat.streamed,
        system,
        tool_choice: tool_choice(&chat),
        tools: chat
            .tools
            .iter()
            .map(|tool| function(tool, &no_parameters))
            .collect(),
        stop_sequences: chat.stop.clone(),
        temperature: chat.sampling.temperature,
        top_p: chat.sampling.top_p,
        top_k: chat.sampling.top_k,
        thinking,
        output_config: OutputConfig { effort, format },
        metadata: chat.user.map(|user_id| Metadata { user_id }),
        service_tier: (chat.service_tier.as_deref() == Some("default")).then_some("standard_only"),
        messages,
    };
    Ok(serde_json::to_vec(&request).expect("texts and numbers are JSON"))
}

/// Refuses what Anthropic's dialect has no words for.
fn refuse(chat: &Chat<'_>) -> Result<(), Untranslatable> {
    chat.sampling.refuse_beyond_basics()?;
    if chat.choices != 1 {
        let why = "these models give one answer; ask several times";
        return Err(Untranslatable::new("n", why));
    }
    let temperature = chat.sampling.temperature.map(RawValue::get);
    let temperature = temperature.and_then(|number| number.parse::<f64>().ok());
    if temperature.is_some_and(|temperature| temperature > 1.0) {
        let why = "it must be from 0 to 1 for these models";
        return Err(Untranslatable::new("temperature", why));
    }
    let tier = chat.service_tier.as_deref();
    if tier.is_some_and(|tier| !matches!(tier, "auto" | "default")) {
        return Err(Untranslatable::new("service_tier", NO_COUNTERPART));
    }
    Ok(())
}

fn function<'a>(tool: &Tool<'a>, no_parameters: &'a RawValue) -> Function<'a> {
    let parameters = tool.parameters.filter(|schema| schema.get() != "{}");
    let parameters = parameters.unwrap_or(no_parameters);
    Function {
        name: tool.name,
        description: tool.description,
        input_schema: if tool.is_strict {
            schema::promised(parameters)
        } else {
            Cow::Borrowed(parameters)
        },
        strict: tool.is_strict,
        cache_control: tool.cache_control,
    }
}

/// Without tools there is nothing to choose.
fn tool_choice<'a>(chat: &Chat<'a>) -> Option<ToolChoice<'a>> {
    if chat.tools.is_empty() {
        return None;
    }
    let one_at_a_time = chat.parallel_tools == Some(false);
    let (kind, name) = match &chat.choice {
        None if one_at_a_time => ("auto", None),
        None => return None,
        Some(Choice::Auto) => ("auto", None),
        Some(Choice::None) => ("none", None),
        Some(Choice::Required) => ("any", None),
        Some(Choice::Named(name)) => ("tool", Some(*name)),
    };
    Some(ToolChoice {
        kind,
        name,
        disable_parallel_tool_use: one_at_a_time && kind != "none",
    })
}
