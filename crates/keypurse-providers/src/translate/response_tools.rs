//! The tools of a request for a response, and what they are called in a chat.
//!
//! A chat has functions alone. A custom tool becomes a function of one text,
//! and a tool in a namespace one with a longer name; an answer calls it as its
//! client knows it.

use std::borrow::Cow;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Untranslatable;
use super::chat::NO_COUNTERPART;
use super::object::{Object, items};
use crate::members::Members;

/// Between a namespace and a tool's own name.
const SEPARATOR: &str = "__";
/// Most providers take no longer name.
const LONGEST_NAME: usize = 64;
/// A namespace's name is read for each of its tools.
const LONGEST_NAMES: usize = 256;

/// A tool as the client describes it.
pub(super) struct Listed<'a> {
    namespace: Option<Rc<str>>,
    /// Its `type`.
    pub(super) kind: String,
    pub(super) name: Option<&'a RawValue>,
    /// What else is said of it.
    pub(super) tool: Object<'a>,
}

impl<'a> Listed<'a> {
    /// The namespace it is in.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// What a chat calls it.
    pub(super) fn called(&self) -> Result<Cow<'a, RawValue>, Untranslatable> {
        let name = self.name;
        let name = name.ok_or_else(|| self.tool.refuse("name", "it is required"))?;
        Ok(match &self.namespace {
            None => Cow::Borrowed(name),
            Some(namespace) => {
                let name = qualified(namespace, name);
                Cow::Owned(name.map_err(|why| self.tool.refuse("name", why))?)
            }
        })
    }
}

/// Adds the tools of a list, and those of the namespaces in it.
pub(super) fn read_list<'a>(
    path: &str,
    list: &'a RawValue,
    listed: &mut Vec<Listed<'a>>,
) -> Result<(), Untranslatable> {
    for (path, tool) in items(path, list)? {
        let mut tool = Object::at(path, tool)?;
        let kind = tool.text("type")?.unwrap_or_default();
        if kind != "namespace" {
            listed.push(one(None, kind, tool)?);
            continue;
        }
        let namespace = tool.text("name")?;
        let namespace = namespace.ok_or_else(|| tool.refuse("name", "it is required"))?;
        let namespace: Rc<str> = namespace.into();
        for (path, tool) in tool.list("tools")?.unwrap_or_default() {
            let mut tool = Object::at(path, tool)?;
            let kind = tool.text("type")?.unwrap_or_default();
            listed.push(one(Some(Rc::clone(&namespace)), kind, tool)?);
        }
        tool.drop_hints(&["description"]);
        tool.finish(NO_COUNTERPART)?;
    }
    Ok(())
}

fn one(
    namespace: Option<Rc<str>>,
    kind: String,
    mut tool: Object<'_>,
) -> Result<Listed<'_>, Untranslatable> {
    Ok(Listed {
        namespace,
        kind,
        name: tool.raw_text("name")?,
        tool,
    })
}

/// What a chat calls a tool of a namespace, or why it cannot.
pub(super) fn qualified(namespace: &str, name: &RawValue) -> Result<Box<RawValue>, &'static str> {
    let name: Cow<'_, str> = serde_json::from_str(name.get()).unwrap_or_default();
    if namespace.len() + name.len() > LONGEST_NAMES {
        return Err("together with its namespace it must have at most 256 characters");
    }
    let both = format!("{namespace}{SEPARATOR}{name}");
    let both = serde_json::to_string(&shortened(both));
    Ok(RawValue::from_string(both.expect("a text is JSON")).expect("it was written as JSON"))
}

/// A name that providers take: the end of a longer one, and what tells it from
/// others with that end.
fn shortened(name: String) -> String {
    let length = name.chars().count();
    if length <= LONGEST_NAME {
        return name;
    }
    // FNV-1a: the same in every process, for caches of prompts.
    let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = name.bytes().fold(0x811c_9dc5, mix);
    let mark = format!("t{hash:08x}_");
    let end = name.chars().skip(length + mark.len() - LONGEST_NAME);
    mark + &end.collect::<String>()
}

/// How the client knows a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What a chat calls it.
    called: String,
    /// As they are written, quotes included.
    pub(super) name: Box<str>,
    pub(super) namespace: Option<Box<str>>,
    pub(super) is_custom: bool,
}

/// The tools that a chat calls by another name, or otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct ToolNames(Vec<Known>);

impl ToolNames {
    /// Those of a request that has been translated.
    pub(super) fn of(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow, default)]
            tools: Option<&'a RawValue>,
            #[serde(borrow, default)]
            input: Option<&'a RawValue>,
        }
        let Ok(body) = serde_json::from_slice::<Body<'_>>(body) else {
            return Self::default();
        };
        let input = body.input.filter(|input| input.get().starts_with('['));
        let in_input = input.and_then(|input| items("input", input).ok());
        let in_input = in_input.into_iter().flatten();
        let in_input = in_input.filter_map(|(_, item)| Members::read(item.get())?.get("tools"));
        let mut listed = Vec::new();
        for list in body.tools.into_iter().chain(in_input) {
            let _ = read_list("tools", list, &mut listed);
        }
        Self(listed.iter().filter_map(Known::of).collect())
    }

    /// The tool that a chat called, unless it is called so everywhere.
    pub(super) fn find(&self, called: &RawValue) -> Option<&Known> {
        if self.0.is_empty() {
            return None;
        }
        let called: Cow<'_, str> = serde_json::from_str(called.get()).ok()?;
        self.0.iter().find(|known| known.called == called)
    }
}

impl Known {
    fn of(listed: &Listed<'_>) -> Option<Self> {
        let is_custom = listed.kind == "custom";
        if !is_custom && listed.namespace.is_none() {
            return None;
        }
        let namespace = listed.namespace.as_ref();
        let quoted = |text: &Rc<str>| serde_json::to_string(&**text).expect("a text is JSON");
        Some(Self {
            called: serde_json::from_str(listed.called().ok()?.get()).ok()?,
            name: listed.name?.get().into(),
            namespace: namespace.map(quoted).map(Box::from),
            is_custom,
        })
    }
}
