//! The output items of a response, unfinished and finished.

use serde_json::{Value, json};

use crate::simulator::conversation::{Finish, Said, ToolCall, ToolForm, Turn, logprobs};

/// One item of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'t> {
    pub(super) said: ItemSaid<'t>,
    /// What its id is made of.
    key: &'t str,
    /// Whether the output limit cut it.
    cut: bool,
    top_logprobs: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ItemSaid<'t> {
    Thoughts(&'t str),
    Text(&'t str),
    Refusal(&'t str),
    Call(&'t ToolCall),
}

fn kind(form: ToolForm) -> &'static str {
    match form {
        ToolForm::Custom => "custom_tool_call",
        ToolForm::Function | ToolForm::Legacy => "function_call",
        ToolForm::LocalShell => "local_shell_call",
        ToolForm::ApplyPatch => "apply_patch_call",
    }
}

/// Adds what is called and with what, as far as that is said.
fn fill(item: &mut Value, call: &ToolCall, said: bool) {
    let payload = if said { call.payload.as_str() } else { "" };
    // What is not said yet, or was cut, is no JSON.
    let known = |unsaid: Value| serde_json::from_str(payload).unwrap_or(unsaid);
    if let Some(namespace) = &call.namespace {
        item["namespace"] = namespace.as_str().into();
    }
    match call.form {
        ToolForm::Custom => {
            item["input"] = payload.into();
            item["name"] = call.name.as_str().into();
        }
        ToolForm::Function | ToolForm::Legacy => {
            item["arguments"] = payload.into();
            item["name"] = call.name.as_str().into();
        }
        ToolForm::LocalShell => {
            item["action"] = known(json!({ "type": "exec", "command": [], "env": {} }));
        }
        ToolForm::ApplyPatch => {
            item["operation"] = known(json!({ "type": "create_file", "path": "", "diff": "" }));
            // It is in progress or completed, and never incomplete.
            if item["status"] == "incomplete" {
                item["status"] = "in_progress".into();
            }
        }
    }
}

pub(super) fn of<'t>(turn: &'t Turn, id: &'t str) -> Vec<Item<'t>> {
    let item = |said: ItemSaid<'t>| Item {
        said,
        key: match said {
            ItemSaid::Call(call) => &call.key,
            _ => id,
        },
        cut: false,
        top_logprobs: turn.top_logprobs,
    };
    let mut items: Vec<_> = turn
        .thoughts
        .as_deref()
        .map(ItemSaid::Thoughts)
        .map(item)
        .into_iter()
        .collect();
    let is_cut = turn.finish == Finish::Length;
    match &turn.said {
        // Nothing was left for an answer.
        Said::Text(text) | Said::Refusal(text) if text.is_empty() && is_cut => {}
        Said::Text(text) => items.push(item(ItemSaid::Text(text))),
        Said::Refusal(text) => items.push(item(ItemSaid::Refusal(text))),
        Said::Calls(calls) => items.extend(calls.iter().map(ItemSaid::Call).map(item)),
    }
    if let Some(last) = items.last_mut() {
        last.cut = is_cut;
    }
    items
}

impl Item<'_> {
    pub(super) fn id(&self) -> String {
        let prefix = match self.said {
            ItemSaid::Thoughts(_) => "rs",
            ItemSaid::Text(_) | ItemSaid::Refusal(_) => "msg",
            ItemSaid::Call(call) => match call.form {
                ToolForm::Custom => "ctc",
                ToolForm::Function | ToolForm::Legacy => "fc",
                ToolForm::LocalShell => "lsh",
                ToolForm::ApplyPatch => "apc",
            },
        };
        format!("{prefix}_{}", self.key)
    }

    /// As it begins: without what it says.
    pub(super) fn begun(&self) -> Value {
        self.to_json("in_progress", false)
    }

    pub(super) fn finished(&self) -> Value {
        let status = if self.cut { "incomplete" } else { "completed" };
        self.to_json(status, true)
    }

    fn to_json(self, status: &str, said: bool) -> Value {
        let id = self.id();
        match self.said {
            ItemSaid::Thoughts(_) => {
                let summary = if said { vec![self.part()] } else { Vec::new() };
                json!({ "id": id, "type": "reasoning", "summary": summary })
            }
            ItemSaid::Text(_) | ItemSaid::Refusal(_) => {
                let content = if said { vec![self.part()] } else { Vec::new() };
                json!({
                    "id": id, "type": "message", "status": status, "role": "assistant",
                    "content": content,
                })
            }
            ItemSaid::Call(call) => {
                let mut item = json!({
                    "id": id, "type": kind(call.form), "status": status,
                    "call_id": format!("call_{}", call.key),
                });
                fill(&mut item, call, said);
                item
            }
        }
    }

    /// The one content or summary part, finished.
    pub(super) fn part(&self) -> Value {
        match self.said {
            ItemSaid::Thoughts(text) | ItemSaid::Text(text) | ItemSaid::Refusal(text) => {
                self.part_with(text)
            }
            ItemSaid::Call(_) => Value::Null,
        }
    }

    /// The part as far as it says `text`.
    pub(super) fn part_with(&self, text: &str) -> Value {
        match self.said {
            ItemSaid::Thoughts(_) => json!({ "type": "summary_text", "text": text }),
            ItemSaid::Text(_) => json!({
                "type": "output_text", "annotations": [], "text": text,
                "logprobs": self.logprobs(text),
            }),
            ItemSaid::Refusal(_) => json!({ "type": "refusal", "refusal": text }),
            ItemSaid::Call(_) => Value::Null,
        }
    }

    /// Empty unless the client asked for them.
    pub(super) fn logprobs(&self, text: &str) -> Value {
        match self.top_logprobs {
            Some(alternatives) => logprobs::of(text, alternatives),
            None => json!([]),
        }
    }
}
