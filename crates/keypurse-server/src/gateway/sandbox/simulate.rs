//! A call as the simulator takes it.

use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_providers::simulator::{
    self, Endpoint as SimulatedEndpoint, Failure, ModelFacts, Reply, RequestBody, Scenario, Stamp,
};

use crate::gateway::call::resolve::Route;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::upstream::provider::Gateway;

/// Which call is simulated: an answer has an id and a time.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Stamped {
    pub(in crate::gateway) call: CallId,
    pub(in crate::gateway) at: Timestamp,
}

/// Answers a body as the model's provider would, or fails as is asked for.
pub(in crate::gateway) fn simulate(
    gateway: &Gateway,
    (endpoint, body): (Endpoint, &[u8]),
    route: &Route,
    stamped: Stamped,
    scenario: Option<Scenario>,
) -> Result<Reply, Failure> {
    let provider = &*route.provider.name;
    let facts = ModelFacts {
        provider,
        model: &route.model,
        dimensions: match endpoint {
            Endpoint::Embeddings => gateway.dimensions(provider, &route.model),
            _ => None,
        },
    };
    let stamp = Stamp {
        id: stamped.call.to_string(),
        created_unix: stamped.at.seconds(),
    };
    let body = RequestBody::Json(body);
    simulator::simulate(simulated(endpoint), body, facts, &stamp, scenario)
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
    }
}
