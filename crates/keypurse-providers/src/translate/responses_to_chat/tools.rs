//! Tools as a chat's functions, and the choice among them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::translate::Untranslatable;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::chat_request::{Tool, ToolChoice, ToolFunction};
use crate::translate::object::Object;
use crate::translate::response_tools::Listed;

/// What a custom tool's function takes.
const ONE_TEXT: &str = concat!(
    r#"{"type":"object","properties":{"input":{"type":"string"}},"#,
    r#""required":["input"],"additionalProperties":false}"#
);

fn function(listed: Listed<'_>) -> Result<Tool<'_>, Untranslatable> {
    let name = listed.called()?;
    let Listed { kind, mut tool, .. } = listed;
    let description = tool.raw_text("description")?.map(Cow::Borrowed);
    let function = if kind == "custom" {
        ToolFunction {
            name,
            description: described(&mut tool, description)?,
            parameters: Some(Cow::Owned(own(ONE_TEXT.to_owned()))),
            strict: false,
        }
    } else {
        ToolFunction {
            name,
            description,
            parameters: tool.take("parameters").map(Cow::Borrowed),
            strict: tool.flag("strict")?.unwrap_or(false),
        }
    };
    tool.drop_hints(&["defer_loading", "output_schema", "allowed_callers"]);
    tool.finish(NO_COUNTERPART)?;
    Ok(function.into())
}

/// A grammar is not enforced: the model is told of it.
fn described<'a>(
    tool: &mut Object<'a>,
    description: Option<Cow<'a, RawValue>>,
) -> Result<Option<Cow<'a, RawValue>>, Untranslatable> {
    let Some(mut format) = tool.object("format")? else {
        return Ok(description);
    };
    let kind = format.text("type")?.unwrap_or_default();
    let syntax = format.text("syntax")?.unwrap_or_default();
    let definition = format.text("definition")?.unwrap_or_default();
    let kind_is_unknown = format.refuse("type", NO_COUNTERPART);
    format.finish(NO_COUNTERPART)?;
    match kind.as_str() {
        "text" => Ok(description),
        "grammar" => {
            let own_text = description.map(|text| text.get().to_owned());
            let own_text: Option<String> =
                own_text.and_then(|text| serde_json::from_str(&text).ok());
            let text = own_text.unwrap_or_default();
            let text =
                format!("{text}\n\nThe input has to fit this {syntax} grammar:\n{definition}");
            let text = serde_json::to_string(text.trim_start()).expect("a text is JSON");
            Ok(Some(Cow::Owned(own(text))))
        }
        _ => Err(kind_is_unknown),
    }
}

fn own(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("it was written as JSON")
}

/// Tools as functions, each once: the same may be described again on the way.
pub(super) fn functions(listed: Vec<Listed<'_>>) -> Result<Vec<Tool<'_>>, Untranslatable> {
    let mut known: HashMap<String, bool> = HashMap::new();
    let mut functions = Vec::with_capacity(listed.len());
    for tool in listed {
        if !matches!(tool.kind.as_str(), "function" | "custom") {
            return Err(tool.tool.refuse("type", NO_COUNTERPART));
        }
        let called = decoded(&tool.called()?);
        let is_qualified = tool.namespace().is_some();
        match known.insert(called, is_qualified) {
            None => functions.push(function(tool)?),
            Some(before) if before == is_qualified => {}
            Some(_) => {
                let why = "a tool of a namespace would be called the same; rename one of them";
                return Err(tool.tool.refuse("name", why));
            }
        }
    }
    Ok(functions)
}

/// The choice; tools that are not allowed are left out of the list.
pub(super) fn choice<'a>(
    object: &mut Object<'a>,
    tools: &mut Vec<Listed<'a>>,
) -> Result<Option<ToolChoice<'a>>, Untranslatable> {
    let Some(value) = object.take("tool_choice") else {
        return Ok(None);
    };
    if value.get().starts_with('"') {
        let word = word(value.get().trim_matches('"'));
        let why = "it must be `auto`, `none`, `required` or name a tool";
        return word
            .map(Some)
            .ok_or_else(|| object.refuse("tool_choice", why));
    }
    let mut choice = Object::at(object.name("tool_choice"), value)?;
    let kind = choice.text("type")?.unwrap_or_default();
    let read = match kind.as_str() {
        "function" | "custom" => named(&mut choice, &kind, tools)?,
        "allowed_tools" => allowed(&mut choice, tools)?,
        _ => return Err(choice.refuse("type", NO_COUNTERPART)),
    };
    choice.finish(NO_COUNTERPART)?;
    Ok(Some(read))
}

fn named<'a>(
    choice: &mut Object<'a>,
    kind: &str,
    tools: &[Listed<'a>],
) -> Result<ToolChoice<'a>, Untranslatable> {
    let name = choice.raw_text("name")?;
    let name = name.ok_or_else(|| choice.refuse("name", "it is required"))?;
    let namespace = choice.text("namespace")?;
    let wanted = decoded(name);
    let fits = |tool: &&Listed<'a>| {
        let is_in = |namespace: &String| tool.namespace() == Some(namespace);
        tool.kind == kind
            && tool.name.is_some_and(|own| decoded(own) == wanted)
            && namespace.as_ref().is_none_or(is_in)
    };
    // One that is in no namespace is meant first.
    let found = tools.iter().filter(fits);
    let chosen = found.min_by_key(|tool| tool.namespace().is_some());
    let called = chosen.map_or(Ok(Cow::Borrowed(name)), Listed::called)?;
    Ok(ToolChoice::named(called))
}

/// A tool that is allowed: its kind, namespace and name; a whole namespace has
/// the kind `namespace`.
type Allowed = (String, Option<String>, String);

fn allowed<'a>(
    choice: &mut Object<'a>,
    tools: &mut Vec<Listed<'a>>,
) -> Result<ToolChoice<'a>, Untranslatable> {
    let mut allowed: HashSet<Allowed> = HashSet::new();
    for (path, tool) in choice.list("tools")?.unwrap_or_default() {
        let mut tool = Object::at(path, tool)?;
        let kind = tool.text("type")?.unwrap_or_default();
        let namespace = tool.text("namespace")?;
        let name = tool.text("name")?;
        tool.finish(NO_COUNTERPART)?;
        allowed.insert((kind, namespace, name.unwrap_or_default()));
    }
    tools.retain(|tool| {
        let name = tool.name.map(decoded).unwrap_or_default();
        let namespace = tool.namespace().map(str::to_owned);
        let all = (
            "namespace".to_owned(),
            None,
            namespace.clone().unwrap_or_default(),
        );
        (namespace.is_some() && allowed.contains(&all))
            || allowed.contains(&(tool.kind.clone(), namespace, name))
    });
    let mode = choice.text("mode")?.unwrap_or_default();
    if mode == "required" && tools.is_empty() {
        return Err(choice.refuse("tools", "none of them is among `tools`"));
    }
    word(&mode).ok_or_else(|| choice.refuse("mode", "it must be `auto` or `required`"))
}

fn decoded(text: &RawValue) -> String {
    serde_json::from_str(text.get()).unwrap_or_default()
}

fn word(word: &str) -> Option<ToolChoice<'static>> {
    let known = ["auto", "none", "required"].into_iter();
    let mut known = known.filter(|known| *known == word);
    known.next().map(ToolChoice::Word)
}
