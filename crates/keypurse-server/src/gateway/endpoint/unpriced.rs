//! Options that change what a call costs and have no price here.
//!
//! Refusing them is what keeps the bound a bound. Options not known to change
//! the price pass untouched.

use std::borrow::Cow;

use super::tools::Runner;
use crate::gateway::error::GatewayError;
use crate::http::json::JsonObject;

/// Where the call goes and as whom is the operator's to say, never a body's.
const FORBIDDEN: [&str; 10] = [
    "api_base",
    "base_url",
    "api_url",
    "api_key",
    "api_type",
    "api_version",
    "organization",
    "custom_llm_provider",
    "headers",
    "extra_headers",
];

/// Paid extras, other models, other tiers.
const UNPRICED: [&str; 22] = [
    "audio",
    "web_search",
    "search_parameters",
    "enable_search",
    "models",
    "route",
    "plugins",
    "provider",
    "fallbacks",
    "best_of",
    "use_beam_search",
    "mcp_servers",
    "container",
    "candidate_count",
    "candidateCount",
    "search_type",
    "batch",
    "processing",
    // What a model rejects of it is output beyond the limit sent:
    "prediction",
    // Input that is stored at the provider, which bytes do not bound:
    "cached_content",
    "file_ids",
    "previous_response_id",
];

const SEARCH: &str = "web_search_options";

/// An option that changes what a call costs and has no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Unpriced {
    pub(in crate::gateway) param: &'static str,
    pub(in crate::gateway) why: Cow<'static, str>,
}

impl Unpriced {
    pub(in crate::gateway) fn new(param: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        let why = why.into();
        Self { param, why }
    }
}

/// Refuses members that are not a client's to say.
pub(in crate::gateway) fn refuse_forbidden(object: &JsonObject<'_>) -> Result<(), GatewayError> {
    let is_stated = |member: &&str| object.text(member).is_some();
    match FORBIDDEN.into_iter().find(is_stated) {
        Some(member) => {
            let message = format!("`{member}` is decided by the operator; leave it out");
            Err(GatewayError::invalid(Some(member), message))
        }
        None => Ok(()),
    }
}

/// Sounds and images that are not in the body, which its bytes do not tell.
const ELSEWHERE: [&str; 6] = [
    "file_url",
    "file_id",
    "url",
    "image_url",
    "images",
    "audio_url",
];

/// What brings the work of other models to an image, or more images than are
/// counted: an author for a drawing, frames, a plan, a prompt written anew.
const OF_IMAGES: [&str; 5] = [
    "svg",
    "frame_count",
    "frame_duration_ms",
    "complexity",
    "prompt_rewriter",
];

/// Formats in which an image is one image, made by its model alone.
const PLAIN_FORMATS: [&str; 3] = ["png", "jpeg", "webp"];

const FORMAT: &str = "output_format";
const UNBOUNDED_IMAGE: &str = "nobody publishes how many tokens it adds to an image";
const UNBOUNDED_FORMAT: &str =
    "nobody publishes how many tokens an image has in another format than png, jpeg and webp";

/// The first option of a body that asks for images and has no price.
pub(in crate::gateway) fn find_in_images(
    object: &JsonObject<'_>,
) -> Result<Option<Unpriced>, GatewayError> {
    let found = find(object)?;
    let members = object.members().iter();
    let names = members.filter(|(_, member)| member.get() != "null");
    let names: Vec<&str> = names.map(|(name, _)| name.as_ref()).collect();
    // What is no text is no plain format either.
    let format = stated(object, FORMAT);
    let format = format.map(|format| serde_json::from_str::<String>(format).unwrap_or_default());
    Ok(found.or_else(|| find_of_images(&names, format.as_deref())))
}

/// The first option of images alone that has no price, by the names of members
/// or of a form's fields, and the format that is asked for. What one provider
/// ignores in another spelling the next one may read.
pub(in crate::gateway) fn find_of_images(names: &[&str], format: Option<&str>) -> Option<Unpriced> {
    let is_named = |known: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(known));
    let extra = OF_IMAGES.into_iter().find(is_named);
    let extra = extra.map(|param| Unpriced::new(param, UNBOUNDED_IMAGE));
    let format = format.filter(|format| !PLAIN_FORMATS.contains(format));
    let format = format.map(|_| Unpriced::new(FORMAT, UNBOUNDED_FORMAT));
    extra.or(format)
}

/// Refuses a form's field that is not a client's to say, or that changes what
/// the call costs.
pub(in crate::gateway) fn refuse_field(name: &str) -> Result<(), GatewayError> {
    let is_named = |known: &&&str| name.eq_ignore_ascii_case(known);
    if let Some(field) = FORBIDDEN.iter().find(is_named) {
        let message = format!("`{field}` is decided by the operator; leave it out");
        return Err(GatewayError::invalid(Some(*field), message));
    }
    let tier = ["service_tier"];
    let mut unpriced = UNPRICED.iter().chain(&ELSEWHERE).chain(&tier);
    match unpriced.find(is_named) {
        Some(field) => {
            let why = "it changes what the call costs";
            Err(GatewayError::unpriced(field, why))
        }
        None => Ok(()),
    }
}

/// The first option that has no price; an error if one makes no sense.
pub(in crate::gateway) fn find(object: &JsonObject<'_>) -> Result<Option<Unpriced>, GatewayError> {
    find_but(object, &[], Runner::OfChats)
}

/// The same of a request for a response, which may go on from an earlier one,
/// has tools that clients run without a fee, and items that bring tools.
pub(in crate::gateway) fn find_in_response(
    object: &JsonObject<'_>,
) -> Result<Option<Unpriced>, GatewayError> {
    let found = find_but(object, &["previous_response_id"], Runner::OfResponses)?;
    let of_items = Runner::OfResponses.first_paid_of_items(object.value("input"))?;
    Ok(found.or(of_items).or_else(|| compaction(object)))
}

/// What shortens a conversation within a call reads it once more, beside the
/// answer: Anthropic tells that apart from the call's usage ("Compaction"), and
/// OpenAI does not say where. A call may be one of these, but not have one.
pub(in crate::gateway) fn compaction(object: &JsonObject<'_>) -> Option<Unpriced> {
    const NAME: &str = "context_management";
    let edits = stated(object, NAME)?;
    let may_compact = ["compact", "\\u"].iter().any(|part| edits.contains(part));
    let why = "compaction is a call of its own, which reads the input once more";
    may_compact.then(|| Unpriced::new(NAME, why))
}

fn find_but(
    object: &JsonObject<'_>,
    priced: &[&str],
    runner: Runner,
) -> Result<Option<Unpriced>, GatewayError> {
    let modalities = modalities(object)?;
    let tools = match object.value("tools") {
        Some(tools) => runner.first_paid(tools, "tools", "tools")?,
        None => None,
    };
    let asked = |member: &&str| {
        !priced.contains(member) && stated(object, member).is_some_and(|value| value != "false")
    };
    let extra = UNPRICED.into_iter().find(asked);
    let extra = extra.map(|param| Unpriced::new(param, "it changes what the call costs"));
    let speed = || only(object, "speed", &["standard"]);
    let place = || only(object, "inference_geo", &["global"]);
    let search = || unusual_search(object);
    let body = || stored_in_extra_body(object);
    let rest = extra.or_else(speed).or_else(place).or_else(search);
    Ok(rest.or_else(body).or(modalities).or(tools))
}

/// Whether a search is asked for.
pub(in crate::gateway) fn asks_for_search(object: &JsonObject<'_>) -> bool {
    stated(object, SEARCH).is_some()
}

/// Where a model's price includes a search, these do not change it.
const PRICED_SEARCH: [&str; 2] = ["search_context_size", "user_location"];

fn unusual_search(object: &JsonObject<'_>) -> Option<Unpriced> {
    let stated = stated(object, SEARCH)?;
    let options = JsonObject::read(stated.as_bytes()).ok();
    let is_usual = options.is_some_and(|options| {
        let mut members = options.members().iter();
        members.all(|(name, _)| PRICED_SEARCH.contains(&name.as_ref()))
    });
    let why = "only `search_context_size` and `user_location` have a price";
    (!is_usual).then(|| Unpriced::new(SEARCH, why))
}

/// What a router passes on beside the dialect may name input that is stored at
/// the provider. An escape may spell anything.
fn stored_in_extra_body(object: &JsonObject<'_>) -> Option<Unpriced> {
    let extra = stated(object, "extra_body")?.to_ascii_lowercase();
    let is_suspect = ["cache", "tier", "search", "\\u"];
    let is_suspect = is_suspect.iter().any(|word| extra.contains(word));
    let why = "it names something that changes what the call costs";
    is_suspect.then(|| Unpriced::new("extra_body", why))
}

/// A member's text, unless it is null.
fn stated<'a>(object: &JsonObject<'a>, name: &str) -> Option<&'a str> {
    object.text(name).filter(|value| *value != "null")
}

/// `param` has a price for these values alone.
fn only(object: &JsonObject<'_>, param: &'static str, priced: &[&str]) -> Option<Unpriced> {
    let value: Option<String> = serde_json::from_str(stated(object, param)?).ok();
    let is_priced = value.is_some_and(|value| priced.contains(&value.as_str()));
    (!is_priced).then(|| Unpriced::new(param, "this value changes what the call costs"))
}

fn modalities(object: &JsonObject<'_>) -> Result<Option<Unpriced>, GatewayError> {
    let Some(value) = stated(object, "modalities") else {
        return Ok(None);
    };
    let listed: Vec<String> = serde_json::from_str(value).map_err(|_| {
        GatewayError::invalid(Some("modalities"), "`modalities` must be a list of texts")
    })?;
    let is_text = listed.iter().all(|modality| modality == "text");
    Ok((!is_text).then(|| Unpriced::new("modalities", "only `text` has a price")))
}
