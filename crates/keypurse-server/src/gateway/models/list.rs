//! The lists, and one model.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::{Value, json};

use super::anthropic;
use super::listed::Listed;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::http::envelope::Envelope;
use crate::state::AppState;

/// Prices change at whole hours.
const HOUR: i64 = 3600;

/// Which models are listed, of all endpoints when none is named, and how.
type Which = (Option<Endpoint>, View);

/// How a list is arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum View {
    /// Each model of each provider.
    Providers,
    /// Each model once, with who serves it.
    Models,
    /// In the form of Anthropic's SDKs.
    Anthropic,
}

/// The lists as they are answered during one hour.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Lists {
    lists: RwLock<HashMap<Which, (i64, Bytes)>>,
}

impl Lists {
    fn get(&self, which: Which, hour: i64) -> Option<Bytes> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let kept = lists.get(&which).filter(|(kept, _)| *kept == hour);
        kept.map(|(_, body)| body.clone())
    }

    fn keep(&self, which: Which, hour: i64, body: Bytes) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        lists.insert(which, (hour, body));
    }
}

/// All models that can be called, here or at one endpoint. Without a
/// configured provider: all that a sandbox token can call.
pub(in crate::gateway) async fn list(
    state: AppState,
    endpoint: Option<Endpoint>,
    (headers, uri): (HeaderMap, Uri),
) -> Response {
    let (endpoint, view) = match view(&uri) {
        // That form does not say what a model does: those it can talk to.
        Ok(_) if anthropic::asks(&headers) => {
            let endpoint = endpoint.unwrap_or(Endpoint::Messages);
            (Some(endpoint), View::Anthropic)
        }
        Ok(view) => (endpoint, view),
        Err(error) => return error.into_response(Envelope::OpenAi),
    };
    let now = state.now();
    let (which, hour) = ((endpoint, view), now.seconds().div_euclid(HOUR));
    let lists = &state.gateway.lists;
    if let Some(body) = lists.get(which, hour) {
        return json_response(body);
    }
    let models = state.gateway.listed(endpoint, now);
    let all = || {
        let aliases = state.gateway.listed_aliases(endpoint, now);
        models.iter().map(Listed::to_json).chain(aliases)
    };
    let listed = |data: Vec<Value>| json!({ "object": "list", "data": data });
    let list = match view {
        View::Providers => listed(all().collect()),
        View::Models => listed(grouped(&models)),
        View::Anthropic => {
            let all: Vec<Value> = all().collect();
            anthropic::list(all.iter().filter_map(|model| model["id"].as_str()))
        }
    };
    let body = Bytes::from(list.to_string());
    lists.keep(which, hour, body.clone());
    json_response(body)
}

fn view(uri: &Uri) -> Result<View, GatewayError> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut asked = form_urlencoded::parse(query).filter(|(name, _)| name == "view");
    match asked.next().as_ref().map(|(_, view)| view.as_ref()) {
        None | Some("providers") => Ok(View::Providers),
        Some("models") => Ok(View::Models),
        Some(_) => {
            let wrong = "`view` must be `providers` or `models`";
            Err(GatewayError::invalid(Some("view"), wrong))
        }
    }
}

/// Each model once, in alphabetical order, with what each provider says of it.
fn grouped(models: &[Listed<'_>]) -> Vec<Value> {
    let mut by_name: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for model in models {
        let serving = by_name.entry(model.model).or_default();
        serving.push(model.to_json());
    }
    let groups = by_name.into_iter();
    let group = |(id, providers)| json!({"id": id, "object": "model", "providers": providers});
    groups.map(group).collect()
}

/// One model, under any name that calls it.
pub(in crate::gateway) async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let name = id.strip_suffix('/').unwrap_or(&id);
    let is_for_anthropic = anthropic::asks(&headers);
    match state.gateway.model(name, state.now()) {
        Ok(model) if is_for_anthropic => {
            let name = model["id"].as_str().unwrap_or(name);
            json_response(anthropic::model(name).to_string().into())
        }
        Err(error) if is_for_anthropic => error.into_response(Envelope::Anthropic),
        Ok(model) => json_response(model.to_string().into()),
        Err(error) => error.into_response(Envelope::OpenAi),
    }
}

fn json_response(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
