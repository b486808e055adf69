//! `POST /tokens/{id}/top-up`

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use keypurse_store::{TokenChange, TokenTopUp};

use super::change::{Done, Sent, Undone, make};
use super::show::{Asked, TopUpValues, answer};
use super::view::{TokenPath, find, path_of};
use super::wire;
use crate::dashboard::form::Form;
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::Refusal;
use crate::state::{AppState, State as Node};
use crate::tokens::wire::read_top_up;

pub(super) async fn top_up(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
    uri: Uri,
    form: Form,
) -> Result<Response, Trouble> {
    let sent = Sent {
        admin: &admin,
        path: uri.path(),
        form: &form,
    };
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
            amount: form.get("amount").to_owned(),
            note: form.get("note").to_owned(),
            faults: undone.faults()?,
            problem,
        },
    };
    answer(&state, &admin.viewer, path, asked, StatusCode::BAD_REQUEST).await
}

async fn add(state: &Node, sent: &Sent<'_>, path: TokenPath) -> Result<Done, Undone> {
    let token = find(state, &sent.admin.viewer, path)
        .await
        .map_err(Undone::Trouble)?;
    let token = token.token;
    let body = wire::top_up(sent.form);
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let change = TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name,
        top_up: read_top_up(&object)?,
    });
    make(state, sent, change, None).await
}
