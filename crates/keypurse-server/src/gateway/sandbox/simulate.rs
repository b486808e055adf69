//! A call as the simulator takes it.

use bytes::Bytes;
use http::HeaderValue;
use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_providers::simulator::{
    self, Endpoint as SimulatedEndpoint, Failure, FormField, ModelFacts, Reply, RequestBody,
    Scenario, Stamp,
};

use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::media::form;
use crate::gateway::routing::route::Route;
use crate::gateway::state::Gateway;
use crate::http::multipart::Form;

/// Which call is simulated: an answer has an id and a time.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Stamped {
    pub(in crate::gateway) call: CallId,
    pub(in crate::gateway) at: Timestamp,
}

/// What a provider would get.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Received<'a> {
    pub(in crate::gateway) endpoint: Endpoint,
    pub(in crate::gateway) body: &'a Bytes,
    /// What the body is, where it is no JSON: a form.
    pub(in crate::gateway) content_type: Option<&'a HeaderValue>,
}

impl<'a> Received<'a> {
    pub(super) fn of(asked: &'a Asked) -> Self {
        Self {
            endpoint: asked.endpoint,
            body: &asked.body,
            content_type: asked.content_type.as_ref(),
        }
    }
}

/// Answers a body as the model's provider would, or fails as is asked for.
pub(in crate::gateway) fn simulate(
    gateway: &Gateway,
    received: Received<'_>,
    route: &Route,
    stamped: Stamped,
    scenario: Option<Scenario>,
) -> Result<Reply, Failure> {
    let provider = &*route.provider.name;
    let facts = ModelFacts {
        provider,
        model: &route.model,
        dimensions: match received.endpoint {
            Endpoint::Embeddings => gateway.dimensions(provider, &route.model),
            _ => None,
        },
        keeps_responses: route.keeps_responses(),
    };
    let stamp = Stamp {
        id: stamped.call.to_string(),
        created_unix: stamped.at.seconds(),
    };
    let endpoint = simulated(received.endpoint);
    let answer =
        |body: RequestBody<'_>| simulator::simulate(endpoint, body, facts, &stamp, scenario);
    let Some(content_type) = received.content_type else {
        return answer(RequestBody::Json(received.body));
    };
    // It was read before, so it can be read.
    let form = form::again(content_type, received.body.clone()).ok();
    let fields = form.iter().flat_map(Form::fields);
    let fields: Vec<_> = fields
        .map(|(name, is_file, bytes)| FormField {
            name,
            file_name: is_file.then_some("file"),
            bytes,
        })
        .collect();
    answer(RequestBody::Form(&fields))
}

impl Gateway {
    fn dimensions(&self, provider: &str, model: &str) -> Option<u64> {
        self.catalogue.find(provider, model)?.dimensions
    }
}

const fn simulated(endpoint: Endpoint) -> SimulatedEndpoint {
    match endpoint {
        Endpoint::Chat => SimulatedEndpoint::ChatCompletions,
        Endpoint::Embeddings => SimulatedEndpoint::Embeddings,
        Endpoint::Moderations => SimulatedEndpoint::Moderations,
        Endpoint::Responses => SimulatedEndpoint::Responses,
        Endpoint::Messages => SimulatedEndpoint::Messages,
        Endpoint::ImageGenerations => SimulatedEndpoint::ImageGenerations,
        Endpoint::ImageEdits => SimulatedEndpoint::ImageEdits,
        Endpoint::Speech => SimulatedEndpoint::Speech,
        Endpoint::Transcriptions => SimulatedEndpoint::Transcriptions,
    }
}
