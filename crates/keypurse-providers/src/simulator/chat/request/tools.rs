//! What the model may call, as chat completions list it.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{MOST_TOOLS, Tool, ToolChoice, ToolForm, Toolbox, without_tools},
    failure::InvalidRequest,
    fields::{Json, NULL, array, get, present, string, yes_unless_false},
};

pub(super) fn read(body: Json<'_>) -> Result<Toolbox<'_>, InvalidRequest> {
    let parallel = yes_unless_false(body, "parallel_tool_calls")?;
    let (toolbox, choice) = if present(body, "tools").is_some() {
        (listed(body, "tools", parallel, tool)?, "tool_choice")
    } else if present(body, "functions").is_some() {
        let functions = listed(body, "functions", false, function)?;
        (functions, "function_call")
    } else {
        (Toolbox::EMPTY, "tool_choice")
    };
    match present(body, choice) {
        Some(given) => choose(toolbox, given, choice),
        None => Ok(toolbox),
    }
}

fn listed<'a>(
    body: Json<'a>,
    field: &str,
    parallel: bool,
    read: fn(Json<'a>, usize) -> Result<Tool<'a>, InvalidRequest>,
) -> Result<Toolbox<'a>, InvalidRequest> {
    let listed = array(body, field, MOST_TOOLS)?.unwrap_or_default();
    let tools = listed.iter().enumerate().map(|(at, tool)| read(tool, at));
    Ok(Toolbox {
        tools: tools.collect::<Result<_, _>>()?,
        choice: ToolChoice::Auto,
        parallel,
        source: get(body, field),
    })
}

fn tool(tool: Json<'_>, at: usize) -> Result<Tool<'_>, InvalidRequest> {
    let path = |field: &str| format!("tools[{at}].{field}");
    let form = match string(tool, "type", || path("type"))? {
        "function" => ToolForm::Function,
        "custom" => ToolForm::Custom,
        _ => {
            return Err(InvalidRequest::new(
                path("type"),
                "expected function or custom",
            ));
        }
    };
    let described = get(tool, form.field()).unwrap_or(NULL);
    let path = |field: &str| path(&format!("{}.{field}", form.field()));
    let format = present(described, "format");
    let grammar = format.and_then(|format| present(format, "grammar"));
    Ok(Tool::read(form, described, "parameters", path)?.with_grammar(grammar))
}

fn function(function: Json<'_>, at: usize) -> Result<Tool<'_>, InvalidRequest> {
    let path = |field: &str| format!("functions[{at}].{field}");
    Tool::read(ToolForm::Legacy, function, "parameters", path)
}

fn choose<'a>(
    mut toolbox: Toolbox<'a>,
    choice: Json<'a>,
    param: &str,
) -> Result<Toolbox<'a>, InvalidRequest> {
    toolbox.choice = match choice {
        Value::Str(mode) => toolbox.mode(mode, param)?,
        _ if toolbox.tools.is_empty() => return Err(without_tools(param)),
        _ if get(choice, "allowed_tools").is_some() => return only_allowed(toolbox, choice),
        _ => toolbox.named(name_in(choice, || format!("{param}.function.name"))?, param)?,
    };
    Ok(toolbox)
}

fn only_allowed<'a>(
    mut toolbox: Toolbox<'a>,
    choice: Json<'a>,
) -> Result<Toolbox<'a>, InvalidRequest> {
    let allowed = get(choice, "allowed_tools").unwrap_or(NULL);
    let mode = string(allowed, "mode", || {
        "tool_choice.allowed_tools.mode".to_owned()
    })?;
    toolbox.choice = toolbox.mode(mode, "tool_choice.allowed_tools.mode")?;
    let listed = array(allowed, "tools", MOST_TOOLS)?.unwrap_or_default();
    let names = listed
        .iter()
        .map(|tool| name_in(tool, || "tool_choice.allowed_tools.tools".to_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    toolbox.tools.retain(|tool| names.contains(&tool.name));
    Ok(toolbox)
}

/// The name in `{"function": {"name": …}}`, `{"custom": …}` or, as the legacy
/// field has it, `{"name": …}`.
fn name_in(choice: Json<'_>, path: impl FnOnce() -> String) -> Result<&str, InvalidRequest> {
    let holder = ["function", "custom"]
        .iter()
        .find_map(|field| get(choice, field));
    string(holder.unwrap_or(choice), "name", path)
}

impl ToolForm {
    /// The field that holds a tool of this form, in requests and in answers.
    pub(in crate::simulator::chat) fn field(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Function | Self::Legacy | Self::LocalShell | Self::ApplyPatch => "function",
        }
    }
}
