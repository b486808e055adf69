//! `GET /alerts`

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_store::AlertEventsPage;

use super::shown::{EventView, RuleView};
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Viewer;
use crate::dashboard::trouble::Trouble;
use crate::state::AppState;

/// Events on a page; also how far back a rule is looked for that still fires.
const ON_A_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct AlertsPage {
    frame: Frame,
    rules: Vec<RuleView>,
    events: Vec<EventView>,
    is_first: bool,
    next: Option<i64>,
}

pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let account = viewer.account.id;
    let before = query.get("cursor").parse().ok();
    let page = AlertEventsPage {
        account,
        before,
        // One more tells whether there is another page.
        limit: ON_A_PAGE + 1,
    };
    let mut events = state.store.alert_events(page).await?;
    let open = state.store.open_alert_events().await?;
    let rules = state.store.alerts(account).await?;
    let has_more = events.len() > ON_A_PAGE;
    events.truncate(ON_A_PAGE);
    let notice = match query.get("done") {
        "created" => Some("The rule was created."),
        "changed" => Some("The rule was changed."),
        "deleted" => Some("The rule was deleted."),
        _ => None,
    };
    Ok(page::show(&AlertsPage {
        frame: Frame::of(&viewer, Place::Alerts).with_notice(notice),
        rules: rules.iter().map(|rule| RuleView::of(rule, &open)).collect(),
        next: events
            .last()
            .filter(|_| has_more)
            .map(|event| event.id.ordered),
        events: events
            .iter()
            .map(|event| EventView::of(event, &rules))
            .collect(),
        is_first: before.is_none(),
    }))
}
