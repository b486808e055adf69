//! The request as a whole.

use serde_json::value::RawValue;

use super::message::{self, Text, Turn};
use super::options::{self, Format, Sampling};
use super::tool::{self, Choice, Tool};
use crate::translate::Untranslatable;
use crate::translate::object::Object;

/// Why a member nobody knows is refused.
pub(in crate::translate) const NO_COUNTERPART: &str =
    "its dialect has nothing like it; leave it out, or call a model of the same dialect";

/// Members that only advise, or that the gateway has dealt with.
const DROPPED: [&str; 10] = [
    "model",
    "max_tokens",
    "max_completion_tokens",
    "stream",
    "stream_options",
    "metadata",
    "prompt_cache_retention",
    "prompt_cache_options",
    "top_logprobs",
    "verbosity",
];

/// A chat request.
#[derive(Debug)]
pub(in crate::translate) struct Chat<'a> {
    /// System and developer messages, wherever they stand.
    pub(in crate::translate) system: Vec<Text<'a>>,
    /// All other messages.
    pub(in crate::translate) turns: Vec<Turn<'a>>,
    pub(in crate::translate) tools: Vec<Tool<'a>>,
    pub(in crate::translate) choice: Option<Choice<'a>>,
    pub(in crate::translate) parallel_tools: Option<bool>,
    pub(in crate::translate) stop: Vec<&'a RawValue>,
    pub(in crate::translate) sampling: Sampling<'a>,
    pub(in crate::translate) format: Option<Format<'a>>,
    pub(in crate::translate) effort: Option<String>,
    /// Anthropic's own member, as it is written.
    pub(in crate::translate) thinking: Option<&'a RawValue>,
    pub(in crate::translate) user: Option<&'a RawValue>,
    pub(in crate::translate) service_tier: Option<String>,
    /// Whether its prompts are named, to be found in a cache.
    pub(in crate::translate) names_cache: bool,
    /// How many answers.
    pub(in crate::translate) choices: u64,
    pub(in crate::translate) streamed: bool,
}

impl<'a> Chat<'a> {
    /// Reads a body that is known to be one strict JSON object.
    pub(in crate::translate) fn read(body: &'a [u8]) -> Result<Self, Untranslatable> {
        let mut object = Object::of_body(body)?;
        let streamed = object.flag("stream")?.unwrap_or(false);
        let messages = object.list("messages")?;
        let messages = messages.ok_or_else(|| object.refuse("messages", "it is required"))?;
        let (mut system, mut turns) = (Vec::new(), Vec::new());
        for (path, message) in messages {
            message::read(path, message, &mut system, &mut turns)?;
        }
        let user = object.raw_text("safety_identifier")?;
        let user = object.raw_text("user")?.or(user);
        let chat = Self {
            system,
            turns,
            tools: tool::read_list(&mut object)?,
            choice: tool::read_choice(&mut object)?,
            parallel_tools: object.flag("parallel_tool_calls")?,
            stop: options::stop(&mut object)?,
            sampling: Sampling::read(&mut object)?,
            format: options::format(&mut object)?,
            effort: object.text("reasoning_effort")?,
            thinking: object.take("thinking"),
            user,
            service_tier: object.text("service_tier")?,
            names_cache: object
                .text("prompt_cache_key")?
                .is_some_and(|key| !key.is_empty()),
            choices: object
                .take_as("n", "it must be a whole number")?
                .unwrap_or(1),
            streamed,
        };
        options::refuse_other_outputs(&mut object)?;
        object.drop_hints(&DROPPED);
        object.finish(NO_COUNTERPART)?;
        Ok(chat)
    }
}
