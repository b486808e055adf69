//! `/tokens/{id}/secret`: a new secret, shown once.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::request::Parts;
use keypurse_core::secret::TokenSecret;

use super::change::Done;
use super::snippets::Snippets;
use super::view::{TokenPath, find, path_of};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Admin;
use crate::dashboard::transport::{Way, own_origin};
use crate::dashboard::trouble::Trouble;
use crate::state::{AppState, State as Node};

#[derive(Template)]
#[template(path = "tokens/secret.html")]
struct SecretPage<'a> {
    frame: Frame,
    path: String,
    name: &'a str,
    secret: &'a str,
    snippets: Snippets,
    /// Whether any model can be called with it now.
    is_served: bool,
}

/// Sends the browser to the page that shows the secret. Where the same form
/// made it before, that page still has it.
pub(super) fn hand_over(
    state: &Node,
    admin: &Admin,
    done: &Done,
    secret: TokenSecret,
    what: &'static str,
) -> Response {
    let (id, session) = (done.id(), admin.viewer.session.id);
    let fresh = &state.dashboard.fresh_secrets;
    if let Done::Now(_) = done {
        fresh.keep((session, id), secret, state.now());
    }
    let path = path_of(id);
    if fresh.get((session, id), state.now()).is_some() {
        page::redirect(&format!("{path}/secret"))
    } else {
        page::redirect(&format!("{path}?done={what}"))
    }
}

/// `GET /tokens/{id}/secret`
pub(super) async fn show(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
    way: Way,
    parts: Parts,
) -> Result<Response, Trouble> {
    let now = state.now();
    let token = find(&state, &admin.viewer, path).await?.token;
    let of = (admin.viewer.session.id, token.id);
    let Some(secret) = state.dashboard.fresh_secrets.get(of, now) else {
        return Ok(page::redirect(&path_of(token.id)));
    };
    let model = state.gateway.example_model(&token.settings, now);
    let origin = own_origin(way, &parts);
    Ok(page::show(&SecretPage {
        frame: Frame::of(&admin.viewer, Place::Tokens),
        path: path_of(token.id),
        name: token.settings.name.as_str(),
        secret: secret.expose(),
        is_served: model.is_some(),
        snippets: Snippets::of(origin.as_deref(), &secret, model.as_deref()),
    }))
}

/// `POST /tokens/{id}/secret/done`
pub(super) async fn done(
    State(state): State<AppState>,
    admin: Admin,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let id = find(&state, &admin.viewer, path).await?.token.id;
    let of = (admin.viewer.session.id, id);
    state.dashboard.fresh_secrets.forget(of);
    Ok(page::redirect(&format!("{}?done=copied", path_of(id))))
}
