//! `POST /tokens/{id}/top-up`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{TokenChange, TokenTopUp};

use super::change::{Done, make};
use super::show::{Asked, TopUpValues, answer};
use super::view::{TokenPath, find, path_of};
use super::wire;
use crate::dashboard::form::{Sent, Undone};
use crate::dashboard::page;
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::Refusal;
use crate::state::{AppState, State as Node};
use crate::tokens::wire::read_top_up;

pub(super) async fn top_up(
    State(state): State<AppState>,
    path: TokenPath,
    sent: Sent,
) -> Result<Response, Trouble> {
    let undone = match add(&state, &sent, path).await {
        Ok(done) => {
            return Ok(page::redirect(&format!(
                "{}?done=topped-up",
                path_of(done.id())
            )));
        }
        Err(undone) => undone,
    };
    let problem = undone.problem();
    let asked = Asked {
        before: None,
        notice: None,
        top_up: TopUpValues {
            amount: sent.form.get("amount").to_owned(),
            note: sent.form.get("note").to_owned(),
            faults: undone.faults()?,
            problem,
        },
    };
    let viewer = &sent.admin.viewer;
    answer(&state, viewer, path, asked, StatusCode::BAD_REQUEST).await
}

async fn add(state: &Node, sent: &Sent, path: TokenPath) -> Result<Done, Undone> {
    let token = find(state, &sent.admin.viewer, path).await?.token;
    let body = wire::top_up(&sent.form);
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let change = TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name,
        top_up: read_top_up(&object)?,
    });
    make(state, sent, change, None).await
}
