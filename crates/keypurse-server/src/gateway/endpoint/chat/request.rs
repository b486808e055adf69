//! A chat request, read strictly: only what admission needs, and where it
//! stands in the text.

use std::ops::{Range, RangeInclusive};

use bytes::Bytes;

use super::content;
use crate::gateway::config::OutputLimitField;
use crate::gateway::endpoint::asked::{Asked, Output, Wire};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::{self, Limit, Members};
use crate::gateway::endpoint::splice::Edits;
use crate::gateway::endpoint::unpriced;
use crate::gateway::error::GatewayError;
use crate::http::json::JsonObject;

const CHOICES: RangeInclusive<u64> = 1..=128;

/// Members we read.
const READ_MEMBERS: [&str; 12] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "tools",
    "modalities",
    "audio",
    "service_tier",
    "web_search_options",
];

/// What only a chat request has.
#[derive(Debug)]
pub(in crate::gateway) struct Chat {
    /// Whether the client wants to see usage in the stream.
    pub(in crate::gateway) include_usage: bool,
    streamed: bool,
    max_tokens: Limit,
    max_completion_tokens: Limit,
    stream_options: Option<(Range<usize>, String)>,
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(body: &Bytes) -> Result<Asked, GatewayError> {
    let object = members::object(body)?;
    read_members(&Members { object: &object }, body)
}

/// The same of one whose members are known.
pub(in crate::gateway) fn read_members(
    members: &Members<'_>,
    body: &Bytes,
) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let parts = content::read(members.value("messages")?, object.whole())?;
    let streamed = members.flag("stream")?;
    let (include_usage, stream_options) = stream_options(members, streamed)?;
    let choices = members.integer("n", CHOICES)?.unwrap_or(1);
    let chat = Chat {
        include_usage,
        streamed,
        max_tokens: members.limit("max_tokens")?,
        max_completion_tokens: members.limit("max_completion_tokens")?,
        stream_options,
    };
    unpriced::refuse_forbidden(object)?;
    let unpriced = unpriced::find(object)?;
    let asks_for_search = unpriced::asks_for_search(object);
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Chat,
        body: body.clone(),
        content_type: None,
        model,
        model_at,
        streamed,
        choices,
        output: Output::Tokens {
            stated: chat.output_limit(),
        },
        parts,
        tier,
        tier_at,
        unpriced,
        asks_for_search,
        wire: Wire::Chat(chat),
    })
}

impl Chat {
    /// The output limit the client asked for, per choice.
    fn output_limit(&self) -> Option<u64> {
        let stated = [self.max_tokens.value, self.max_completion_tokens.value];
        stated.into_iter().flatten().min()
    }

    /// For servers that may not know `max_completion_tokens`. Some refuse it,
    /// and some let it pass and write without a limit: it is not sent.
    fn limit_tokens(&self, edits: &mut Edits, body: &[u8], limit: u64) {
        if let Some(place) = &self.max_completion_tokens.member {
            edits.remove(place.clone(), body);
        }
        set_limit(edits, OutputLimitField::MaxTokens, &self.max_tokens, limit);
    }

    /// For servers that know both: the limit stands where the client stated
    /// one, in both places if it stated two, so that none can be larger.
    fn limit_completion_tokens(&self, edits: &mut Edits, limit: u64) {
        if self.max_tokens.value.is_some() {
            set_limit(edits, OutputLimitField::MaxTokens, &self.max_tokens, limit);
        }
        let stated = &self.max_completion_tokens;
        if stated.value.is_some() || self.max_tokens.value.is_none() {
            set_limit(edits, OutputLimitField::MaxCompletionTokens, stated, limit);
        }
    }

    /// Makes the output limit explicit, and asks for usage in streams.
    pub(in crate::gateway) fn edit(
        &self,
        edits: &mut Edits,
        body: &[u8],
        (field, limit): (OutputLimitField, u64),
    ) {
        match field {
            OutputLimitField::MaxTokens => self.limit_tokens(edits, body, limit),
            OutputLimitField::MaxCompletionTokens => self.limit_completion_tokens(edits, limit),
        }
        match &self.stream_options {
            Some((place, options)) => edits.replace(place.clone(), options.clone()),
            None if self.streamed && !self.include_usage => {
                edits.add("stream_options", r#"{"include_usage":true}"#);
            }
            None => {}
        }
    }
}

fn set_limit(edits: &mut Edits, field: OutputLimitField, stated: &Limit, limit: u64) {
    if stated.value != Some(limit) {
        edits.set(field.as_str(), stated.at.clone(), &limit.to_string());
    }
}

/// Whether the client wants usage, and the member as a provider gets it.
#[expect(clippy::type_complexity, reason = "one caller takes it apart at once")]
fn stream_options(
    members: &Members<'_>,
    streamed: bool,
) -> Result<(bool, Option<(Range<usize>, String)>), GatewayError> {
    let object = members.object;
    let stated = object.text("stream_options");
    let Some((stated, place)) = stated.zip(object.place("stream_options")) else {
        return Ok((false, None));
    };
    if stated == "null" {
        let replaced = streamed.then(|| (place, r#"{"include_usage":true}"#.to_owned()));
        return Ok((false, replaced));
    }
    let text = stated.as_bytes();
    let wrong = "`stream_options` must be an object";
    let options =
        JsonObject::read(text).map_err(|_| GatewayError::invalid(Some("stream_options"), wrong))?;
    let inner = Members { object: &options };
    let include_usage = inner.flag("include_usage")?;
    if !streamed || include_usage {
        return Ok((include_usage && streamed, None));
    }
    let replaced = if options.members().is_empty() {
        r#"{"include_usage":true}"#.to_owned()
    } else {
        let mut edits = Edits::default();
        edits.set("include_usage", inner.place("include_usage"), "true");
        let changed = edits.apply(&Bytes::copy_from_slice(text));
        String::from_utf8(changed.into()).expect("JSON is UTF-8")
    };
    Ok((false, Some((place, replaced))))
}
