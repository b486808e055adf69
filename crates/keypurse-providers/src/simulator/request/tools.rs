//! What the model may call, and whether it must.

use serde_json::Value;

use super::{
    InvalidRequest,
    fields::{array, present, string},
};

/// OpenAI's own limits.
const MOST_TOOLS: usize = 128;
const LONGEST_NAME: usize = 64;

#[derive(Debug)]
pub(super) struct Toolbox<'a> {
    /// Only those that `tool_choice` allows.
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: ToolChoice<'a>,
    /// The JSON the tools were read from: input, and counted as such.
    pub(super) source: Option<&'a Value>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Tool<'a> {
    pub(in crate::simulator) form: ToolForm,
    pub(in crate::simulator) name: &'a str,
    pub(in crate::simulator) parameters: Option<&'a Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum ToolForm {
    /// Takes JSON arguments.
    Function,
    /// Takes free text.
    Custom,
    /// A function of the deprecated `functions` field.
    Legacy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum ToolChoice<'a> {
    Never,
    Auto,
    Required,
    /// Invariant: a tool of this name is in the toolbox.
    Named(&'a str),
}

impl<'a> Toolbox<'a> {
    pub(super) fn read(body: &'a Value) -> Result<Self, InvalidRequest> {
        let (listed, choice) = if present(body, "tools").is_some() {
            (Self::listed(body, "tools", Tool::read)?, "tool_choice")
        } else if present(body, "functions").is_some() {
            (
                Self::listed(body, "functions", Tool::legacy)?,
                "function_call",
            )
        } else {
            let none = Self {
                tools: Vec::new(),
                choice: ToolChoice::Never,
                source: None,
            };
            (none, "tool_choice")
        };
        listed.choose(present(body, choice), choice)
    }

    fn listed(
        body: &'a Value,
        field: &str,
        read: fn(&'a Value, usize) -> Result<Tool<'a>, InvalidRequest>,
    ) -> Result<Self, InvalidRequest> {
        let listed = array(body, field, MOST_TOOLS)?.unwrap_or_default();
        let tools = listed.iter().enumerate().map(|(at, tool)| read(tool, at));
        let tools = tools.collect::<Result<_, _>>()?;
        Ok(Self {
            tools,
            choice: ToolChoice::Auto,
            source: body.get(field),
        })
    }

    fn choose(mut self, choice: Option<&'a Value>, param: &str) -> Result<Self, InvalidRequest> {
        let Some(choice) = choice else {
            return Ok(self);
        };
        self.choice = match choice {
            Value::String(mode) => self.mode(mode, param)?,
            _ if self.tools.is_empty() => return Err(without_tools(param)),
            _ if choice.get("allowed_tools").is_some() => return self.only_allowed(choice),
            _ => self.named(choice, param)?,
        };
        Ok(self)
    }

    fn mode(&self, mode: &str, param: &str) -> Result<ToolChoice<'a>, InvalidRequest> {
        match mode {
            "none" => Ok(ToolChoice::Never),
            "auto" | "required" if self.tools.is_empty() => Err(without_tools(param)),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            _ => Err(InvalidRequest::new(
                param,
                "expected \"none\", \"auto\", \"required\" or an object naming a tool",
            )),
        }
    }

    fn named(&self, choice: &'a Value, param: &str) -> Result<ToolChoice<'a>, InvalidRequest> {
        let name = name_in(choice, || format!("{param}.function.name"))?;
        if self.tools.iter().any(|tool| tool.name == name) {
            return Ok(ToolChoice::Named(name));
        }
        Err(InvalidRequest::new(
            param,
            "names a tool that is not among the tools of this request",
        ))
    }

    fn only_allowed(mut self, choice: &'a Value) -> Result<Self, InvalidRequest> {
        let allowed = &choice["allowed_tools"];
        let mode = string(allowed, "mode", || {
            "tool_choice.allowed_tools.mode".to_owned()
        })?;
        self.choice = self.mode(mode, "tool_choice.allowed_tools.mode")?;
        let listed = array(allowed, "tools", MOST_TOOLS)?.unwrap_or_default();
        let names = listed
            .iter()
            .map(|tool| name_in(tool, || "tool_choice.allowed_tools.tools".to_owned()))
            .collect::<Result<Vec<_>, _>>()?;
        self.tools.retain(|tool| names.contains(&tool.name));
        Ok(self)
    }
}

impl<'a> Tool<'a> {
    fn read(tool: &'a Value, at: usize) -> Result<Self, InvalidRequest> {
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
        let described = tool.get(form.field()).unwrap_or(&Value::Null);
        Self::described(form, described, |field| {
            path(&format!("{}.{field}", form.field()))
        })
    }

    fn legacy(tool: &'a Value, at: usize) -> Result<Self, InvalidRequest> {
        Self::described(ToolForm::Legacy, tool, |field| {
            format!("functions[{at}].{field}")
        })
    }

    fn described(
        form: ToolForm,
        described: &'a Value,
        path: impl Fn(&str) -> String,
    ) -> Result<Self, InvalidRequest> {
        let name = string(described, "name", || path("name"))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            let message = "expected 1 to 64 letters, digits, underscores or dashes";
            return Err(InvalidRequest::new(path("name"), message));
        }
        let parameters = present(described, "parameters");
        if parameters.is_some_and(|schema| !schema.is_object()) {
            return Err(InvalidRequest::new(
                path("parameters"),
                "expected a JSON schema object",
            ));
        }
        Ok(Self {
            form,
            name,
            parameters,
        })
    }
}

impl ToolForm {
    /// The field that holds a tool of this form, in requests and in answers.
    pub(in crate::simulator) fn field(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Function | Self::Legacy => "function",
        }
    }
}

/// The name in `{"function": {"name": …}}`, `{"custom": …}` or, as the legacy
/// field has it, `{"name": …}`.
fn name_in(choice: &Value, path: impl FnOnce() -> String) -> Result<&str, InvalidRequest> {
    let holder = ["function", "custom"]
        .iter()
        .find_map(|field| choice.get(field));
    string(holder.unwrap_or(choice), "name", path)
}

fn without_tools(param: &str) -> InvalidRequest {
    InvalidRequest::new(param, "only allowed when the request has tools")
}
