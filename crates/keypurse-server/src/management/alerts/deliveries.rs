//! `GET /v2/alerts/{id}/deliveries/`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{DeliveriesPage, Delivery, DeliveryState, DeliveryTry};
use serde::Serialize;

use super::path::AlertPath;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::page::{Page, Place};
use crate::state::AppState;

#[derive(Serialize)]
struct Log {
    deliveries: Vec<ListedDelivery>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ListedDelivery {
    /// null: it was a test.
    event: Option<String>,
    test: bool,
    created_at: String,
    state: &'static str,
    next_try_at: Option<String>,
    tries: Vec<ListedTry>,
}

#[derive(Serialize)]
struct ListedTry {
    at: String,
    status: Option<u16>,
    error: Option<String>,
    took_ms: u32,
}

impl From<Delivery> for ListedDelivery {
    fn from(delivery: Delivery) -> Self {
        let (state, next_try_at) = match delivery.state {
            DeliveryState::Pending(at) => ("pending", Some(at.to_string())),
            DeliveryState::Delivered => ("delivered", None),
            DeliveryState::GivenUp => ("given_up", None),
        };
        Self {
            test: delivery.event.is_none(),
            event: delivery.event.map(|event| event.to_string()),
            created_at: delivery.created_at.to_string(),
            state,
            next_try_at,
            tries: delivery.tries.into_iter().map(ListedTry::from).collect(),
        }
    }
}

impl From<DeliveryTry> for ListedTry {
    fn from(tried: DeliveryTry) -> Self {
        Self {
            at: tried.at.to_string(),
            status: tried.status,
            error: tried.error,
            took_ms: tried.took_ms,
        }
    }
}

pub(in crate::management) async fn deliveries(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let page = Page::read(query.as_deref(), Place::CURSOR).map_err(Refusal::Invalid)?;
    let rule = state.store.alert(holder.account, path.id()?).await?;
    let asked = DeliveriesPage {
        rule: rule.ok_or(Refusal::NoSuchAlert)?.id,
        before: page.before,
        limit: page.and_one(),
    };
    let mut deliveries = state.store.deliveries(asked).await?;
    let next_cursor = page.cut(&mut deliveries, |delivery| delivery.id);
    let deliveries = deliveries.into_iter().map(ListedDelivery::from).collect();
    Ok(answer::json(
        StatusCode::OK,
        &Log {
            deliveries,
            next_cursor: next_cursor.map(|place| place.to_string()),
        },
    ))
}
