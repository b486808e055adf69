//! Whether an answer calls a tool, which one, and with what.

use serde_json::Value;

use super::{
    completion::ToolCall,
    dice::Dice,
    request::{ChatRequest, Role, Tool, ToolChoice, ToolForm},
    schema,
};

/// How much of a message is searched for the names of tools, in characters.
const MOST_READ: usize = 4_000;

/// The tool this answer calls instead of saying something.
///
/// Left to itself a simulated model calls a tool for every message of the user
/// and speaks once the tool has answered: both halves of an agent's loop run,
/// and the loop ends.
pub(super) fn wanted<'r, 'a>(request: &'r ChatRequest<'a>) -> Option<&'r Tool<'a>> {
    match request.tool_choice() {
        ToolChoice::Named(name) => request.tools().iter().find(|tool| tool.name == name),
        ToolChoice::Required => best_match(request),
        ToolChoice::Auto if request.last_message().role == Role::User => best_match(request),
        ToolChoice::Never | ToolChoice::Auto => None,
    }
}

/// Calls `tool`, with arguments its schema accepts.
pub(super) fn call(tool: &Tool<'_>, mut dice: Dice, steps: u32) -> ToolCall {
    let id = format!("call_{:016x}{:08x}", dice.roll(), dice.roll() >> 32);
    let payload = match (tool.form, tool.parameters) {
        (ToolForm::Custom, _) => "[simulated input]".to_owned(),
        (_, Some(schema)) => arguments(schema, dice, steps),
        (_, None) => "{}".to_owned(),
    };
    ToolCall {
        form: tool.form,
        id,
        name: tool.name.to_owned(),
        payload,
    }
}

/// Arguments are an object even where a careless schema does not say so.
fn arguments(schema: &Value, dice: Dice, steps: u32) -> String {
    match schema::instance(schema, dice, steps) {
        object @ Value::Object(_) => object.to_string(),
        _ => "{}".to_owned(),
    }
}

/// The tool whose name shares most words with what the user said last; the
/// first of equals.
fn best_match<'r, 'a>(request: &'r ChatRequest<'a>) -> Option<&'r Tool<'a>> {
    let tools = request.tools();
    if tools.len() < 2 {
        return tools.first();
    }
    let said = request
        .last_user_message()
        .map_or_else(String::new, |message| {
            let read = message.texts().flat_map(str::chars).take(MOST_READ);
            read.map(|char| char.to_ascii_lowercase()).collect()
        });
    tools
        .iter()
        .rev()
        .max_by_key(|tool| shared_words(tool.name, &said))
}

/// How many words of a name like `get_weather` occur in `said`; the whole name
/// outweighs any number of them.
fn shared_words(name: &str, said: &str) -> usize {
    let name = name.to_ascii_lowercase();
    if said.contains(&name) {
        return usize::MAX;
    }
    let words = name.split(['_', '-']).filter(|word| word.len() > 2);
    words.filter(|word| said.contains(*word)).count()
}
