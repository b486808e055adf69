//! `GET /v2/alerts/events/`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertEvent, AlertEventsPage};
use serde::Serialize;

use crate::alerts::wire::EventAnswer;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::page::{Page, Place};
use crate::state::AppState;

#[derive(Serialize)]
struct Events {
    events: Vec<ListedEvent>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ListedEvent {
    #[serde(flatten)]
    event: EventAnswer,
    /// null: it still is so.
    cleared_at: Option<String>,
}

impl From<&AlertEvent> for ListedEvent {
    fn from(event: &AlertEvent) -> Self {
        Self {
            event: EventAnswer::from(event),
            cleared_at: event.cleared_at.map(|at| at.to_string()),
        }
    }
}

pub(in crate::management) async fn events(
    State(state): State<AppState>,
    holder: Holder,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let page = Page::read(query.as_deref(), Place::CURSOR).map_err(Refusal::Invalid)?;
    let asked = AlertEventsPage {
        account: holder.account,
        before: page.before,
        limit: page.and_one(),
    };
    let mut events = state.store.alert_events(asked).await?;
    let next_cursor = page.cut(&mut events, |event| event.id.ordered);
    let events = events.iter().map(ListedEvent::from).collect();
    Ok(answer::json(
        StatusCode::OK,
        &Events {
            events,
            next_cursor: next_cursor.map(|place| place.to_string()),
        },
    ))
}
