//! What the model may call, and whether it must.

use crate::simulator::{
    failure::InvalidRequest,
    fields::{Json, get, present, string},
};

/// OpenAI's own limit. Nobody knows Anthropic's.
pub(in crate::simulator) const MOST_TOOLS: usize = 128;
/// Each may be looked for at every word of a message.
pub(in crate::simulator) const MOST_CALLABLE: usize = 1_024;
const LONGEST_NAME: usize = 64;

#[derive(Debug)]
pub(in crate::simulator) struct Toolbox<'a> {
    /// Only those that the choice allows.
    pub(in crate::simulator) tools: Vec<Tool<'a>>,
    pub(in crate::simulator) choice: ToolChoice<'a>,
    /// Whether one turn may call several.
    pub(in crate::simulator) parallel: bool,
    /// The JSON the tools were read from: input, and counted as such. Those that
    /// stand among the messages count with them.
    pub(in crate::simulator) source: Option<Json<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Tool<'a> {
    pub(in crate::simulator) form: ToolForm,
    pub(in crate::simulator) name: &'a str,
    /// What it stands in: of responses alone.
    pub(in crate::simulator) namespace: Option<&'a str>,
    pub(in crate::simulator) input: Input<'a>,
}

/// What a tool is called with.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) enum Input<'a> {
    /// An object that this JSON schema accepts; without one an empty one.
    Object(Option<Json<'a>>),
    Text,
    /// Text that matches this regular expression.
    Matching(&'a str),
    /// What a tool takes that its vendor describes, as JSON.
    Known(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum ToolForm {
    /// Takes JSON arguments.
    Function,
    /// Takes free text.
    Custom,
    /// A function of chat's deprecated `functions` field.
    Legacy,
    /// A command for the client's machine: of responses alone.
    LocalShell,
    /// A change of the client's files: of responses alone.
    ApplyPatch,
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
    /// Nothing to call.
    pub(in crate::simulator) const EMPTY: Self = Self {
        tools: Vec::new(),
        choice: ToolChoice::Never,
        parallel: false,
        source: None,
    };

    /// Whether the request lists no tools, not even some that nobody calls here.
    pub(in crate::simulator) fn has_none(&self) -> bool {
        self.source.is_none() && self.tools.is_empty()
    }

    /// The choice called `none`, `auto` or `required`.
    pub(in crate::simulator) fn mode(
        &self,
        mode: &str,
        param: &str,
    ) -> Result<ToolChoice<'a>, InvalidRequest> {
        match mode {
            "none" => Ok(ToolChoice::Never),
            "auto" | "required" if self.has_none() => Err(without_tools(param)),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            _ => Err(InvalidRequest::new(
                param,
                "expected \"none\", \"auto\", \"required\" or an object naming a tool",
            )),
        }
    }

    /// The choice of one tool.
    pub(in crate::simulator) fn named(
        &self,
        name: &'a str,
        param: &str,
    ) -> Result<ToolChoice<'a>, InvalidRequest> {
        if self.tools.iter().any(|tool| tool.name == name) {
            return Ok(ToolChoice::Named(name));
        }
        Err(InvalidRequest::new(
            param,
            "names a tool that is not among the tools of this request",
        ))
    }
}

impl<'a> Tool<'a> {
    /// Reads the name and the schema, which is in the field `schema`.
    pub(in crate::simulator) fn read(
        form: ToolForm,
        described: Json<'a>,
        schema: &str,
        path: impl Fn(&str) -> String,
    ) -> Result<Self, InvalidRequest> {
        let name = string(described, "name", || path("name"))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            let message = "expected 1 to 64 letters, digits, underscores or dashes";
            return Err(InvalidRequest::new(path("name"), message));
        }
        let parameters = present(described, schema);
        if parameters.is_some_and(|schema| !schema.is_object()) {
            return Err(InvalidRequest::new(
                path(schema),
                "expected a JSON schema object",
            ));
        }
        let input = match form {
            ToolForm::Custom => Input::Text,
            _ => Input::Object(parameters),
        };
        Ok(Self {
            form,
            name,
            namespace: None,
            input,
        })
    }

    /// The same with the input a custom tool's grammar wants. One that is
    /// written in Lark is not understood.
    pub(in crate::simulator) fn with_grammar(self, grammar: Option<Json<'a>>) -> Self {
        let text = |field: &str| get(grammar?, field)?.as_str();
        let regex = text("definition").filter(|_| text("syntax") == Some("regex"));
        Self {
            input: regex.map_or(self.input, Input::Matching),
            ..self
        }
    }
}

pub(in crate::simulator) fn without_tools(param: &str) -> InvalidRequest {
    InvalidRequest::new(param, "only allowed when the request has tools")
}
