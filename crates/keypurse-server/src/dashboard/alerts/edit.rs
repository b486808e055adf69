//! `/alerts/new` and `/alerts/{id}`

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertRule, DeliveriesPage};

use super::change::{self, find};
use super::shown::{DeliveryView, path_of};
use super::values::{KINDS, Values};
use crate::alerts::{self, Tested};
use crate::dashboard::form::{Form, Sent, Undone, once};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::{Admin, Viewer};
use crate::dashboard::trouble::Trouble;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::{AppState, State as Node};

const DELIVERIES: usize = 20;

#[derive(Template)]
#[template(path = "alerts/new.html")]
struct NewPage {
    frame: Frame,
    values: Values,
    faults: FieldFaults,
    problem: Option<&'static str>,
    is_new: bool,
    once: String,
}

impl NewPage {
    fn of(state: &Node, admin: &Admin, values: Values) -> Self {
        Self {
            frame: Frame::of(&admin.viewer, Place::Alerts),
            values,
            faults: FieldFaults::default(),
            problem: None,
            is_new: true,
            once: once(state),
        }
    }
}

#[derive(Template)]
#[template(path = "alerts/show.html")]
struct RulePage {
    frame: Frame,
    path: String,
    name: String,
    has_webhook: bool,
    values: Values,
    faults: FieldFaults,
    problem: Option<&'static str>,
    is_new: bool,
    /// The name of the form that sends a test.
    once: String,
    deliveries: Vec<DeliveryView>,
}

/// `GET /alerts/new`
pub(super) async fn form(State(state): State<AppState>, admin: Admin) -> Response {
    page::show(&NewPage::of(&state, &admin, Values::empty()))
}

/// `POST /alerts/new`
pub(super) async fn create(State(state): State<AppState>, sent: Sent) -> Result<Response, Trouble> {
    let values = Values::of_form(&sent.form);
    let Err(undone) = change::create(&state, &sent, &values.body()).await else {
        return Ok(page::redirect("/alerts?done=created"));
    };
    let problem = undone.problem();
    let page = NewPage {
        faults: undone.faults()?,
        problem,
        ..NewPage::of(&state, &sent.admin, values)
    };
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

/// `GET /alerts/{id}`
pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let rule = find(&state, &viewer, &id).await?;
    let values = Values::of_rule(&rule);
    let mut page = rule_page(&state, &viewer, &rule, values).await?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let notice = match query.get("test") {
        "sent" => Some("A test was sent: see below how that went."),
        "running" => Some("The test is still being sent: look again in a moment."),
        _ => None,
    };
    page.frame = page.frame.with_notice(notice);
    Ok(page::show(&page))
}

/// `POST /alerts/{id}`
pub(super) async fn update(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Trouble> {
    let rule = find(&state, &admin.viewer, &id).await?;
    let values = Values::of_form(&form);
    match change::update(&state, &admin, rule.clone(), &values.body()).await {
        Ok(()) => Ok(page::redirect("/alerts?done=changed")),
        Err(undone) => refused(&state, &admin, &rule, (values, undone)).await,
    }
}

/// `POST /alerts/{id}/test`
pub(super) async fn test(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Trouble> {
    let rule = find(&state, &sent.admin.viewer, &id).await?;
    let path = path_of(&rule);
    let once = sent.once(Box::new(|_: &Tested| Vec::new()));
    match alerts::test(&state, rule.clone(), once).await {
        Ok(_) => Ok(page::redirect(&format!("{path}?test=sent"))),
        Err(Refusal::StillRunning) => Ok(page::redirect(&format!("{path}?test=running"))),
        Err(refusal) => {
            let told = (Values::of_rule(&rule), refusal.into());
            refused(&state, &sent.admin, &rule, told).await
        }
    }
}

/// `POST /alerts/{id}/delete`
pub(super) async fn delete(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let rule = find(&state, &admin.viewer, &id).await?;
    match change::delete(&state, &admin, &rule).await {
        Ok(()) => Ok(page::redirect("/alerts?done=deleted")),
        Err(undone) => Err(undone.faults().err().unwrap_or(Trouble::Bug)),
    }
}

/// The page again, with what is wrong with what was sent.
async fn refused(
    state: &Node,
    admin: &Admin,
    rule: &AlertRule,
    (values, undone): (Values, Undone),
) -> Result<Response, Trouble> {
    let mut page = rule_page(state, &admin.viewer, rule, values).await?;
    page.problem = undone.problem();
    page.faults = undone.faults()?;
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

async fn rule_page(
    state: &Node,
    viewer: &Viewer,
    rule: &AlertRule,
    values: Values,
) -> Result<RulePage, Trouble> {
    let page = DeliveriesPage {
        rule: rule.id,
        before: None,
        limit: DELIVERIES,
    };
    let deliveries = state.store.deliveries(page).await?;
    Ok(RulePage {
        frame: Frame::of(viewer, Place::Alerts),
        path: path_of(rule),
        name: rule.name.clone(),
        has_webhook: rule.webhook.is_some(),
        values,
        faults: FieldFaults::default(),
        problem: None,
        is_new: false,
        once: once(state),
        deliveries: deliveries.iter().map(DeliveryView::of).collect(),
    })
}
