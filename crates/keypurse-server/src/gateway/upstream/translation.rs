//! Between the client's dialect and the provider's. Where both are the same,
//! the client's own bytes pass.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use keypurse_providers::anthropic::MessagesRequest;
use keypurse_providers::gemini;
use keypurse_providers::translate::{
    self, NoAnswer, Replay, Target, TranslatedStream, Untranslatable, Wanted,
};
use keypurse_providers::visible::never_reasons;

use crate::gateway::call::count::length;
use crate::gateway::call::fund::Funded;
use crate::gateway::config::{Dialect, OutputLimitField};
use crate::gateway::endpoint::asked::{Asked, Output, Wire};
use crate::gateway::endpoint::chat;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::messages;
use crate::gateway::endpoint::parts::Parts;
use crate::gateway::endpoint::splice::Pieces;
use crate::gateway::endpoint::stream::StreamWire;
use crate::gateway::error::{GatewayError, PassedOn};
use crate::gateway::error_body::Shape;
use crate::gateway::routing::route::Route;
use crate::gateway::upstream::dialect::client_dialect;

/// What a provider reads of a request, as far as its tokens are bounded by it.
#[derive(Debug)]
pub(in crate::gateway) struct Reading {
    /// Bytes that are text.
    pub(in crate::gateway) text: u64,
    /// What else it is brought.
    pub(in crate::gateway) parts: Parts,
    /// What is sent where that is no longer the client's text.
    pub(in crate::gateway) translated: Option<Bytes>,
}

impl Route {
    /// Whether its provider keeps responses, or whoever stands in for it does.
    pub(in crate::gateway) fn keeps_responses(&self) -> bool {
        let reached = &self.provider.reached;
        reached.foreign_dialect(Endpoint::Responses).is_none()
    }
}

impl Asked {
    /// Whose API its provider speaks, if not its client's.
    fn foreign_dialect(&self, route: &Route) -> Option<Dialect> {
        route.provider.reached.foreign_dialect(self.endpoint)
    }

    /// Whether its provider may keep the answer, to be asked for again.
    pub(in crate::gateway) fn can_be_stored(&self, route: &Route) -> bool {
        self.endpoint == Endpoint::Responses && route.keeps_responses()
    }

    /// The most input tokens it may have because it asks its provider for long
    /// inputs, however long the model's are otherwise.
    pub(in crate::gateway) fn long_input(&self, route: &Route) -> Option<u64> {
        match &self.wire {
            Wire::Messages(messages) if self.foreign_dialect(route).is_none() => {
                messages.long_input(route)
            }
            _ => None,
        }
    }

    /// Whether nothing of it depends on its model, so that no provider of the
    /// client's dialect can refuse it before it leaves.
    pub(in crate::gateway) fn is_plain(&self, route: &Route) -> bool {
        self.asked_media().is_none()
            && self.foreign_dialect(route).is_none()
            && self.parts == Parts::text()
    }

    /// The body that whoever answers gets, with this output limit per choice; or
    /// what of the request its dialect cannot say. The simulator takes what its
    /// client speaks, whatever the provider it stands for does.
    pub(in crate::gateway) fn sent(
        &self,
        route: &Route,
        limit: u64,
    ) -> Result<Pieces, GatewayError> {
        match self.foreign_dialect(route) {
            Some(provider) if !route.provider.reached.is_simulated() => {
                self.translated(route, provider, limit)
            }
            Some(_) | None => Ok(self.for_upstream(route, limit)),
        }
    }

    /// The body a provider of another dialect gets.
    fn translated(
        &self,
        route: &Route,
        provider: Dialect,
        limit: u64,
    ) -> Result<Pieces, GatewayError> {
        let client = client_dialect(self.endpoint).expect("only chats are translated");
        if self.output == (Output::Tokens { stated: Some(0) }) {
            let name = match self.endpoint {
                Endpoint::Responses => "max_output_tokens",
                _ => "max_tokens",
            };
            let wrong = format!(
                "`{name}` must be at least 1 for this model: only Anthropic's fill a cache \
                 without an answer"
            );
            return Err(GatewayError::invalid(Some(name), wrong));
        }
        let field = route.provider.output_limit_field;
        let target = Target {
            model: &route.model,
            output_limit: limit,
            limit_is_of_completion: field == OutputLimitField::MaxCompletionTokens,
            may_reason: !never_reasons(&route.provider.name, &route.model),
            replay: replay(route),
        };
        let body = translate::request(client, provider.into(), &self.body, &target);
        let body = Bytes::from(body.map_err(untranslatable)?.into_owned());
        if provider != Dialect::OpenAi {
            return Ok(body.into());
        }
        // What is made explicit for a chat is so for a translated one.
        let chat = chat::request::read(&body)?;
        chat.refuse_unpriced(route)?;
        Ok(chat.for_upstream(route, limit))
    }

    /// What a provider of the client's own dialect reads of it.
    pub(in crate::gateway) fn as_written(&self) -> Reading {
        Reading {
            text: length(self.body.len()) - self.parts.image_bytes,
            parts: self.parts,
            translated: None,
        }
    }

    /// What the provider reads of it, with this output limit; with a lower one
    /// it is not more.
    ///
    /// What is translated is bounded by both texts: a client could hide
    /// the length of one from the other.
    pub(in crate::gateway) fn reading(
        &self,
        route: &Route,
        limit: u64,
    ) -> Result<Reading, GatewayError> {
        let own = self.as_written();
        let Some(provider) = self.foreign_dialect(route) else {
            return Ok(own);
        };
        let body = self.translated(route, provider, limit)?.joined();
        let parts = match provider {
            Dialect::OpenAi => chat::request::read(&body)?.parts,
            Dialect::Anthropic => {
                let request = MessagesRequest::read(&body);
                let request = request.map_err(|invalid| messages::request::wrong(&invalid))?;
                messages::request::parts(&request.parts)
            }
            // A client may write its images longer than they are sent.
            Dialect::Gemini if self.endpoint == Endpoint::Responses => {
                let client = translate::Dialect::Responses;
                let chat = translate::Dialect::OpenAi;
                let chat = translate::request(client, chat, &self.body, &Target::TO_COUNT);
                let chat = Bytes::from(chat.map_err(untranslatable)?.into_owned());
                chat::request::read(&chat)?.parts
            }
            Dialect::Gemini => self.parts,
        };
        let text = length(body.len()).saturating_sub(parts.image_bytes);
        Ok(Reading {
            text: text.max(own.text),
            parts,
            translated: (!route.provider.reached.is_simulated()).then_some(body),
        })
    }
}

fn replay(route: &Route) -> Replay {
    if route.provider.reached.wants_reasoning() {
        Replay::Reasoning
    } else if gemini::wants_proofs(&route.provider.name, &route.model) {
        Replay::Proofs
    } else {
        Replay::Nothing
    }
}

fn untranslatable(refused: Untranslatable) -> GatewayError {
    GatewayError::Invalid {
        message: refused.to_string(),
        param: Some(refused.param).filter(|param| !param.is_empty()),
    }
}

impl Funded {
    /// The dialects of whoever answers and of the client, where they differ.
    fn translates(&self) -> Option<(translate::Dialect, translate::Dialect)> {
        if self.route.provider.reached.is_simulated() {
            return None;
        }
        let provider = self.asked.foreign_dialect(&self.route)?;
        Some((provider.into(), client_dialect(self.asked.endpoint)?))
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            created: u64::try_from(self.started_at.seconds()).unwrap_or(0),
            asked: &self.asked.body,
        }
    }

    /// How its answer is read when it is a stream. `None`: it is none.
    pub(in crate::gateway) fn stream(&self) -> Option<StreamWire> {
        self.asked.stream(self.translates().is_none())
    }

    /// What makes the provider's stream the client's.
    pub(in crate::gateway) fn translated_stream(&self) -> Option<TranslatedStream> {
        let (provider, client) = self.translates()?;
        TranslatedStream::new(provider, client, self.wanted())
    }

    /// A whole answer as the client reads it.
    pub(in crate::gateway) fn translated_answer(&self, body: &Bytes) -> Result<Bytes, NoAnswer> {
        let Some((provider, client)) = self.translates() else {
            return Ok(body.clone());
        };
        let translated = translate::answer(provider, client, body, self.wanted())?;
        Ok(translated.into_owned().into())
    }

    /// A provider's refusal as the client reads it.
    pub(in crate::gateway) fn translated_error(&self, passed: PassedOn) -> PassedOn {
        let Some((provider, client)) = self.translates() else {
            return passed;
        };
        let status = passed.status.as_u16();
        let translated = translate::error(provider, client, status, &passed.body);
        let body = translated.map_or_else(
            || {
                let name = &self.route.provider.name;
                let message = format!("provider `{name}` answered {status} without an explanation");
                let shape = Shape::new(status, "upstream_error", message);
                shape
                    .to_json(self.asked.endpoint.envelope())
                    .to_string()
                    .into()
            },
            |body| Bytes::from(body.into_owned()),
        );
        let mut headers = passed.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        PassedOn {
            status: passed.status,
            headers,
            body,
        }
    }
}
