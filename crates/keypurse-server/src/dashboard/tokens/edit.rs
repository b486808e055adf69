//! `/tokens/{id}/edit`

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Token, TokenChange, TokenUpdate};

use super::change::{Done, make};
use super::view::{TokenPath, find, path_of};
use super::wire::Values;
use crate::dashboard::figures::Dollars;
use crate::dashboard::form::{Sent, Undone, once};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::{AppState, State as Node};
use crate::tokens::etag;
use crate::tokens::wire::read_update;

#[derive(Template)]
#[template(path = "tokens/edit.html")]
struct EditPage {
    frame: Frame,
    path: String,
    values: Values,
    faults: FieldFaults,
    problem: Option<&'static str>,
    is_new: bool,
    zone: String,
    balance: Dollars,
    /// What the form shows, so that only that is changed.
    seen: String,
    once: String,
}

impl EditPage {
    fn of(state: &Node, admin: &Admin, token: &Token, values: Values) -> Self {
        Self {
            frame: Frame::of(&admin.viewer, Place::Tokens),
            path: path_of(token.id),
            values,
            faults: FieldFaults::default(),
            problem: None,
            is_new: false,
            zone: state.settings.zone_name(),
            balance: Dollars(token.balance_at(state.clock.proven())),
            seen: etag(token),
            once: once(state),
        }
    }
}

/// `GET /tokens/{id}/edit`
pub(super) async fn form(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let token = find(&state, &admin.viewer, path).await?.token;
    let values = Values::of_token(&token);
    Ok(page::show(&EditPage::of(&state, &admin, &token, values)))
}

/// `POST /tokens/{id}/edit`
pub(super) async fn update(
    State(state): State<AppState>,
    path: TokenPath,
    sent: Sent,
) -> Result<Response, Trouble> {
    let token = find(&state, &sent.admin.viewer, path).await?.token;
    let before = Values::of_token(&token);
    let values = Values {
        name: before.name.clone(),
        kind: before.kind.clone(),
        ..Values::of_form(&sent.form)
    };
    let undone = match change(&state, &sent, &token, values.update(&before)).await {
        Ok(done) => {
            return Ok(page::redirect(&format!(
                "{}?done=edited",
                path_of(done.id())
            )));
        }
        Err(undone) => undone,
    };
    // Somebody else was quicker: what they made of it is shown.
    let values = match undone {
        Undone::Stale => before,
        _ => values,
    };
    let problem = undone.problem();
    let page = EditPage {
        faults: undone.faults()?,
        problem,
        ..EditPage::of(&state, &sent.admin, &token, values)
    };
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

async fn change(state: &Node, sent: &Sent, token: &Token, body: String) -> Result<Done, Undone> {
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let change = TokenChange::Update(TokenUpdate {
        account: token.account,
        name: token.settings.name.clone(),
        change: read_update(&object)?,
        now: state.now(),
    });
    let seen = sent.form.get("seen").to_owned();
    let condition = move |token: &Token| etag(token) == seen;
    make(state, sent, change, Some(Box::new(condition))).await
}
