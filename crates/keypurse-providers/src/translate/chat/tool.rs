//! Tools and the choice among them.

use serde_json::value::RawValue;

use super::read::NO_COUNTERPART;
use crate::translate::Untranslatable;
use crate::translate::object::Object;

/// A function the model may call.
#[derive(Debug)]
pub(in crate::translate) struct Tool<'a> {
    pub(in crate::translate) name: &'a RawValue,
    pub(in crate::translate) description: Option<&'a RawValue>,
    /// A JSON schema.
    pub(in crate::translate) parameters: Option<&'a RawValue>,
    pub(in crate::translate) is_strict: bool,
    pub(in crate::translate) cache_control: Option<&'a RawValue>,
}

/// Which tools the model may call.
#[derive(Debug)]
pub(in crate::translate) enum Choice<'a> {
    Auto,
    None,
    Required,
    Named(&'a RawValue),
}

const ONLY_FUNCTIONS: &str =
    "only tools of type `function` can be translated; describe it as a function";

/// Reads the tools.
pub(super) fn read_list<'a>(object: &mut Object<'a>) -> Result<Vec<Tool<'a>>, Untranslatable> {
    for old in ["functions", "function_call"] {
        if object.take(old).is_some() {
            return Err(object.refuse(old, "use `tools` and `tool_choice`"));
        }
    }
    let listed = object.list("tools")?.unwrap_or_default();
    let read = |(path, tool)| {
        let mut tool = Object::at(path, tool)?;
        if tool.text("type")?.is_none_or(|kind| kind != "function") {
            return Err(tool.refuse("type", ONLY_FUNCTIONS));
        }
        let cache_control = tool.take("cache_control");
        let mut function = Object::at(tool.name("function"), tool.need("function")?)?;
        let name = function.raw_text("name")?;
        let read = Tool {
            name: name.ok_or_else(|| function.refuse("name", "it is required"))?,
            description: function.raw_text("description")?,
            parameters: function.take("parameters"),
            is_strict: function.flag("strict")?.unwrap_or(false),
            cache_control: function.take("cache_control").or(cache_control),
        };
        function.finish(NO_COUNTERPART)?;
        tool.finish(NO_COUNTERPART)?;
        Ok(read)
    };
    listed.into_iter().map(read).collect()
}

/// Reads the choice.
pub(super) fn read_choice<'a>(
    object: &mut Object<'a>,
) -> Result<Option<Choice<'a>>, Untranslatable> {
    let Some(value) = object.take("tool_choice") else {
        return Ok(None);
    };
    let wrong = "it must be `auto`, `none`, `required` or name a function";
    match value.get() {
        "\"auto\"" => Ok(Some(Choice::Auto)),
        "\"none\"" => Ok(Some(Choice::None)),
        "\"required\"" => Ok(Some(Choice::Required)),
        text if text.starts_with('{') => {
            let mut choice = Object::at(object.name("tool_choice"), value)?;
            if choice.text("type")?.is_none_or(|kind| kind != "function") {
                return Err(choice.refuse("type", wrong));
            }
            let mut function = Object::at(choice.name("function"), choice.need("function")?)?;
            let name = function.raw_text("name")?;
            let name = name.ok_or_else(|| function.refuse("name", "it is required"))?;
            function.finish(NO_COUNTERPART)?;
            choice.finish(NO_COUNTERPART)?;
            Ok(Some(Choice::Named(name)))
        }
        _ => Err(object.refuse("tool_choice", wrong)),
    }
}
