//! A request for a response, read strictly.

use std::ops::Range;

use bytes::Bytes;

use super::content;
use super::ids::{Names, NotYours};
use crate::gateway::endpoint::asked::{Asked, Output, Wire};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::{Limit, Members};
use crate::gateway::endpoint::parts::Opaque;
use crate::gateway::endpoint::splice::Edits;
use crate::gateway::endpoint::unpriced::{self, Unpriced};
use crate::gateway::error::GatewayError;

/// Members we read.
const READ_MEMBERS: [&str; 13] = [
    "model",
    "input",
    "instructions",
    "stream",
    "max_output_tokens",
    "tools",
    "service_tier",
    "background",
    "store",
    "previous_response_id",
    "conversation",
    "prompt",
    "context_management",
];
/// No id of ours is longer.
const LONGEST_ID: usize = 4096;

/// What only a request for a response has.
#[derive(Debug)]
pub(in crate::gateway) struct Respond {
    max_output_tokens: Limit,
    /// What is sent as `input` where that is not what the client wrote.
    input: Option<(Range<usize>, String)>,
    /// The response it goes on from, as the client names it.
    previous: Option<(String, Range<usize>)>,
    /// How the provider names that; known once the call has a route.
    previous_there: Option<String>,
    /// What makes and opens our names; known once the call has a route.
    pub(in crate::gateway) names: Option<Names>,
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let mut parts = content::read(object.value("input"), object.whole())?;
    let previous = previous(members)?;
    let is_stored = |name| members.stated(name).is_some();
    if previous.is_some() || is_stored("conversation") || is_stored("prompt") {
        parts.add_opaque(Opaque::Anything);
    } else {
        members.required("input")?;
    }
    let streamed = members.flag("stream")?;
    members.flag("store")?;
    refuse_background(members)?;
    let max_output_tokens = members.limit("max_output_tokens")?;
    unpriced::refuse_forbidden(object)?;
    let unpriced = unpriced::find_in_response(object)?.or_else(|| prompt(members));
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Responses,
        model,
        model_at,
        streamed,
        choices: 1,
        output: Output::Tokens {
            stated: max_output_tokens.value,
        },
        parts,
        tier,
        tier_at,
        unpriced,
        asks_for_search: false,
        wire: Wire::Responses(Respond {
            max_output_tokens,
            input: object
                .value("input")
                .and_then(content::without_foreign_reasoning),
            previous,
            previous_there: None,
            names: None,
        }),
        body: body.clone(),
        content_type: None,
    })
}

fn previous(members: &Members<'_>) -> Result<Option<(String, Range<usize>)>, GatewayError> {
    const NAME: &str = "previous_response_id";
    let Some(stated) = members.stated(NAME) else {
        return Ok(None);
    };
    let id: Option<String> = serde_json::from_str(stated).ok();
    let id = id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
    let wrong = || GatewayError::invalid(Some(NAME), "`previous_response_id` must be an id");
    Ok(Some(id.ok_or_else(wrong)?).zip(members.place(NAME)))
}

/// A response nobody waits for would be charged to nobody.
fn refuse_background(members: &Members<'_>) -> Result<(), GatewayError> {
    if members.flag("background")? {
        let message = "`background` responses are not made here: their cost is known only after \
                       the call has ended; leave `background` out, and stream if it takes long";
        return Err(GatewayError::invalid(Some("background"), message));
    }
    Ok(())
}

/// A stored prompt may bring tools that have a fee, unless the request has its
/// own.
fn prompt(members: &Members<'_>) -> Option<Unpriced> {
    members.stated("prompt")?;
    let has_tools = members.stated("tools");
    let why = "a stored prompt may bring tools that have a fee, unless the request states its \
               own `tools` (an empty list will do)";
    has_tools.is_none().then(|| Unpriced::new("prompt", why))
}

impl Respond {
    /// Learns whose call it is and where it goes, and opens the response it
    /// goes on from.
    pub(in crate::gateway) fn bind(&mut self, names: Names) -> Result<(), GatewayError> {
        if let Some((ours, _)) = &self.previous {
            let theirs = names.open(ours);
            let theirs = theirs.map_err(|NotYours| GatewayError::NoSuchResponse {
                param: Some("previous_response_id"),
            })?;
            self.previous_there = Some(theirs);
        }
        self.names = Some(names);
        Ok(())
    }

    /// Makes the output limit explicit, and names the response it goes on from
    /// as the provider does.
    pub(in crate::gateway) fn edit(&self, edits: &mut Edits, limit: u64) {
        let stated = &self.max_output_tokens;
        if stated.value != Some(limit) {
            edits.set("max_output_tokens", stated.at.clone(), &limit.to_string());
        }
        if let Some((place, input)) = &self.input {
            edits.replace(place.clone(), input.clone());
        }
        if let (Some((_, place)), Some(theirs)) = (&self.previous, &self.previous_there) {
            let name = serde_json::to_string(theirs).expect("a text is JSON");
            edits.replace(place.clone(), name);
        }
    }
}
