//! The request as a whole.

use serde::Serialize;
use serde_json::value::RawValue;

use super::options::{self, GenerationConfig, ToolConfig};
use super::parts::OutPart;
use super::turns::{self, Content};
use crate::gemini::{UNSIGNED, is_newer};
use crate::translate::chat::{Chat, Tool};
use crate::translate::{Target, Untranslatable};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<System<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    generation_config: GenerationConfig<'a>,
}

#[derive(Debug, Serialize)]
struct System<'a> {
    parts: Vec<OutPart<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

/// Translates a chat request. The model and whether it is streamed are said by
/// the path ([`crate::gemini::path`]).
pub(in crate::translate) fn translate(
    body: &[u8],
    target: &Target<'_>,
) -> Result<Vec<u8>, Untranslatable> {
    let chat = Chat::read(body)?;
    options::refuse(&chat)?;
    let unsigned = serde_json::value::to_raw_value(UNSIGNED).expect("a text is JSON");
    let unsigned = is_newer(target.model).then_some(&*unsigned);
    let system = chat.system.iter().map(|text| OutPart::text(text.text));
    let system: Vec<OutPart<'_>> = system.collect();
    let function_declarations: Vec<_> = chat.tools.iter().map(declaration).collect();
    let tools = Tools {
        function_declarations,
    };
    let request = Request {
        contents: turns::contents(&chat.turns, unsigned)?,
        system_instruction: (!system.is_empty()).then_some(System { parts: system }),
        tools: (!chat.tools.is_empty()).then_some([tools]),
        tool_config: options::tool_config(&chat),
        generation_config: options::generation_config(&chat, target)?,
    };
    Ok(serde_json::to_vec(&request).expect("texts and numbers are JSON"))
}

fn declaration<'a>(tool: &Tool<'a>) -> Declaration<'a> {
    Declaration {
        name: tool.name,
        description: tool.description,
        parameters_json_schema: tool.parameters,
    }
}
