//! `/alerts/new` and `/alerts/{id}`

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertRule, DeliveriesPage};

use super::change::{self, faults, find};
use super::shown::{DeliveryView, path_of};
use super::values::{KINDS, Values};
use crate::alerts;
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::{Admin, Viewer};
use crate::dashboard::trouble::Trouble;
use crate::http::refusal::FieldFaults;
use crate::state::{AppState, State as Node};

const DELIVERIES: usize = 20;

#[derive(Template)]
#[template(path = "alerts/new.html")]
struct NewPage {
    frame: Frame,
    values: Values,
    faults: FieldFaults,
    is_new: bool,
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
    is_new: bool,
    deliveries: Vec<DeliveryView>,
}

/// `GET /alerts/new`
pub(super) async fn form(admin: Admin) -> Response {
    page::show(&NewPage {
        frame: Frame::of(&admin.viewer, Place::Alerts),
        values: Values::empty(),
        faults: FieldFaults::default(),
        is_new: true,
    })
}

/// `POST /alerts/new`
pub(super) async fn create(
    State(state): State<AppState>,
    admin: Admin,
    form: Form,
) -> Result<Response, Trouble> {
    let values = Values::of_form(&form);
    let Err(refusal) = change::create(&state, &admin, &values.body()).await else {
        return Ok(page::redirect("/alerts?done=created"));
    };
    let page = NewPage {
        frame: Frame::of(&admin.viewer, Place::Alerts),
        values,
        faults: faults(refusal)?,
        is_new: true,
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
    let notice = query
        .is_ticked("tested")
        .then_some("A test was sent: see below how that went.");
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
    let Err(refusal) = change::update(&state, &admin, rule.clone(), &values.body()).await else {
        return Ok(page::redirect("/alerts?done=changed"));
    };
    let mut page = rule_page(&state, &admin.viewer, &rule, values).await?;
    page.faults = faults(refusal)?;
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

/// `POST /alerts/{id}/test`
pub(super) async fn test(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let rule = find(&state, &admin.viewer, &id).await?;
    match alerts::test(&state, &rule).await {
        Ok(_) => Ok(page::redirect(&format!("{}?tested=1", path_of(&rule)))),
        Err(refusal) => {
            let values = Values::of_rule(&rule);
            let mut page = rule_page(&state, &admin.viewer, &rule, values).await?;
            page.faults = faults(refusal)?;
            Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
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
        Err(refusal) => Err(faults(refusal).err().unwrap_or(Trouble::Bug)),
    }
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
        is_new: false,
        deliveries: deliveries.iter().map(DeliveryView::of).collect(),
    })
}
