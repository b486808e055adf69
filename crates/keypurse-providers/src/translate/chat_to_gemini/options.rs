//! `generationConfig` and `toolConfig`.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::gemini::is_newer;
use crate::translate::chat::{Chat, Choice, Format, NO_COUNTERPART, Tool};
use crate::translate::{Target, Untranslatable};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationConfig<'a> {
    max_output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(flatten)]
    amount: Amount,
    /// Else nothing is shown of what was thought.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    include_thoughts: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Amount {
    ThinkingBudget(u64),
    ThinkingLevel(&'static str),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: FunctionCallingConfig<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCallingConfig<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a RawValue; 1]>,
}

/// Refuses what Gemini's dialect has no words for.
pub(super) fn refuse(chat: &Chat<'_>) -> Result<(), Untranslatable> {
    let tier = chat.service_tier.as_deref();
    let stated = [
        ("logprobs", chat.sampling.logprobs),
        ("thinking", chat.thinking.is_some()),
        (
            "service_tier",
            tier.is_some_and(|tier| !matches!(tier, "auto" | "default")),
        ),
    ];
    match stated.into_iter().find(|(_, is_stated)| *is_stated) {
        Some((name, _)) => Err(Untranslatable::new(name, NO_COUNTERPART)),
        None => Ok(()),
    }
}

/// The options of a request.
pub(super) fn generation_config<'a>(
    chat: &Chat<'a>,
    target: &Target<'_>,
) -> Result<GenerationConfig<'a>, Untranslatable> {
    let (response_mime_type, response_json_schema) = match chat.format {
        // Its answer is a call, and Gemini refuses the two together before 3.
        _ if must_call(chat) => (None, None),
        None => (None, None),
        Some(Format::JsonObject) => (Some("application/json"), None),
        Some(Format::Schema(schema)) => (Some("application/json"), Some(schema)),
    };
    let effort = chat.effort.as_deref();
    let thinking_config = effort.map(|effort| thinking(effort, target.model));
    let sampling = &chat.sampling;
    Ok(GenerationConfig {
        max_output_tokens: target.output_limit,
        candidate_count: (chat.choices != 1).then_some(chat.choices),
        stop_sequences: chat.stop.clone(),
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        seed: sampling.seed,
        frequency_penalty: sampling.frequency_penalty,
        presence_penalty: sampling.presence_penalty,
        response_mime_type,
        response_json_schema,
        thinking_config: thinking_config.transpose()?,
    })
}

/// Whether the answer can be nothing but a call.
fn must_call(chat: &Chat<'_>) -> bool {
    let is_chosen = matches!(chat.choice, Some(Choice::Required | Choice::Named(_)));
    is_chosen && !chat.tools.is_empty()
}

/// The choice among the tools. What must fit its schema is checked by the
/// provider when it is asked to.
pub(super) fn tool_config<'a>(chat: &Chat<'a>) -> Option<ToolConfig<'a>> {
    if chat.tools.is_empty() {
        return None;
    }
    let is_strict = chat.tools.iter().any(|tool: &Tool<'_>| tool.is_strict);
    let (mode, name) = match &chat.choice {
        None | Some(Choice::Auto) if is_strict => ("VALIDATED", None),
        None => return None,
        Some(Choice::Auto) => ("AUTO", None),
        Some(Choice::None) => ("NONE", None),
        Some(Choice::Required) => ("ANY", None),
        Some(Choice::Named(name)) => ("ANY", Some([*name])),
    };
    Some(ToolConfig {
        function_calling_config: FunctionCallingConfig {
            mode,
            allowed_function_names: name,
        },
    })
}

/// "OpenAI compatibility", Thinking: the budget of each effort for Gemini 2.5,
/// and its level later. Efforts that came later are its highest.
fn thinking(effort: &str, model: &str) -> Result<ThinkingConfig, Untranslatable> {
    let (level, budget) = match effort {
        "none" => ("minimal", 0),
        "minimal" => ("minimal", 1024),
        "low" => ("low", 1024),
        "medium" => ("medium", 8192),
        "high" | "xhigh" | "max" => ("high", 24_576),
        _ => {
            let why = "it must be `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`";
            return Err(Untranslatable::new("reasoning_effort", why));
        }
    };
    let amount = if is_newer(model) {
        Amount::ThinkingLevel(level)
    } else {
        Amount::ThinkingBudget(budget)
    };
    Ok(ThinkingConfig {
        amount,
        include_thoughts: effort != "none",
    })
}
