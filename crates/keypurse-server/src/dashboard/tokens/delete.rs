//! `/tokens/{id}/delete`

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Deletion, Token, TokenChange};

use super::change::{Done, make};
use super::view::{TokenPath, find, path_of};
use crate::dashboard::form::{Sent, Undone};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::state::AppState;
use crate::tokens::end_calls_of;

#[derive(Template)]
#[template(path = "tokens/delete.html")]
struct DeletePage {
    frame: Frame,
    path: String,
    name: String,
    problem: Option<&'static str>,
}

impl DeletePage {
    fn of(admin: &Admin, token: &Token, problem: Option<&'static str>) -> Self {
        Self {
            frame: Frame::of(&admin.viewer, Place::Tokens),
            path: path_of(token.id),
            name: token.settings.name.as_str().to_owned(),
            problem,
        }
    }
}

/// `GET /tokens/{id}/delete`: asks for the token's name.
pub(super) async fn form(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let token = find(&state, &admin.viewer, path).await?.token;
    Ok(page::show(&DeletePage::of(&admin, &token, None)))
}

/// `POST /tokens/{id}/delete`
pub(super) async fn delete(
    State(state): State<AppState>,
    path: TokenPath,
    sent: Sent,
) -> Result<Response, Trouble> {
    let token = find(&state, &sent.admin.viewer, path).await?.token;
    if sent.form.get("name") != token.settings.name.as_str().trim() {
        let problem = Some("This is not the token’s name; nothing was deleted.");
        let page = DeletePage::of(&sent.admin, &token, problem);
        return Ok(page::show_with(StatusCode::BAD_REQUEST, &page));
    }
    // A task of its own: the deletion happens even when its browser hangs up,
    // and then running streams have to end all the same.
    let deleting = end(Arc::clone(&state), sent, token);
    match state.tasks.spawn(deleting).await {
        Ok(Ok(_)) => Ok(page::redirect("/tokens?done=deleted")),
        Ok(Err(Undone::Trouble(trouble))) => Err(trouble),
        // Its name was another token's meanwhile.
        Ok(Err(Undone::Stale)) => Err(Trouble::NotFound),
        Ok(Err(Undone::Faults(_) | Undone::SentBefore)) | Err(_) => Err(Trouble::Bug),
    }
}

async fn end(state: AppState, sent: Sent, token: Token) -> Result<Done, Undone> {
    let change = TokenChange::Delete(Deletion {
        account: token.account,
        name: token.settings.name.clone(),
        now: state.now(),
    });
    // Its name may be another token's by now.
    let id = token.id;
    let condition = move |token: &Token| token.id == id;
    let done = make(&state, &sent, change, Some(Box::new(condition))).await?;
    if let Done::Now(token) = &done {
        end_calls_of(&state, token);
    }
    Ok(done)
}
