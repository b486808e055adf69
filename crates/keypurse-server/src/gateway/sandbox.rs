//! Sandbox tokens: answered by the simulator, never by a provider, at no cost.
//!
//! Invariant (L12): nothing here can reach [`crate::gateway::upstream::dispatch`] or the ledger's
//! balances.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_core::id::{CallId, TokenId};
use keypurse_core::ledger::{PurseId, Short};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::openai::Answer;
use keypurse_providers::simulator::{self, Completion, Scenario, SimulatedUsage, Stamp};
use keypurse_store::{CallMeta, Claim, RecordFailure, SimulatedCall, TokenCredential};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::call::fund::unrecordable;
use super::call::once::keep_stream;
use super::call::resolve::Route;
use super::endpoint::asked::{Asked, Wire};
use super::endpoint::chat::request::Chat;
use super::endpoint::chat::stream::ChatStream;
use super::error::{GatewayError, PassedOn, Shortage};
use super::relay::cost::{DONE, Paid, add_balance, add_cost, stream_cost, to_event, with_cost};
use super::relay::stream::StreamBody;
use super::rules::{self, Permit, Wanted};
use super::upstream::dispatch::{UpstreamFailure, UpstreamFault};
use crate::http::authenticate::AuthError;
use crate::state::AppState;

/// The header that asks for a failure.
const SCENARIO: &str = "x-keypurse-sandbox";
/// Between chunks of a slow stream.
const SLOW: Duration = Duration::from_millis(100);
/// How long a client may take to make room for the end of a cut stream.
const LAST_WORD: Duration = Duration::from_secs(30);
/// Before the first piece of a slow answer.
const SLOW_START: Duration = Duration::from_secs(1);

/// A call to be simulated.
pub(super) struct Call<'a> {
    pub(super) id: CallId,
    pub(super) started_at: Timestamp,
    pub(super) token: &'a TokenCredential,
    pub(super) address: IpAddr,
    /// Whether its client wants it made once.
    pub(super) claim: Option<Claim>,
}

/// A stream on its way.
struct UnderWay {
    token: TokenId,
    permit: Permit,
    /// Input and output tokens.
    used: u64,
}

/// Answers as a provider would, or fails as the client asked.
pub(super) async fn answer(
    state: &AppState,
    call: &Call<'_>,
    headers: &HeaderMap,
    asked: Asked,
) -> Result<Response, GatewayError> {
    let Wire::Chat(chat) = &asked.wire else {
        return Err(not_simulated(&asked));
    };
    let scenario = scenario(headers)?;
    let route =
        state
            .gateway
            .simulated_route(&asked.model, Some(asked.endpoint), call.started_at)?;
    asked.refuse_unpriced(&route)?;
    let wanted = Wanted {
        address: call.address,
        provider: &route.provider.name,
        model: &route.model,
    };
    let permit = rules::admit(state, Some(call.token), &wanted)?;
    if let Some(failure) = scenario.and_then(|scenario| rehearsed(scenario, call, &route)) {
        return Err(failure);
    }
    let body: Value = serde_json::from_slice(&asked.body)
        .map_err(|error| GatewayError::invalid(None, error.to_string()))?;
    let simulated =
        simulator::ChatRequest::read(&body).map_err(|invalid| GatewayError::Invalid {
            param: Some(invalid.param.into()),
            message: invalid.message,
        })?;
    let stamp = Stamp {
        id: format!("chatcmpl-{}", call.id),
        created_unix: call.started_at.seconds(),
    };
    let completion = simulator::chat(&simulated, &route.model, &stamp, scenario);
    if matches!(scenario, Some(Scenario::Slow | Scenario::SlowFirstToken)) {
        tokio::time::sleep(SLOW_START).await;
    }
    let usage = completion.usage();
    record(state, call, &route, &asked, usage).await?;
    let used = usage.input_tokens + usage.output_tokens;
    if asked.streamed {
        let under_way = UnderWay {
            token: call.token.token,
            permit,
            used,
        };
        let response = stream(state, under_way, &completion, chat, scenario);
        Ok(match call.claim {
            Some(_) => keep_stream(state, call.id, response),
            None => response,
        })
    } else {
        permit.end(used);
        let balance = balance(state, call).await?;
        let (response, body) = whole(&completion, &route.provider.name, balance);
        if call.claim.is_some() {
            state.gateway.kept.keep(call.id, &response, body);
        }
        Ok(response)
    }
}

fn not_simulated(asked: &Asked) -> GatewayError {
    let plural = asked.endpoint.plural();
    let message = format!("a sandbox token cannot call {plural} yet; use a live one");
    GatewayError::invalid(None, message)
}

fn scenario(headers: &HeaderMap) -> Result<Option<Scenario>, GatewayError> {
    let Some(value) = headers.get(SCENARIO) else {
        return Ok(None);
    };
    let value = value.to_str().unwrap_or("?");
    Scenario::parse(value).map_err(|unknown| GatewayError::invalid(None, unknown.to_string()))
}

/// The failure a scenario asks for, if it is one.
fn rehearsed(scenario: Scenario, call: &Call<'_>, route: &Route) -> Option<GatewayError> {
    let provider = |status: u16, kind: &str, code: Option<&str>, message: &str| {
        let error = json!({"message": message, "type": kind, "param": null, "code": code});
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == 429 {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        GatewayError::PassedOn(Box::new(PassedOn {
            status: StatusCode::from_u16(status).expect("a known status"),
            headers,
            body: json!({ "error": error }).to_string().into(),
        }))
    };
    let failure = match scenario {
        Scenario::RateLimit => provider(
            429,
            "rate_limit_error",
            Some("rate_limit_exceeded"),
            "simulated: the provider's rate limit is reached; retry in 1 s",
        ),
        Scenario::ServerError => provider(
            500,
            "server_error",
            None,
            "simulated: the provider had an error",
        ),
        Scenario::Unavailable => provider(
            503,
            "server_error",
            None,
            "simulated: the provider is overloaded",
        ),
        Scenario::Timeout => GatewayError::Upstream(UpstreamFailure {
            provider: route.provider.name.clone(),
            fault: UpstreamFault::Timeout,
        }),
        Scenario::InsufficientBalance => GatewayError::Insufficient(Shortage {
            short: Short {
                purse: PurseId::Token(call.token.token),
                needed: Money::from_nanos(1),
                available: Money::ZERO,
                held: Money::ZERO,
            },
            affordable_output_tokens: 0,
        }),
        Scenario::Expired => GatewayError::Unauthenticated(AuthError::Expired),
        Scenario::Slow
        | Scenario::SlowFirstToken
        | Scenario::CutStream
        | Scenario::MalformedChunk
        | Scenario::Refusal
        | Scenario::Length
        | Scenario::Empty => return None,
    };
    Some(failure)
}

async fn record(
    state: &AppState,
    call: &Call<'_>,
    route: &Route,
    asked: &Asked,
    usage: SimulatedUsage,
) -> Result<(), GatewayError> {
    let simulated = SimulatedCall {
        call: call.id,
        account: call.token.account,
        token: call.token.token,
        meta: CallMeta {
            provider: Arc::clone(&route.provider.name),
            model: route.model.clone(),
            feature: asked.endpoint.feature(),
            streamed: asked.streamed,
            price: route.price.clone(),
            started_at: call.started_at,
        },
        counts: TokenCounts {
            input: usage.input_tokens,
            output: usage.output_tokens,
            ..TokenCounts::default()
        },
        status: StatusCode::OK.as_u16(),
        finished_at: state.now(),
        claim: call.claim,
    };
    state
        .store
        .record_simulated(simulated)
        .await
        .map_err(|failure| match failure {
            RecordFailure::Repeated(repeated) => GatewayError::Repeated(repeated),
            RecordFailure::Store(failure) => unrecordable(&failure),
        })
}

/// What a token with a balance has: the same before and after.
async fn balance(state: &AppState, call: &Call<'_>) -> Result<Option<Money>, GatewayError> {
    if !call.token.settings.has_budget {
        return Ok(None);
    }
    let token = state.store.token_by_id(call.token.token).await;
    let token = token.map_err(|failure| unrecordable(&failure))?;
    Ok(token.map(|token| token.balance_at(state.now())))
}

fn whole(completion: &Completion, provider: &str, balance: Option<Money>) -> (Response, Bytes) {
    let body = Bytes::from(completion.to_json().to_string());
    let answer = Answer::chat(&body).expect("the simulator writes answers");
    let paid = Paid {
        cost: Money::ZERO,
        provider,
        used: &TokenCounts::NONE,
    };
    let shown = with_cost(&body, &answer, paid);
    let mut response = Response::new(Body::from(shown.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_cost(headers, Money::ZERO);
    if let Some(balance) = balance {
        add_balance(headers, balance);
    }
    (response, shown)
}

fn stream(
    state: &AppState,
    under_way: UnderWay,
    completion: &Completion,
    chat: &Chat,
    scenario: Option<Scenario>,
) -> Response {
    let events = events(completion, chat.include_usage, scenario);
    let pause = if scenario == Some(Scenario::Slow) {
        SLOW
    } else {
        Duration::ZERO
    };
    let (out, incoming) = mpsc::channel(4);
    state
        .tasks
        .spawn(send(state.clone(), under_way, events, pause, out));
    let mut response = Response::new(Body::new(StreamBody { incoming }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    add_cost(headers, Money::ZERO);
    response
}

/// Sends a stream, and cuts it when its token is deleted or the node stops, as
/// a live one is cut.
async fn send(
    state: AppState,
    under_way: UnderWay,
    events: Vec<String>,
    pause: Duration,
    out: mpsc::Sender<Bytes>,
) {
    let UnderWay {
        token,
        permit,
        used,
    } = under_way;
    let watch = state.revocations.watch(token);
    let deliver = async {
        let mut left = events.len();
        for event in events {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            left -= 1;
            if left == 0 {
                permit.end(used);
            }
            if out.send(event.into()).await.is_err() {
                return;
            }
        }
    };
    // A deletion before the watch began is found in the store.
    let revoked = async {
        if let Ok(Some(_)) | Err(_) = state.store.token_by_id(token).await {
            watch.revoked().cancelled().await;
        }
    };
    let cut = tokio::select! {
        biased;
        () = state.cut_off.cancelled() => GatewayError::Draining,
        () = revoked => GatewayError::Unauthenticated(AuthError::Retired),
        () = deliver => return permit.end(used),
    };
    permit.end(used);
    let tail = stream_cost(None, Money::ZERO) + &ChatStream::error_event(cut);
    // A client that does not take the end has left.
    let _ = timeout(LAST_WORD, out.send(tail.into())).await;
}

/// The stream as a client gets it, its cost where that of a live stream is.
fn events(completion: &Completion, include_usage: bool, scenario: Option<Scenario>) -> Vec<String> {
    let mut chunks: Vec<String> = completion
        .chunks(include_usage)
        .iter()
        .map(to_text)
        .collect();
    let usage_chunk = if include_usage { chunks.pop() } else { None };
    let mut events: Vec<String> = chunks.iter().map(|chunk| to_event(chunk)).collect();
    match scenario {
        Some(Scenario::CutStream) => {
            events.truncate(events.len().div_ceil(2));
            return events;
        }
        Some(Scenario::MalformedChunk) => {
            events.insert(events.len() / 2, "data: {\"id\":\"chatcmpl\n\n".to_owned());
        }
        _ => {}
    }
    events.push(stream_cost(usage_chunk.as_deref(), Money::ZERO));
    events.push(DONE.to_owned());
    events
}

/// A chunk's JSON.
pub(super) fn to_text(chunk: &simulator::Chunk<'_>) -> String {
    serde_json::to_string(chunk).expect("a chunk is plain data")
}
