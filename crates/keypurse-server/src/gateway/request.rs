//! A chat request, read strictly: only what admission needs, and where it
//! stands in the text.

use std::ops::{Range, RangeInclusive};

use bytes::Bytes;
use serde_json::value::RawValue;

use super::config::OutputLimitField;
use super::error::GatewayError;
use super::parts::{self, Message, Parts};
use super::resolve::Route;
use super::splice::{Edits, place_of};
use super::tier::AskedTier;
use super::unpriced::{self, Unpriced};
use crate::http::json::JsonObject;

/// Above this no model answers, and products with prices stay far from
/// overflow.
const LIMITS: RangeInclusive<u64> = 1..=1 << 31;
const CHOICES: RangeInclusive<u64> = 1..=128;
/// Names are kept and shown; no model has a longer one.
const LONGEST_MODEL_NAME: usize = 512;

/// Members we read. A provider whose parser ignores case would read `Model`
/// as another `model`, so only these spellings may occur.
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

/// A chat request.
#[derive(Debug)]
pub(super) struct ChatRequest {
    /// As the client sent it.
    pub(super) body: Bytes,
    /// As the client named it.
    pub(super) model: String,
    /// Whether the answer is to be streamed.
    pub(super) streamed: bool,
    /// Whether the client wants to see usage in the stream.
    pub(super) include_usage: bool,
    /// How many answers it asks for.
    pub(super) choices: u64,
    /// What it brings along beside text.
    pub(super) parts: Parts,
    /// The tier of service it asks for.
    pub(super) tier: AskedTier,
    /// An option that changes the price and has none, whatever the model.
    unpriced: Option<Unpriced>,
    /// Whether it asks for a search, which a model's price may include.
    asks_for_search: bool,
    tier_at: Option<Range<usize>>,
    max_tokens: Limit,
    max_completion_tokens: Limit,
    model_at: Range<usize>,
    stream_options: Option<(Range<usize>, String)>,
}

/// An output limit the client may have stated.
#[derive(Debug)]
struct Limit {
    value: Option<u64>,
    at: Option<Range<usize>>,
}

impl ChatRequest {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(body: Bytes) -> Result<Self, GatewayError> {
        let object =
            JsonObject::read(&body).map_err(|error| GatewayError::invalid(None, error.reason))?;
        refuse_lookalikes(&object)?;
        let members = Members {
            object: &object,
            body: &body,
        };
        let (model, model_at) = members.model()?;
        let parts = parts::read(&members.messages()?, &body)?;
        let streamed = members.flag("stream")?;
        let (include_usage, stream_options) = members.stream_options(streamed)?;
        let choices = members.integer("n", CHOICES)?.unwrap_or(1);
        let max_tokens = members.limit("max_tokens")?;
        let max_completion_tokens = members.limit("max_completion_tokens")?;
        unpriced::refuse_forbidden(&object)?;
        let unpriced = unpriced::find(&object)?;
        let asks_for_search = unpriced::asks_for_search(&object);
        let tier = AskedTier::read(object.get("service_tier"));
        let tier_at = object.get("service_tier");
        let tier_at = tier_at.map(|value| place_of(value, &body));
        Ok(Self {
            body,
            model,
            streamed,
            include_usage,
            choices,
            parts,
            tier,
            unpriced,
            asks_for_search,
            tier_at,
            max_tokens,
            max_completion_tokens,
            model_at,
            stream_options,
        })
    }

    /// Refuses what has no price at this model.
    pub(super) fn refuse_unpriced(&self, route: &Route) -> Result<(), GatewayError> {
        if let Some(Unpriced { param, why }) = self.unpriced {
            return Err(GatewayError::Unpriced { param, why });
        }
        if self.tier.held(&route.price).is_none() {
            let why = "this model has no price for that tier of service";
            return Err(GatewayError::unpriced("service_tier", why));
        }
        let searches = route.price.has_request_rate();
        if self.asks_for_search && !searches {
            let why = "this model's searches have no price";
            return Err(GatewayError::unpriced("web_search_options", why));
        }
        if self.choices > 1 && searches {
            let why = "this model's price is for one answer";
            return Err(GatewayError::unpriced("n", why));
        }
        Ok(())
    }

    /// The output limit the client asked for, per choice.
    pub(super) fn output_limit(&self) -> Option<u64> {
        let stated = [self.max_tokens.value, self.max_completion_tokens.value];
        stated.into_iter().flatten().min()
    }

    /// The body a provider gets: the client's, with its name for the model, an
    /// explicit output limit, and usage asked for in streams.
    ///
    /// The limit stands where the client stated one, in both places if it
    /// stated two, so that no server can pick a larger one. A tier left to a
    /// project's default, which we cannot know, is stated, too.
    pub(super) fn for_upstream(&self, route: &Route, limit: u64) -> Bytes {
        let field = route.provider.output_limit_field;
        let mut edits = Edits::default();
        if self.model != *route.model {
            let name = serde_json::to_string(&*route.model).expect("a text is JSON");
            edits.replace(self.model_at.clone(), name);
        }
        if self.tier == AskedTier::Unsaid && route.pins_tier() {
            edits.set("service_tier", self.tier_at.clone(), "\"default\"");
        }
        for (member, stated) in [
            (OutputLimitField::MaxTokens, &self.max_tokens),
            (
                OutputLimitField::MaxCompletionTokens,
                &self.max_completion_tokens,
            ),
        ] {
            let nothing_stated = self.output_limit().is_none();
            let carries = stated.value.is_some() || (nothing_stated && member == field);
            if carries && stated.value != Some(limit) {
                edits.set(member.as_str(), stated.at.clone(), &limit.to_string());
            }
        }
        match &self.stream_options {
            Some((place, options)) => edits.replace(place.clone(), options.clone()),
            None if self.streamed => edits.add("stream_options", r#"{"include_usage":true}"#),
            None => {}
        }
        edits.apply(&self.body)
    }
}

/// A body's members, read one by one. Null counts as absent.
struct Members<'a> {
    object: &'a JsonObject<'a>,
    body: &'a [u8],
}

impl<'a> Members<'a> {
    fn stated(&self, name: &str) -> Option<&'a RawValue> {
        self.object.get(name).filter(|value| value.get() != "null")
    }

    fn model(&self) -> Result<(String, Range<usize>), GatewayError> {
        let value = self.stated("model").ok_or_else(|| missing("model"))?;
        let name: String = serde_json::from_str(value.get())
            .map_err(|_| GatewayError::invalid(Some("model"), "`model` must be a string"))?;
        if name.is_empty() {
            return Err(GatewayError::invalid(
                Some("model"),
                "`model` must not be empty",
            ));
        }
        if name.len() > LONGEST_MODEL_NAME {
            let wrong = format!("`model` must not be longer than {LONGEST_MODEL_NAME} bytes");
            return Err(GatewayError::invalid(Some("model"), wrong));
        }
        Ok((name, place_of(value, self.body)))
    }

    fn messages(&self) -> Result<Vec<Message<'a>>, GatewayError> {
        let value = self.stated("messages").ok_or_else(|| missing("messages"))?;
        let wrong = "`messages` must be a list of at least one message object";
        let messages: Vec<&RawValue> = serde_json::from_str(value.get())
            .map_err(|_| GatewayError::invalid(Some("messages"), wrong))?;
        if messages.is_empty() {
            return Err(GatewayError::invalid(Some("messages"), wrong));
        }
        let read = |message: &&'a RawValue| {
            let is_object = message.get().starts_with('{');
            is_object
                .then(|| serde_json::from_str(message.get()).ok())
                .flatten()
        };
        messages
            .iter()
            .map(|message| {
                read(message).ok_or_else(|| GatewayError::invalid(Some("messages"), wrong))
            })
            .collect()
    }

    fn flag(&self, name: &'static str) -> Result<bool, GatewayError> {
        match self.stated(name).map(RawValue::get) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let wrong = format!("`{name}` must be true or false");
                Err(GatewayError::invalid(Some(name), wrong))
            }
        }
    }

    fn integer(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, GatewayError> {
        let Some(value) = self.stated(name) else {
            return Ok(None);
        };
        // `+1` and `01` are not JSON, `1.0` and `1e3` do not parse here.
        let number = value
            .get()
            .parse()
            .ok()
            .filter(|number| range.contains(number));
        let wrong = || {
            let (least, most) = range.clone().into_inner();
            let wrong = format!("`{name}` must be a whole number from {least} to {most}");
            GatewayError::invalid(Some(name), wrong)
        };
        number.map(Some).ok_or_else(wrong)
    }

    fn limit(&self, name: &'static str) -> Result<Limit, GatewayError> {
        Ok(Limit {
            value: self.integer(name, LIMITS)?,
            at: self
                .object
                .get(name)
                .map(|value| place_of(value, self.body)),
        })
    }

    /// Whether the client wants usage, and the member as a provider gets it.
    #[expect(clippy::type_complexity, reason = "one caller takes it apart at once")]
    fn stream_options(
        &self,
        streamed: bool,
    ) -> Result<(bool, Option<(Range<usize>, String)>), GatewayError> {
        let Some(stated) = self.object.get("stream_options") else {
            return Ok((false, None));
        };
        let place = place_of(stated, self.body);
        if stated.get() == "null" {
            let replaced = streamed.then(|| (place, r#"{"include_usage":true}"#.to_owned()));
            return Ok((false, replaced));
        }
        let text = stated.get().as_bytes();
        let wrong = "`stream_options` must be an object";
        let options = JsonObject::read(text)
            .map_err(|_| GatewayError::invalid(Some("stream_options"), wrong))?;
        let members = Members {
            object: &options,
            body: text,
        };
        let include_usage = members.flag("include_usage")?;
        if !streamed || include_usage {
            return Ok((include_usage && streamed, None));
        }
        let replaced = if options.members().is_empty() {
            r#"{"include_usage":true}"#.to_owned()
        } else {
            let mut edits = Edits::default();
            let at = options
                .get("include_usage")
                .map(|value| place_of(value, text));
            edits.set("include_usage", at, "true");
            let changed = edits.apply(&Bytes::copy_from_slice(text));
            String::from_utf8(changed.into()).expect("JSON is UTF-8")
        };
        Ok((false, Some((place, replaced))))
    }
}

fn missing(name: &'static str) -> GatewayError {
    GatewayError::invalid(Some(name), format!("`{name}` is required"))
}

fn refuse_lookalikes(object: &JsonObject<'_>) -> Result<(), GatewayError> {
    for (name, _) in object.members() {
        if READ_MEMBERS.contains(&name.as_ref()) {
            continue;
        }
        let looks_like = |member: &&&str| {
            if name.is_ascii() {
                name.eq_ignore_ascii_case(member)
            } else {
                folded(name) == **member
            }
        };
        if let Some(member) = READ_MEMBERS.iter().find(looks_like) {
            let message = format!("write `{member}` exactly so, not `{name}`");
            return Err(GatewayError::invalid(Some(*member), message));
        }
    }
    Ok(())
}

/// Go's JSON parser also takes the Kelvin sign for a `k` and `ſ` for an `s`.
fn folded(name: &str) -> String {
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}
