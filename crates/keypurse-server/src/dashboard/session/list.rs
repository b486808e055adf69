//! `/sessions`: where one is signed in.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use keypurse_core::id::SessionId;
use keypurse_core::time::Timestamp;
use keypurse_store::{Access, Session};

use super::cookie;
use super::proofs::{Admin, Viewer};
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::transport::Way;
use crate::dashboard::trouble::Trouble;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    sessions: Vec<Row>,
}

struct Row {
    id: i64,
    is_own: bool,
    is_read_only: bool,
    browser: String,
    agent: String,
    address: String,
    began_at: Timestamp,
    seen_at: Timestamp,
}

/// `GET /sessions`: a viewer sees its own.
pub(in crate::dashboard) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let sessions = state.store.sessions(viewer.account.id, state.now()).await?;
    let shown = sessions
        .into_iter()
        .filter(|session| !viewer.is_read_only() || session.id == viewer.session.id)
        .map(|session| Row::of(session, viewer.session.id))
        .collect();
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let notice = query.is_ticked("ended").then_some("The session was ended.");
    Ok(page::show(&SessionsPage {
        frame: Frame::of(&viewer, Place::Sessions).with_notice(notice),
        sessions: shown,
    }))
}

/// `POST /sessions/{id}/end`
pub(in crate::dashboard) async fn end(
    State(state): State<AppState>,
    way: Way,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let id = SessionId(id.parse().map_err(|_| Trouble::NotFound)?);
    let (actor, own) = (admin.viewer.actor(), admin.viewer.session);
    // One that has ended already is as it should be.
    state.store.end_session(own.account, id, actor).await?;
    if id != own.id {
        return Ok(page::redirect("/sessions?ended=1"));
    }
    let mut response = page::redirect("/sign-in");
    response
        .headers_mut()
        .insert(SET_COOKIE, cookie::forget(way));
    Ok(response)
}

impl Row {
    fn of(session: Session, own: SessionId) -> Self {
        Self {
            id: session.id.0,
            is_own: session.id == own,
            is_read_only: session.access == Access::ReadOnly,
            browser: browser_name(&session.browser),
            address: session.address.to_string(),
            began_at: session.began_at,
            seen_at: session.seen_at,
            agent: session.browser,
        }
    }
}

/// What people call a browser that calls itself many things: `Firefox on
/// Linux`. The first name that fits wins, as others claim to be Chrome and
/// Safari too.
fn browser_name(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if agent.is_empty() => "Unknown browser".to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}
