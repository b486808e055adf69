//! `/tokens/new`

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::secret::TokenSecret;

use super::change::{Done, make};
use super::secret::hand_over;
use super::wire::Values;
use crate::dashboard::form::{Sent, Undone, once};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::{AppState, State as Node};
use crate::tokens::wire::read_creation;
use crate::tokens::{create_change, with_taken};

#[derive(Template)]
#[template(path = "tokens/new.html")]
struct NewPage {
    frame: Frame,
    values: Values,
    faults: FieldFaults,
    problem: Option<&'static str>,
    /// Fields that only one of the two forms has.
    is_new: bool,
    zone: String,
    once: String,
}

impl NewPage {
    fn of(state: &Node, admin: &Admin, values: Values) -> Self {
        Self {
            frame: Frame::of(&admin.viewer, Place::Tokens),
            values,
            faults: FieldFaults::default(),
            problem: None,
            is_new: true,
            zone: state.settings.zone_name(),
            once: once(state),
        }
    }
}

/// `GET /tokens/new`
pub(super) async fn form(State(state): State<AppState>, admin: Admin) -> Response {
    page::show(&NewPage::of(&state, &admin, Values::empty()))
}

/// `POST /tokens/new`
pub(super) async fn create(State(state): State<AppState>, sent: Sent) -> Result<Response, Trouble> {
    let values = Values::of_form(&sent.form);
    let undone = match add(&state, &sent, &values).await {
        Ok((done, secret)) => return Ok(hand_over(&state, &sent.admin, &done, secret, "created")),
        Err(undone) => undone,
    };
    let problem = undone.problem();
    let page = NewPage {
        faults: undone.faults()?,
        problem,
        ..NewPage::of(&state, &sent.admin, values)
    };
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

async fn add(state: &Node, sent: &Sent, values: &Values) -> Result<(Done, TokenSecret), Undone> {
    let account = sent.admin.viewer.account.id;
    let body = values.creation();
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let creation = match read_creation(&object) {
        Ok(creation) => creation,
        Err(refused) => return Err(with_taken(state, account, refused).await.into()),
    };
    let (change, secret) = create_change(state, account, creation, state.now())?;
    let done = make(state, sent, change, None).await?;
    Ok((done, secret))
}
