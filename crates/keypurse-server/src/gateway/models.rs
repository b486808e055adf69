//! `GET models`: what can be called, and what it costs. Public.

use std::sync::PoisonError;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use keypurse_core::price::{Band, Price, Rate, Rates};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::Mode;
use serde_json::{Map, Value, json};

use crate::gateway::error::GatewayError;
use crate::gateway::upstream::provider::Gateway;
use crate::http::envelope::Envelope;
use crate::state::AppState;

/// Prices change at whole hours.
const HOUR: i64 = 3600;

/// The list as it is answered during one hour.
#[derive(Debug)]
pub(super) struct ListedModels {
    hour: i64,
    body: Bytes,
}

/// All models that can be called. Without a configured provider: all that a
/// sandbox token can call.
pub(super) async fn list(State(state): State<AppState>) -> Response {
    let now = state.now();
    let hour = now.seconds().div_euclid(HOUR);
    let gateway = &state.gateway;
    let listed = gateway
        .listed
        .read()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(listed) = listed.as_ref().filter(|listed| listed.hour == hour) {
        return json_response(listed.body.clone());
    }
    drop(listed);
    let list = json!({ "object": "list", "data": gateway.models(now) });
    let body = Bytes::from(list.to_string());
    let mut listed = gateway
        .listed
        .write()
        .unwrap_or_else(PoisonError::into_inner);
    *listed = Some(ListedModels {
        hour,
        body: body.clone(),
    });
    json_response(body)
}

/// One model, under any name that calls it.
pub(super) async fn one(State(state): State<AppState>, Path(id): Path<String>) -> Response {
    let name = id.strip_suffix('/').unwrap_or(&id);
    match state.gateway.model(name, state.now()) {
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

/// What is said of a model.
struct Listed<'a> {
    provider: &'a str,
    model: &'a str,
    price: &'a Price,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    is_available: bool,
}

impl Gateway {
    fn models(&self, now: Timestamp) -> Vec<Value> {
        let mut own: Vec<_> = self
            .prices
            .iter()
            .filter(|((provider, _), _)| self.providers.contains_key(provider))
            .collect();
        own.sort_by_key(|(name, _)| *name);
        let own = own.into_iter().map(|((provider, model), known)| {
            let listed = Listed {
                provider,
                model,
                price: &known.price,
                max_input_tokens: known.max_input_tokens,
                max_output_tokens: known.max_output_tokens,
                is_available: true,
            };
            listed.to_json()
        });
        let models = own.chain(self.catalogue_models(now));
        models.chain(self.listed_aliases()).collect()
    }

    /// What operators call models, by the names they stand for.
    fn listed_aliases(&self) -> impl Iterator<Item = Value> {
        let aliases = self.aliases.sorted().into_iter();
        aliases.map(|(name, models)| {
            let (provider, _) = models[0].split_once('/').expect("checked at the start");
            json!({
                "id": name,
                "object": "model",
                "created": 0,
                "owned_by": provider,
                "available": self.providers.contains_key(provider),
                "alias_of": models,
            })
        })
    }

    fn catalogue_models(&self, now: Timestamp) -> impl Iterator<Item = Value> {
        let chat = self
            .catalogue
            .models()
            .filter(|entry| entry.mode == Mode::Chat);
        chat.filter_map(move |entry| {
            let provider = self.providers.get(entry.provider);
            let has_own = self
                .prices
                .contains_key(&(entry.provider.into(), entry.id.into()));
            if has_own || (provider.is_none() && !self.providers.is_empty()) {
                return None;
            }
            let is_free = provider.is_some_and(|provider| provider.free);
            let price = if is_free {
                Some(Price::free())
            } else {
                entry.price_at(now)
            };
            let listed = Listed {
                provider: entry.provider,
                model: entry.id,
                price: &price?,
                max_input_tokens: entry.max_input_tokens,
                max_output_tokens: entry.max_output_tokens,
                is_available: provider.is_some(),
            };
            Some(listed.to_json())
        })
    }

    fn model(&self, name: &str, now: Timestamp) -> Result<Value, GatewayError> {
        let sold = match self.find_route(name, None, now) {
            Ok(route) => (route, true),
            Err(GatewayError::ModelNotFound { .. }) => {
                (self.simulated_route(name, None, now)?, false)
            }
            Err(error) => return Err(error),
        };
        let (route, is_available) = sold;
        let listed = Listed {
            provider: &route.provider.name,
            model: &route.model,
            price: &route.price,
            max_input_tokens: route.max_input_tokens,
            max_output_tokens: route.max_output_tokens,
            is_available,
        };
        Ok(listed.to_json())
    }
}

impl Listed<'_> {
    fn to_json(&self) -> Value {
        let mut model = json!({
            "id": format!("{}/{}", self.provider, self.model),
            "object": "model",
            "created": 0,
            "owned_by": self.provider,
            "available": self.is_available,
            "pricing": pricing(self.price),
        });
        if let Some(most) = self.max_input_tokens {
            model["max_input_tokens"] = most.into();
        }
        if let Some(most) = self.max_output_tokens {
            model["max_output_tokens"] = most.into();
        }
        model
    }
}

/// Dollars per million tokens, as text: a float would not be exact.
fn pricing(price: &Price) -> Value {
    let mut pricing = pricing_of(price.bands());
    let tiers = price.tiers();
    let tiers: Map<String, Value> = tiers
        .map(|(tier, bands)| (tier.as_str().to_owned(), Value::Object(pricing_of(bands))))
        .collect();
    if !tiers.is_empty() {
        pricing.insert("service_tiers".to_owned(), Value::Object(tiers));
    }
    Value::Object(pricing)
}

fn pricing_of(bands: &[Band]) -> Map<String, Value> {
    let mut pricing = rates(&bands[0].rates);
    if bands.len() > 1 {
        let longer = bands[1..].iter().map(|band| {
            let mut rates = rates(&band.rates);
            rates.insert("above_input_tokens".to_owned(), band.above.into());
            Value::Object(rates)
        });
        pricing.insert("long_input".to_owned(), longer.collect());
    }
    pricing
}

fn rates(rates: &Rates) -> Map<String, Value> {
    let classes = [
        ("input_per_million", Some(rates.input)),
        ("output_per_million", Some(rates.output)),
        ("cached_input_per_million", rates.cached_input),
        ("cache_write_per_million", rates.cache_write),
        ("input_audio_per_million", rates.input_audio),
        ("reasoning_per_million", rates.reasoning),
        ("output_audio_per_million", rates.output_audio),
        ("cached_audio_per_million", rates.cached_audio),
        ("cache_write_long_per_million", rates.cache_write_long),
        ("input_image_per_million", rates.input_image),
        ("output_image_per_million", rates.output_image),
        ("calls_per_million", rates.request),
    ];
    let text = |rate: Rate| rate.dollars_per_million().to_string();
    let stated = classes
        .into_iter()
        .filter_map(|(class, rate)| rate.map(|rate| (class.to_owned(), Value::from(text(rate)))));
    let mut stated: Map<String, Value> = stated.collect();
    stated.insert("currency".to_owned(), "USD".into());
    stated
}
