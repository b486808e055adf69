//! `/tokens/{id}/rotate`

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::secret::TokenSecret;
use keypurse_store::Token;

use super::change::{Done, make};
use super::secret::hand_over;
use super::view::{TokenPath, find, path_of};
use super::wire;
use crate::dashboard::form::{Sent, Undone, once};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::{AppState, State as Node};
use crate::tokens::wire::read_rotation;
use crate::tokens::{RotationWish, rotate_change};

/// How long the old secret may go on working: seconds, and words for them.
const GRACES: [(&str, &str); 6] = [
    ("0", "Not at all: it stops working at once"),
    ("300", "5 minutes"),
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("604800", "7 days"),
    ("2592000", "30 days"),
];

#[derive(Template)]
#[template(path = "tokens/rotate.html")]
struct RotatePage {
    frame: Frame,
    path: String,
    name: String,
    graces: &'static [(&'static str, &'static str)],
    faults: FieldFaults,
    problem: Option<&'static str>,
    once: String,
}

impl RotatePage {
    fn of(state: &Node, admin: &Admin, token: &Token) -> Self {
        Self {
            frame: Frame::of(&admin.viewer, Place::Tokens),
            path: path_of(token.id),
            name: token.settings.name.as_str().to_owned(),
            graces: &GRACES,
            faults: FieldFaults::default(),
            problem: None,
            once: once(state),
        }
    }
}

/// `GET /tokens/{id}/rotate`
pub(super) async fn form(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let token = find(&state, &admin.viewer, path).await?.token;
    Ok(page::show(&RotatePage::of(&state, &admin, &token)))
}

/// `POST /tokens/{id}/rotate`
pub(super) async fn rotate(
    State(state): State<AppState>,
    path: TokenPath,
    sent: Sent,
) -> Result<Response, Trouble> {
    let token = find(&state, &sent.admin.viewer, path).await?.token;
    let undone = match renew(&state, &sent, &token).await {
        Ok((done, secret)) => return Ok(hand_over(&state, &sent.admin, &done, secret, "rotated")),
        Err(undone) => undone,
    };
    let problem = undone.problem();
    let page = RotatePage {
        faults: undone.faults()?,
        problem,
        ..RotatePage::of(&state, &sent.admin, &token)
    };
    Ok(page::show_with(StatusCode::BAD_REQUEST, &page))
}

async fn renew(state: &Node, sent: &Sent, token: &Token) -> Result<(Done, TokenSecret), Undone> {
    let body = wire::rotation(&sent.form);
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let wish = RotationWish {
        account: token.account,
        name: token.settings.name.clone(),
        grace_seconds: read_rotation(&object)?,
    };
    let (change, secret) = rotate_change(state, wish, state.now()).await?;
    let done = make(state, sent, change, None).await?;
    Ok((done, secret))
}
