//! A `messages` request: what admission needs of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::tools::Tools;
use crate::members::Members;

/// A request that is none, or lacks what every one must have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct InvalidRequest {
    /// The member it is about.
    pub param: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

impl InvalidRequest {
    pub(super) fn new(param: &'static str, why: &'static str) -> Self {
        Self { param, why }
    }
}

/// An option that changes what a call costs and has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// The member.
    pub param: &'static str,
    /// Why.
    pub why: &'static str,
}

/// What messages bring along, as far as the cost depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Images.
    pub images: u64,
    /// Bytes of the body that are images and not text.
    pub image_bytes: u64,
    /// Whether there are parts whose tokens neither bytes nor a published
    /// maximum bound: a document that is no text, a stored file.
    pub is_opaque: bool,
    /// Whether cache writes that live for an hour may be asked for.
    pub may_write_long: bool,
    /// Input tokens the provider adds of its own, at most.
    pub added_tokens: u64,
}

/// What is asked of a request, borrowed from its text. The body must be
/// checked for duplicate members before.
#[derive(Debug)]
pub struct MessagesRequest<'a> {
    /// The model, as the client names it.
    pub model: String,
    /// Where it stands.
    pub model_raw: &'a RawValue,
    /// The output limit; every request has one, except of `count_tokens`.
    pub max_tokens: Option<u64>,
    /// Where it stands.
    pub max_tokens_raw: Option<&'a RawValue>,
    /// Whether the answer is to be streamed.
    pub streamed: bool,
    /// The tier of service: `auto` or `standard_only`.
    pub service_tier: Option<&'a RawValue>,
    /// What it brings along beside text.
    pub parts: Parts,
    /// The first option without a price.
    pub unpriced: Option<Unpriced>,
}

/// Members that change the price and have none. `false` is as good as absent.
const UNPRICED: [&str; 6] = [
    "mcp_servers",
    "container",
    "fallbacks",
    "batch",
    "user_profile_id",
    "previous_message_id",
];

/// "Structured outputs": an explanation of the format is added to the system
/// prompt, of no published length. The schema itself is in the body.
const FORMAT_PROMPT: u64 = 1024;

impl<'a> MessagesRequest<'a> {
    /// Reads a body, or says what is wrong with it.
    pub fn read(body: &'a [u8]) -> Result<Self, InvalidRequest> {
        let wrong = || InvalidRequest::new("", "the body must be a JSON object");
        let members: Members<'a> = serde_json::from_slice(body).map_err(|_| wrong())?;
        let model_raw = need(&members, "model", "`model` is required")?;
        let model: String = serde_json::from_str(model_raw.get())
            .map_err(|_| InvalidRequest::new("model", "`model` must be a string"))?;
        let mut parts = Parts::default();
        let messages = need(&members, "messages", "`messages` is required")?;
        parts.add_messages(messages)?;
        for also in ["system", "tools"] {
            parts.note_cache(members.get(also));
        }
        parts.may_write_long |= members.get("cache_control").is_some_and(lives_long);
        let tools = members.get("tools").map(Tools::read).transpose()?;
        let tools = tools.unwrap_or_default();
        parts.added_tokens += tools.added_tokens;
        parts.is_opaque |= tools.is_opaque;
        if members.get("output_config").is_some() {
            parts.added_tokens += FORMAT_PROMPT;
        }
        Ok(Self {
            model,
            model_raw,
            max_tokens: limit(&members)?,
            max_tokens_raw: members.get("max_tokens"),
            streamed: flag(&members, "stream")?,
            service_tier: members.get("service_tier"),
            parts,
            unpriced: unpriced(&members).or(tools.unpriced),
        })
    }
}

fn need<'a>(
    members: &Members<'a>,
    name: &'static str,
    why: &'static str,
) -> Result<&'a RawValue, InvalidRequest> {
    members
        .get(name)
        .ok_or_else(|| InvalidRequest::new(name, why))
}

fn flag(members: &Members<'_>, name: &'static str) -> Result<bool, InvalidRequest> {
    match members.get(name).map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(InvalidRequest::new(name, "it must be true or false")),
    }
}

/// `0` only fills the cache: there is no answer to be charged for.
fn limit(members: &Members<'_>) -> Result<Option<u64>, InvalidRequest> {
    let why = "`max_tokens` must be a whole number from 0 to 2147483648";
    let read = |raw: &RawValue| raw.get().parse().ok();
    let within = |limit: &u64| (0..=1 << 31).contains(limit);
    match members.get("max_tokens") {
        None => Ok(None),
        Some(raw) => read(raw)
            .filter(within)
            .map(Some)
            .ok_or(InvalidRequest::new("max_tokens", why)),
    }
}

/// What a member may say without changing the price, if anything.
fn unpriced(members: &Members<'_>) -> Option<Unpriced> {
    let is_stated = |name: &&str| {
        let value = members.get(name);
        value.is_some_and(|value| !matches!(value.get(), "false" | "[]"))
    };
    let only = |name: &str, usual: &[&str]| {
        let value = members.get(name);
        value.is_some_and(|value| !usual.contains(&value.get()))
    };
    let param = UNPRICED.into_iter().find(is_stated);
    let param = param.or_else(|| only("speed", &["\"standard\""]).then_some("speed"));
    let place = || only("inference_geo", &["\"global\""]).then_some("inference_geo");
    let tier = || {
        let usual = ["\"auto\"", "\"standard_only\""];
        only("service_tier", &usual).then_some("service_tier")
    };
    param.or_else(place).or_else(tier).map(|param| Unpriced {
        param,
        why: "it changes what the call costs",
    })
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    source: Option<Source<'a>>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Source<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// A result may hold blocks, a document too, and no deeper.
const DEEPEST: u8 = 4;

impl Parts {
    fn add_messages(&mut self, messages: &RawValue) -> Result<(), InvalidRequest> {
        let wrong = "`messages` must be a list of at least one message object";
        let wrong = || InvalidRequest::new("messages", wrong);
        let listed: Vec<&RawValue> = serde_json::from_str(messages.get()).map_err(|_| wrong())?;
        if listed.is_empty() {
            return Err(wrong());
        }
        for message in listed {
            let is_object = message.get().starts_with('{');
            let read = is_object.then(|| serde_json::from_str(message.get()).ok());
            let message: Message<'_> = read.flatten().ok_or_else(wrong)?;
            self.add_content(message.content, DEEPEST)?;
        }
        Ok(())
    }

    fn add_content(&mut self, content: Option<&RawValue>, deep: u8) -> Result<(), InvalidRequest> {
        let Some(content) = content.filter(|content| !content.get().starts_with('"')) else {
            return Ok(());
        };
        let wrong = "a message's `content` must be a text or a list of blocks";
        let parts: Vec<Part<'_>> = serde_json::from_str(content.get())
            .map_err(|_| InvalidRequest::new("messages", wrong))?;
        for part in &parts {
            self.may_write_long |= part.cache_control.is_some_and(lives_long);
            self.add_part(part, deep)?;
        }
        Ok(())
    }

    fn add_part(&mut self, part: &Part<'_>, deep: u8) -> Result<(), InvalidRequest> {
        let source = part.source.as_ref();
        let source_kind = source.map_or("", |source| source.kind.as_ref());
        match (part.kind.as_ref(), source_kind) {
            ("image", "base64" | "url") => {
                self.images += 1;
                let data = source.and_then(|source| source.data);
                let bytes = data.map_or(0, |data| data.get().len());
                self.image_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
            }
            ("document", "text") | ("text" | "thinking" | "redacted_thinking" | "tool_use", _) => {}
            ("document", "content") if deep > 0 => {
                let inner = source.and_then(|source| source.content);
                self.add_content(inner, deep - 1)?;
            }
            ("tool_result" | "search_result", _) if deep > 0 => {
                self.add_content(part.content, deep - 1)?;
            }
            _ => self.is_opaque = true,
        }
        Ok(())
    }

    /// Systems and tools have no parts, but may be cached.
    fn note_cache(&mut self, list: Option<&RawValue>) {
        let text = list.map(RawValue::get).unwrap_or_default();
        self.may_write_long |= may_name_ttl(text);
    }
}

/// "Prompt caching": only a `ttl` of `1h` lives, and costs, more than usual.
fn lives_long(cache_control: &RawValue) -> bool {
    may_name_ttl(cache_control.get())
}

/// Letters can be written as escapes.
fn may_name_ttl(text: &str) -> bool {
    let has = |part: &str| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some();
    has("ttl") || has("\\u00")
}

#[cfg(test)]
mod tests {
    use super::{MessagesRequest, Parts};

    fn read(members: &str) -> String {
        format!(r#"{{"model":"claude","max_tokens":9,{members}}}"#)
    }

    #[test]
    fn a_request_is_read_with_what_it_brings_along() {
        let body = read(
            r#""stream":true,"system":"Be brief","messages":[
            {"role":"user","content":[
                {"type":"text","text":"Look","cache_control":{"type":"ephemeral","ttl":"1h"}},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},
                {"type":"image","source":{"type":"url","url":"https://x/y.png"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}]}],
            "tools":[{"name":"f","input_schema":{}},{"type":"bash_20250124","name":"bash"}]"#,
        );
        let request = MessagesRequest::read(body.as_bytes()).unwrap();
        let expected = Parts {
            images: 3,
            image_bytes: 12,
            is_opaque: false,
            may_write_long: true,
            added_tokens: 1060 + 490,
        };
        assert_eq!(request.parts, expected);
        assert_eq!((request.max_tokens, request.streamed), (Some(9), true));
        assert_eq!(request.unpriced, None);
    }

    #[test]
    fn what_bytes_do_not_bound_is_opaque() {
        for (part, expected) in [
            (r#"{"type":"text","text":"a"}"#, false),
            (
                r#"{"type":"document","source":{"type":"text","data":"a"}}"#,
                false,
            ),
            (
                r#"{"type":"document","source":{"type":"content","content":[{"type":"text"}]}}"#,
                false,
            ),
            (
                r#"{"type":"document","source":{"type":"base64","data":"a"}}"#,
                true,
            ),
            (
                r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#,
                true,
            ),
            (
                r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#,
                true,
            ),
            (r#"{"type":"container_upload","file_id":"f"}"#, true),
            (r#"{"type":"something_new"}"#, true),
        ] {
            let messages = format!(r#""messages":[{{"role":"user","content":[{part}]}}]"#);
            let body = read(&messages);
            let request = MessagesRequest::read(body.as_bytes()).unwrap();
            assert_eq!(request.parts.is_opaque, expected, "{part}");
        }
    }

    #[test]
    fn what_changes_the_price_and_has_none_is_named() {
        for (members, expected) in [
            (r#""speed":"standard","inference_geo":"global""#, None),
            (r#""service_tier":"auto","mcp_servers":[]"#, None),
            (r#""speed":"fast""#, Some("speed")),
            (r#""inference_geo":"us""#, Some("inference_geo")),
            (r#""service_tier":"priority""#, Some("service_tier")),
            (r#""container":"c1""#, Some("container")),
            (
                r#""mcp_servers":[{"url":"https://x"}]"#,
                Some("mcp_servers"),
            ),
            (
                r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#,
                Some("tools"),
            ),
            (
                r#""tools":[{"type":"code_execution_20250825"}]"#,
                Some("tools"),
            ),
        ] {
            let body = read(&format!(r#""messages":[{{"role":"user"}}],{members}"#));
            let request = MessagesRequest::read(body.as_bytes()).unwrap();
            let param = request.unpriced.map(|unpriced| unpriced.param);
            assert_eq!(param, expected, "{members}");
        }
    }

    #[test]
    fn what_every_request_must_have_is_missed_by_name() {
        for (body, param) in [
            ("[]", ""),
            ("{}", "model"),
            (r#"{"model":3,"messages":[]}"#, "model"),
            (r#"{"model":"m"}"#, "messages"),
            (r#"{"model":"m","messages":[]}"#, "messages"),
            (r#"{"model":"m","messages":[3]}"#, "messages"),
            (r#"{"model":"m","messages":[{"content":3}]}"#, "messages"),
            (
                r#"{"model":"m","messages":[{}],"max_tokens":-1}"#,
                "max_tokens",
            ),
            (
                r#"{"model":"m","messages":[{}],"max_tokens":1.5}"#,
                "max_tokens",
            ),
            (r#"{"model":"m","messages":[{}],"stream":1}"#, "stream"),
            (r#"{"model":"m","messages":[{}],"tools":3}"#, "tools"),
        ] {
            let error = MessagesRequest::read(body.as_bytes()).unwrap_err();
            assert_eq!(error.param, param, "{body}");
        }
    }
}
