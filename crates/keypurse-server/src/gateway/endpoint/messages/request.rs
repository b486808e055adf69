//! A `messages` request, read strictly: only what admission needs, and where
//! it stands in the text.

use std::ops::Range;

use bytes::Bytes;
use keypurse_core::usage::Class;
use keypurse_providers::anthropic::{self, InvalidRequest, MessagesRequest};

use super::betas::Betas;
use super::model_name::ModelName;
use super::thinking::Signed;
use crate::gateway::endpoint::asked::{Asked, Output, Wire};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::{Limit, Members};
use crate::gateway::endpoint::parts::{Opaque, Parts};
use crate::gateway::endpoint::splice::Edits;
use crate::gateway::endpoint::tier::AskedTier;
use crate::gateway::endpoint::unpriced::{self, Unpriced};
use crate::gateway::error::GatewayError;
use crate::http::json::Json;

/// Members we read, and those that change the price.
const READ_MEMBERS: [&str; 19] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "service_tier",
    "cache_control",
    "context_management",
    "mcp_servers",
    "container",
    "fallbacks",
    "batch",
    "speed",
    "inference_geo",
    "thread",
];

/// Anthropic takes no smaller budget to think.
const LEAST_BUDGET: u64 = 1024;
const NO_THINKING: &str = r#"{"type":"disabled"}"#;

/// What only a `messages` request has.
#[derive(Debug)]
pub(in crate::gateway) struct Messages {
    max_tokens: Limit,
    thinking: Option<Thinking>,
    /// Whether the model that answers is the one it names; known once the call
    /// has a route.
    pub(in crate::gateway) names_answer: bool,
    /// What is sent as `messages` where that is not what the client wrote.
    messages: Option<Signed>,
    /// Versions of features the client tries out, as far as they pass.
    pub(super) betas: Betas,
}

/// A budget to think within, which must stay below the output limit.
#[derive(Debug)]
struct Thinking {
    at: Range<usize>,
    budget: u64,
    budget_at: Range<usize>,
    /// What goes with it when it is disabled, and what is sent instead.
    clearing: Option<(Range<usize>, String)>,
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
    let asked = read_uncapped(members, body)?;
    if asked.output == (Output::Tokens { stated: None }) {
        let missing = "`max_tokens` is required";
        return Err(GatewayError::invalid(Some("max_tokens"), missing));
    }
    Ok(asked)
}

/// The same of a request that may leave out its output limit: one whose tokens
/// are only to be counted.
pub(in crate::gateway) fn read_uncapped(
    members: &Members<'_>,
    body: &Bytes,
) -> Result<Asked, GatewayError> {
    members.refuse_lookalikes(&READ_MEMBERS)?;
    if members.stated("thread").is_some() {
        return Err(GatewayError::Thread);
    }
    unpriced::refuse_forbidden(members.object)?;
    let (model, model_at) = members.model()?;
    let streamed = members.flag("stream")?;
    // Without any output the call only fills a cache.
    let max_tokens = members.limit_from(0, "max_tokens")?;
    let request = MessagesRequest::read(body).map_err(|invalid| wrong(&invalid))?;
    let unpriced = request.unpriced;
    let unpriced = unpriced.map(|unpriced| Unpriced::new(unpriced.param, unpriced.why));
    let unpriced = unpriced.or_else(|| unpriced::compaction(members.object));
    let parts = parts(&request.parts);
    let messages = Messages {
        thinking: thinking(members),
        names_answer: false,
        messages: members.object.value("messages").and_then(Signed::of),
        max_tokens,
        betas: Betas::default(),
    };
    Ok(Asked {
        endpoint: Endpoint::Messages,
        streamed,
        choices: 1,
        output: Output::Tokens {
            stated: messages.max_tokens.value,
        },
        parts,
        // Its two tiers, `auto` and `standard_only`, cost the same here.
        tier: AskedTier::Unsaid,
        tier_at: members.place("service_tier"),
        unpriced,
        asks_for_search: false,
        wire: Wire::Messages(messages),
        model,
        model_at,
        body: body.clone(),
        content_type: None,
    })
}

/// What is wrong with a request.
pub(in crate::gateway) fn wrong(invalid: &InvalidRequest) -> GatewayError {
    let param = Some(invalid.param).filter(|param| !param.is_empty());
    GatewayError::invalid(param, invalid.why)
}

/// What a request brings along beside text.
pub(in crate::gateway) fn parts(read: &anthropic::Parts) -> Parts {
    let mut parts = Parts::text();
    if read.images > 0 {
        parts.add(Class::InputImage);
    }
    if read.may_write_long {
        parts.add(Class::CacheWriteLong);
    }
    if read.is_opaque {
        parts.add_opaque(Opaque::Anything);
    }
    Parts {
        images: read.images,
        image_bytes: read.image_bytes,
        added_tokens: read.added_tokens,
        ..parts
    }
}

fn thinking(members: &Members<'_>) -> Option<Thinking> {
    let stated = members.object.value("thinking")?;
    let budget = stated.stated("budget_tokens")?;
    Some(Thinking {
        budget: budget.text().parse().ok()?,
        budget_at: budget.place(),
        at: stated.place(),
        clearing: members
            .object
            .value("context_management")
            .and_then(without_clearing),
    })
}

/// The `context_management` without what clears thinking, which is refused
/// where there is none ("Context editing"). `None`: nothing does.
fn without_clearing(context: Json<'_>) -> Option<(Range<usize>, String)> {
    let clears = |edit: &Json<'_>| {
        let kind = edit.stated("type").and_then(Json::string);
        kind.is_some_and(|kind| kind.starts_with("clear_thinking"))
    };
    let edits = context.stated("edits")?;
    if !edits.items()?.any(|edit| clears(&edit)) {
        return None;
    }
    let kept: Vec<&str> = edits
        .items()?
        .filter(|edit| !clears(edit))
        .map(Json::text)
        .collect();
    Some(if kept.is_empty() {
        (context.place(), "null".to_owned())
    } else {
        (edits.place(), format!("[{}]", kept.join(",")))
    })
}

impl Thinking {
    fn disable(&self, edits: &mut Edits) {
        edits.replace(self.at.clone(), NO_THINKING);
        if let Some((place, rest)) = &self.clearing {
            edits.replace(place.clone(), rest.clone());
        }
    }
}

impl Messages {
    /// What its answer calls the model, which the client named so.
    pub(in crate::gateway) fn model_name(&self, asked: &str) -> ModelName {
        ModelName {
            asked: asked.to_owned(),
            is_sure: self.names_answer,
        }
    }

    /// Leaves out what another model thought, and thinking that cannot go on
    /// without it.
    pub(in crate::gateway) fn edit_messages(&self, edits: &mut Edits) {
        let Some(signed) = &self.messages else {
            return;
        };
        edits.replace(signed.place.clone(), signed.messages.clone());
        if let (Some(thinking), true) = (&self.thinking, signed.ends_thinking) {
            thinking.disable(edits);
        }
    }

    /// Makes the output limit what it is. A budget to think that no longer
    /// fits is lowered with it; one that cannot be as low is left out.
    pub(in crate::gateway) fn edit(&self, edits: &mut Edits, limit: u64) {
        if self.max_tokens.value == Some(limit) {
            return;
        }
        edits.set("max_tokens", self.max_tokens.at.clone(), &limit.to_string());
        let is_off = self.messages.as_ref().is_some_and(|it| it.ends_thinking);
        let thinking = self.thinking.as_ref().filter(|_| !is_off);
        let Some(thinking) = thinking.filter(|thinking| thinking.budget >= limit) else {
            return;
        };
        let budget = limit / 2;
        if budget >= LEAST_BUDGET {
            edits.replace(thinking.budget_at.clone(), budget.to_string());
        } else {
            thinking.disable(edits);
        }
    }
}
