//! What the model may call, as responses list it.

use serde_json_borrow::Value;

use super::input::is_tools;
use crate::simulator::{
    conversation::{
        Input, MOST_CALLABLE, MOST_TOOLS, Tool, ToolChoice, ToolForm, Toolbox, without_tools,
    },
    failure::InvalidRequest,
    fields::{Json, array, get, present, string, yes_unless_false},
};

const LOCAL_SHELL: &str = "local_shell";
const APPLY_PATCH: &str = "apply_patch";
const NAMESPACE: &str = "namespace";

pub(super) fn read(body: Json<'_>) -> Result<Toolbox<'_>, InvalidRequest> {
    let parallel = yes_unless_false(body, "parallel_tool_calls")?;
    // An empty list is fine here.
    let listed = match present(body, "tools") {
        Some(Value::Array(listed)) if listed.is_empty() => &[][..],
        _ => array(body, "tools", MOST_TOOLS)?.unwrap_or_default(),
    };
    let mut tools = Vec::new();
    read_list(listed, "tools", None, &mut tools)?;
    let input = present(body, "input").and_then(Value::as_array);
    for (at, item) in input.into_iter().flatten().enumerate() {
        if is_tools(item) {
            let path = format!("input[{at}].tools");
            read_list(list_in(item, &path)?, &path, None, &mut tools)?;
        }
    }
    tools.truncate(MOST_CALLABLE);
    let toolbox = Toolbox {
        tools,
        choice: ToolChoice::Auto,
        parallel,
        source: get(body, "tools").filter(|_| !listed.is_empty()),
    };
    choose(toolbox, body)
}

/// Adds the tools of a list, and those of the namespaces in it.
fn read_list<'a>(
    listed: &'a [Value<'a>],
    path: &str,
    namespace: Option<&'a str>,
    tools: &mut Vec<Tool<'a>>,
) -> Result<(), InvalidRequest> {
    for (at, tool) in listed.iter().enumerate() {
        let path = format!("{path}[{at}]");
        if namespace.is_none() && get(tool, "type").and_then(Value::as_str) == Some(NAMESPACE) {
            let name = string(tool, "name", || format!("{path}.name"))?;
            let path = format!("{path}.tools");
            read_list(list_in(tool, &path)?, &path, Some(name), tools)?;
        } else {
            let read = read_tool(tool, &path)?;
            tools.extend(read.map(|read| Tool { namespace, ..read }));
        }
    }
    Ok(())
}

/// The tools in an item or in a namespace.
fn list_in<'a>(holder: Json<'a>, path: &str) -> Result<&'a [Value<'a>], InvalidRequest> {
    match get(holder, "tools") {
        Some(Value::Array(listed)) => Ok(listed),
        _ => Err(InvalidRequest::new(path, "expected an array")),
    }
}

/// A tool that the client runs; a hosted one, such as a search, is never
/// needed here.
fn read_tool<'a>(tool: Json<'a>, path: &str) -> Result<Option<Tool<'a>>, InvalidRequest> {
    let path = |field: &str| format!("{path}.{field}");
    let form = match string(tool, "type", || path("type"))? {
        "function" => ToolForm::Function,
        "custom" => ToolForm::Custom,
        kind => return Ok(described(kind)),
    };
    let read = Tool::read(form, tool, "parameters", path)?;
    Ok(Some(read.with_grammar(present(tool, "format"))))
}

/// A tool that OpenAI describes and the client runs, called by its type. What
/// it is called with changes nothing that is there.
fn described(kind: &str) -> Option<Tool<'_>> {
    let (form, input) = match kind {
        LOCAL_SHELL => (
            ToolForm::LocalShell,
            r#"{"type":"exec","command":["echo","simulated"],"env":{}}"#,
        ),
        APPLY_PATCH => (
            ToolForm::ApplyPatch,
            r#"{"type":"create_file","path":"simulated.txt","diff":"+simulated\n"}"#,
        ),
        _ => return None,
    };
    Some(Tool {
        form,
        name: kind,
        namespace: None,
        input: Input::Known(input),
    })
}

fn choose<'a>(mut toolbox: Toolbox<'a>, body: Json<'a>) -> Result<Toolbox<'a>, InvalidRequest> {
    let Some(choice) = present(body, "tool_choice") else {
        return Ok(toolbox);
    };
    if let Value::Str(mode) = choice {
        // The SDKs send it along without tools, too.
        toolbox.choice = match &**mode {
            "auto" if toolbox.has_none() => ToolChoice::Auto,
            mode => toolbox.mode(mode, "tool_choice")?,
        };
        return Ok(toolbox);
    }
    if toolbox.has_none() {
        return Err(without_tools("tool_choice"));
    }
    match string(choice, "type", || "tool_choice.type".to_owned())? {
        "function" | "custom" => {
            let name = string(choice, "name", || "tool_choice.name".to_owned())?;
            toolbox.choice = toolbox.named(name, "tool_choice")?;
        }
        kind @ (LOCAL_SHELL | APPLY_PATCH) => {
            toolbox.choice = toolbox.named(kind, "tool_choice")?;
        }
        "allowed_tools" => only_allowed(&mut toolbox, choice)?,
        _ => {}
    }
    Ok(toolbox)
}

fn only_allowed<'a>(toolbox: &mut Toolbox<'a>, choice: Json<'a>) -> Result<(), InvalidRequest> {
    let mode = string(choice, "mode", || "tool_choice.mode".to_owned())?;
    toolbox.choice = toolbox.mode(mode, "tool_choice.mode")?;
    let listed = match get(choice, "tools") {
        Some(Value::Array(listed)) => listed.as_slice(),
        _ => {
            return Err(InvalidRequest::new(
                "tool_choice.tools",
                "expected an array",
            ));
        }
    };
    let names: Vec<_> = listed
        .iter()
        .take(MOST_TOOLS)
        .filter_map(|tool| get(tool, "name").or_else(|| get(tool, "type"))?.as_str())
        .collect();
    toolbox.tools.retain(|tool| names.contains(&tool.name));
    Ok(())
}
