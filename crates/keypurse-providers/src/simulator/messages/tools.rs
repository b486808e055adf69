//! What the model may call, as messages list it.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{Input, MOST_CALLABLE, Tool, ToolChoice, ToolForm, Toolbox, without_tools},
    failure::InvalidRequest,
    fields::{Json, boolean, get, present, string},
};

pub(super) fn read(body: Json<'_>) -> Result<Toolbox<'_>, InvalidRequest> {
    let listed = match present(body, "tools") {
        None => &[][..],
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(InvalidRequest::new("tools", "expected an array")),
    };
    let mut tools = Vec::new();
    for (at, tool) in listed.iter().enumerate() {
        tools.extend(read_tool(tool, at)?);
    }
    tools.truncate(MOST_CALLABLE);
    let mut toolbox = Toolbox {
        tools,
        choice: ToolChoice::Auto,
        parallel: true,
        source: get(body, "tools").filter(|_| !listed.is_empty()),
    };
    if let Some(choice) = present(body, "tool_choice") {
        choose(&mut toolbox, choice)?;
    }
    Ok(toolbox)
}

/// Tools that Anthropic describes and the client runs, by the beginning of their
/// types, and what they are called with. None of it changes anything.
const DESCRIBED: [(&str, &str); 4] = [
    ("bash_", r#"{"command":"echo simulated"}"#),
    (
        "text_editor_",
        r#"{"command":"view","path":"/simulated.txt"}"#,
    ),
    ("memory_", r#"{"command":"view","path":"/memories"}"#),
    ("computer_2", r#"{"action":"screenshot"}"#),
];

/// A tool that the client runs; one that Anthropic runs, such as a search, and a
/// set of tools are never called here.
fn read_tool(tool: Json<'_>, at: usize) -> Result<Option<Tool<'_>>, InvalidRequest> {
    let path = |field: &str| format!("tools[{at}].{field}");
    match present(tool, "type").map(Value::as_str) {
        None | Some(Some("custom")) => {}
        Some(Some(kind)) => {
            let known = DESCRIBED.iter().find(|(start, _)| kind.starts_with(start));
            let Some((_, input)) = known else {
                return Ok(None);
            };
            let read = Tool::read(ToolForm::Function, tool, "input_schema", path)?;
            let input = Input::Known(input);
            return Ok(Some(Tool { input, ..read }));
        }
        Some(None) => return Err(InvalidRequest::new(path("type"), "expected a string")),
    }
    let read = Tool::read(ToolForm::Function, tool, "input_schema", path)?;
    if matches!(read.input, Input::Object(None)) {
        let message = "this JSON schema object is required";
        return Err(InvalidRequest::new(path("input_schema"), message));
    }
    Ok(Some(read))
}

fn choose<'a>(toolbox: &mut Toolbox<'a>, choice: Json<'a>) -> Result<(), InvalidRequest> {
    let kind = string(choice, "type", || "tool_choice.type".to_owned())?;
    if kind != "none" && toolbox.source.is_none() {
        return Err(without_tools("tool_choice"));
    }
    toolbox.parallel = !boolean(choice, "disable_parallel_tool_use")?;
    toolbox.choice = match kind {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::Never,
        "tool" => {
            let name = string(choice, "name", || "tool_choice.name".to_owned())?;
            toolbox.named(name, "tool_choice.name")?
        }
        _ => {
            return Err(InvalidRequest::new(
                "tool_choice.type",
                "expected one of auto, any, tool, none",
            ));
        }
    };
    Ok(())
}
