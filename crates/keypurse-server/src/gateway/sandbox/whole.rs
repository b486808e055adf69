//! A simulated answer in one piece.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use keypurse_core::money::Money;
use keypurse_providers::simulator::Scenario;

use crate::gateway::endpoint::asked::{Asked, Wire};
use crate::gateway::endpoint::splice::Edits;
use crate::gateway::relay::cost::{Paid, add_balance, add_cost, add_simulated_cost};

const JSON: &str = "application/json";

/// What a whole answer consists of.
pub(super) enum Whole {
    Json(Vec<u8>),
    File {
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

/// What is told beside it.
pub(super) struct Beside<'a> {
    pub(super) asked: &'a Asked,
    pub(super) paid: Paid<'a>,
    pub(super) simulated_cost: Money,
    /// What its token has, if that has a balance.
    pub(super) balance: Option<Money>,
    pub(super) scenario: Option<Scenario>,
}

/// The answer as a client gets it, and its body once more.
pub(super) fn whole(whole: Whole, beside: &Beside<'_>) -> (Response, Bytes) {
    let (media_type, body) = match whole {
        Whole::File { media_type, bytes } => (media_type, bytes.into()),
        Whole::Json(json) => (JSON, with_costs(json, beside)),
    };
    let body = match beside.scenario {
        Some(scenario) => spoiled(scenario, &body),
        None => body,
    };
    let mut response = Response::new(Body::from(body.clone()));
    add_headers(response.headers_mut(), media_type, beside);
    (response, body)
}

/// An answer as a live one is shown, and what it would have cost.
fn with_costs(body: Vec<u8>, beside: &Beside<'_>) -> Bytes {
    let Beside { asked, paid, .. } = beside;
    let mut edits = Edits::default();
    let simulated_cost = beside.simulated_cost.to_string();
    if matches!(asked.wire, Wire::Chat(_) | Wire::Plain) {
        // As a live one's, which has to be read first: the simulator writes
        // neither of them.
        edits.add("cost", &paid.cost.to_string());
        edits.add("provider", &format!("\"{}\"", paid.provider));
        edits.add("simulated_cost", &simulated_cost);
        return edits.append_to(body);
    }
    let body = Bytes::from(body);
    let shown = match asked.endpoint.read_answer(&body) {
        Some(answer) => asked.show(&body, &answer, *paid),
        None => body,
    };
    edits.add("simulated_cost", &simulated_cost);
    edits.apply(&shown)
}

fn spoiled(scenario: Scenario, body: &Bytes) -> Bytes {
    let mut spoiled = body.to_vec();
    scenario.spoil(&mut spoiled);
    spoiled.into()
}

fn add_headers(headers: &mut HeaderMap, media_type: &'static str, beside: &Beside<'_>) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    add_cost(headers, Money::ZERO);
    add_simulated_cost(headers, beside.simulated_cost);
    if let Some(balance) = beside.balance {
        add_balance(headers, balance);
    }
}
