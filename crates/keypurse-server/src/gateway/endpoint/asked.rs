//! What a client asks for: as much of it as admission, money and the way out
//! depend on.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderValue;
use keypurse_providers::openai::Answer;

use super::chat::request::Chat;
use super::kind::Endpoint;
use super::media::Media;
use super::messages;
use super::messages::request::Messages;
use super::parts::Parts;
use super::responses::ids::Names;
use super::responses::request::Respond;
use super::responses::shown::shown;
use super::splice::{Edits, Pieces};
use super::tier::AskedTier;
use super::unpriced::Unpriced;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::{Paid, with_cost};
use crate::gateway::routing::route::Route;

/// A request, read strictly.
#[derive(Debug)]
pub(in crate::gateway) struct Asked {
    pub(in crate::gateway) endpoint: Endpoint,
    /// As the client sent it.
    pub(in crate::gateway) body: Bytes,
    /// What that is, where it is no JSON: a form.
    pub(in crate::gateway) content_type: Option<HeaderValue>,
    /// As the client named it.
    pub(in crate::gateway) model: String,
    /// Where its name stands. `None`: it is not stated.
    pub(in crate::gateway) model_at: Option<Range<usize>>,
    /// Whether the answer is to be streamed.
    pub(in crate::gateway) streamed: bool,
    /// How many answers it asks for.
    pub(in crate::gateway) choices: u64,
    pub(in crate::gateway) output: Output,
    /// What it brings along beside text.
    pub(in crate::gateway) parts: Parts,
    /// The tier of service it asks for.
    pub(in crate::gateway) tier: AskedTier,
    pub(in crate::gateway) tier_at: Option<Range<usize>>,
    /// An option that changes the price and has none, whatever the model.
    pub(in crate::gateway) unpriced: Option<Unpriced>,
    /// Whether it asks for a search, which a model's price may include.
    pub(in crate::gateway) asks_for_search: bool,
    /// What only its endpoint knows of.
    pub(in crate::gateway) wire: Wire,
}

/// What a call has to say at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Output {
    /// Tokens for each choice; without a stated limit as many as the model
    /// can.
    Tokens { stated: Option<u64> },
    /// Nothing that is paid for by its length: vectors, judgements.
    Unmetered,
}

/// What only one endpoint knows of.
#[derive(Debug)]
pub(in crate::gateway) enum Wire {
    Chat(Chat),
    Responses(Respond),
    Messages(Messages),
    /// The body passes as it is, but for the model's name.
    Plain,
    Media(Media),
}

impl Asked {
    /// A call of images or sounds: a body, and what it is unless it is JSON,
    /// and the model's name, and where it stands.
    pub(in crate::gateway) fn media(
        endpoint: Endpoint,
        (body, content_type): (Bytes, Option<HeaderValue>),
        (model, model_at): (String, Option<Range<usize>>),
        streamed: bool,
        media: Media,
    ) -> Self {
        let choices = match &media {
            Media::Images(images) => images.count,
            Media::Speech(_) | Media::Transcription(_) => 1,
        };
        Self {
            endpoint,
            body,
            content_type,
            model,
            model_at,
            streamed,
            choices,
            output: Output::Unmetered,
            parts: Parts::text(),
            tier: AskedTier::Unsaid,
            tier_at: None,
            unpriced: None,
            asks_for_search: false,
            wire: Wire::Media(media),
        }
    }

    /// What it asks for beside text.
    pub(in crate::gateway) fn asked_media(&self) -> Option<&Media> {
        match &self.wire {
            Wire::Media(media) => Some(media),
            Wire::Chat(_) | Wire::Responses(_) | Wire::Messages(_) | Wire::Plain => None,
        }
    }

    /// Refuses what has no price at this model.
    pub(in crate::gateway) fn refuse_unpriced(&self, route: &Route) -> Result<(), GatewayError> {
        if let Some(Unpriced { param, why }) = &self.unpriced {
            return Err(GatewayError::unpriced(param, why.clone()));
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

    /// The body a provider gets: the client's, with the provider's name for
    /// the model, and what its endpoint makes explicit. A tier left to a
    /// project's default, which we cannot know, is stated, too.
    pub(in crate::gateway) fn for_upstream(&self, route: &Route, limit: u64) -> Pieces {
        if let (Some(_), Some(place)) = (&self.content_type, &self.model_at) {
            return with_model(&self.body, place, &route.model);
        }
        let mut edits = self.addressed(route);
        if self.endpoint.has_tiers() && self.tier == AskedTier::Unsaid && route.pins_tier() {
            edits.set("service_tier", self.tier_at.clone(), "\"default\"");
        }
        match &self.wire {
            Wire::Chat(chat) => {
                let field = route.provider.output_limit_field;
                chat.edit(&mut edits, &self.body, (field, limit));
            }
            Wire::Responses(respond) => respond.edit(&mut edits, limit),
            Wire::Messages(messages) => messages.edit(&mut edits, limit),
            Wire::Plain | Wire::Media(_) => {}
        }
        edits.send(&self.body)
    }

    /// The client's body for a provider that is to count it.
    pub(in crate::gateway) fn to_count(&self, route: &Route) -> Bytes {
        self.addressed(route).apply(&self.body)
    }

    /// The provider's name for the model, and nothing that is not for it.
    fn addressed(&self, route: &Route) -> Edits {
        let mut edits = Edits::default();
        if self.model != *route.model || self.model_at.is_none() {
            let name = serde_json::to_string(&*route.model).expect("a text is JSON");
            edits.set("model", self.model_at.clone(), &name);
        }
        if let Wire::Messages(messages) = &self.wire {
            messages.edit_messages(&mut edits);
        }
        edits
    }

    /// Learns whose call it is, who serves it, and whether that is the model it
    /// names, where names depend on it.
    pub(in crate::gateway) fn bind(
        &mut self,
        names: impl FnOnce() -> Names,
        names_answer: bool,
    ) -> Result<(), GatewayError> {
        match &mut self.wire {
            Wire::Responses(respond) => respond.bind(names())?,
            Wire::Messages(messages) => messages.names_answer = names_answer,
            Wire::Chat(_) | Wire::Plain | Wire::Media(_) => {}
        }
        Ok(())
    }

    /// An answer as its client sees it.
    pub(in crate::gateway) fn show(
        &self,
        body: &Bytes,
        answer: &Answer<'_>,
        paid: Paid<'_>,
    ) -> Bytes {
        match &self.wire {
            Wire::Responses(respond) => shown(body, respond.names.as_ref(), Some(paid)),
            Wire::Messages(messages) => {
                let name = messages.model_name(&self.model);
                messages::shown::shown(body, answer, paid, &name)
            }
            Wire::Chat(_) | Wire::Plain | Wire::Media(_) => with_cost(body, answer, paid),
        }
    }
}

/// A form with the provider's name for the model; every other byte as it came.
fn with_model(form: &Bytes, place: &Range<usize>, model: &str) -> Pieces {
    if &form[place.clone()] == model.as_bytes() {
        return form.clone().into();
    }
    let mut pieces = Pieces::default();
    pieces.push(form.slice(..place.start));
    pieces.push(Bytes::copy_from_slice(model.as_bytes()));
    pieces.push(form.slice(place.end..));
    pieces
}
