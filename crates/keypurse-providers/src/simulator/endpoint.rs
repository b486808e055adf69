//! One way in for every route.

use serde_json_borrow::Value;

use super::{
    Failure, InvalidRequest, Reply, RequestBody, Scenario, Stamp, audio, chat, delivery,
    embeddings, images, messages, moderations, responses,
};

/// A route that calls a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `chat/completions`
    ChatCompletions,
    /// `responses`
    Responses,
    /// `embeddings`
    Embeddings,
    /// `moderations`
    Moderations,
    /// `images/generations`
    ImageGenerations,
    /// `images/edits`
    ImageEdits,
    /// `audio/speech`
    Speech,
    /// `audio/transcriptions`
    Transcriptions,
    /// Anthropic's `messages`
    Messages,
    /// Anthropic's `messages/count_tokens`
    CountTokens,
}

/// What is known of the model that is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts<'a> {
    /// Who serves it: `openai`.
    pub provider: &'a str,
    /// Its name, as answers show it: `gpt-4o-mini`.
    pub model: &'a str,
    /// How long an embedding is, where the catalogue says it.
    pub dimensions: Option<u64>,
    /// Whether its provider keeps responses.
    pub keeps_responses: bool,
}

/// A call, as every route sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) facts: ModelFacts<'a>,
    pub(super) stamp: &'a Stamp,
    pub(super) scenario: Option<Scenario>,
}

impl Endpoint {
    /// Every route, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::ChatCompletions,
        Self::Responses,
        Self::Embeddings,
        Self::Moderations,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::Speech,
        Self::Transcriptions,
        Self::Messages,
        Self::CountTokens,
    ];

    /// Whether a model that declines says so in an answer.
    pub(super) fn can_refuse(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions | Self::Responses | Self::Messages | Self::Moderations
        )
    }

    /// Whether an answer can end in the middle.
    pub(super) fn can_be_cut(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions
                | Self::Responses
                | Self::Messages
                | Self::Speech
                | Self::Transcriptions
        )
    }

    pub(super) fn speaks_anthropic(self) -> bool {
        matches!(self, Self::Messages | Self::CountTokens)
    }
}

/// Answers a call as the provider of the model would, or fails as `scenario`
/// asks. The work and the answer are bounded, whatever the body says.
///
/// The scenarios that spoil the delivery have spoiled a stream already; a
/// whole answer is spoiled by [`Scenario::spoil`] once its cost is added.
pub fn simulate(
    endpoint: Endpoint,
    body: RequestBody<'_>,
    facts: ModelFacts<'_>,
    stamp: &Stamp,
    scenario: Option<Scenario>,
) -> Result<Reply, Failure> {
    if let Some(failure) = scenario.and_then(|scenario| scenario.failure(endpoint)) {
        return Err(failure);
    }
    let call = Call {
        facts,
        stamp,
        scenario,
    };
    let mut reply = answer(endpoint, body, call)?;
    if let Some(scenario) = scenario {
        delivery::spoil_stream(&mut reply.content, scenario);
    }
    Ok(reply)
}

fn answer(
    endpoint: Endpoint,
    body: RequestBody<'_>,
    call: Call<'_>,
) -> Result<Reply, InvalidRequest> {
    match endpoint {
        Endpoint::ChatCompletions => chat::reply(&json(body)?, call),
        Endpoint::Responses => responses::reply(&json(body)?, call),
        Endpoint::Embeddings => embeddings::reply(&json(body)?, call),
        Endpoint::Moderations => moderations::reply(&json(body)?, call),
        Endpoint::ImageGenerations => images::generations(&json(body)?, call),
        Endpoint::ImageEdits => images::edits(body, call),
        Endpoint::Speech => audio::speech(&json(body)?, call),
        Endpoint::Transcriptions => audio::transcriptions(body, call),
        Endpoint::Messages => messages::reply(&json(body)?, call),
        Endpoint::CountTokens => messages::count_tokens(&json(body)?),
    }
}

pub(super) fn json(body: RequestBody<'_>) -> Result<Value<'_>, InvalidRequest> {
    let RequestBody::Json(bytes) = body else {
        return Err(InvalidRequest::new("body", "expected a JSON object"));
    };
    let body: Value<'_> = serde_json::from_slice(bytes)
        .map_err(|error| InvalidRequest::new("body", format!("not valid JSON: {error}")))?;
    match body {
        Value::Object(_) => Ok(body),
        _ => Err(InvalidRequest::new("body", "expected a JSON object")),
    }
}
