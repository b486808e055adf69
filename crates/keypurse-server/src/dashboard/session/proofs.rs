//! Being signed in is a value, and so is being allowed to change something.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;
use keypurse_core::time::Timestamp;
use keypurse_store::{Access, Account, Actor, Session, StoreError, Who};
use tracing::debug;

use super::cookie;
use crate::dashboard::transport::Way;
use crate::dashboard::trouble::Trouble;
use crate::http::peer::PeerAddr;
use crate::state::{AppState, State};

/// A use is noted at most once in so many seconds: each note is a write.
const NOTED_EVERY_SECONDS: i64 = 60;
/// A page that renews itself says so: that nobody looks away from it does not
/// mean that somebody is there.
const BY_ITSELF: &str = "x-keypurse-poll";

/// Proof that somebody is signed in and may look at this account.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct Viewer {
    pub(in crate::dashboard) account: Account,
    pub(in crate::dashboard) session: Session,
    /// Where the request comes from, which is not where the session began.
    address: IpAddr,
}

/// Proof that somebody is signed in and may change this account. That one of
/// our pages asks is seen to by `fence`.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct Admin {
    pub(in crate::dashboard) viewer: Viewer,
}

impl Viewer {
    pub(in crate::dashboard) fn is_read_only(&self) -> bool {
        match self.session.access {
            Access::Full => false,
            Access::ReadOnly => true,
        }
    }

    /// As the audit log names who does something here.
    pub(in crate::dashboard) fn actor(&self) -> Actor {
        Actor::at(Who::Session(self.session.id.0), self.address)
    }
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Trouble> {
        let now = state.now();
        let way = Way::of(state.settings.transport, parts);
        let signed_out = || Trouble::SignedOut { next: next(parts) };
        let digest = cookie::presented(way, &parts.headers).ok_or_else(signed_out)?;
        let session = state.store.session(&digest, now).await?;
        let session = session.ok_or_else(signed_out)?;
        let account = state.store.account(session.account).await?;
        let account =
            account.ok_or_else(|| StoreError::Corrupt(format!("{} has gone", session.account)))?;
        if !parts.headers.contains_key(BY_ITSELF) {
            note_use(state, &session, now).await;
        }
        let address = PeerAddr::of(parts).0.ip().to_canonical();
        Ok(Self {
            account,
            session,
            address,
        })
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Trouble> {
        let viewer = Viewer::from_request_parts(parts, state).await?;
        if viewer.is_read_only() {
            return Err(Trouble::ReadOnly);
        }
        Ok(Self { viewer })
    }
}

/// Looking goes on while nothing can be written.
async fn note_use(state: &State, session: &Session, now: Timestamp) {
    if now < session.seen_at.plus_seconds(NOTED_EVERY_SECONDS) {
        return;
    }
    if let Err(error) = state.store.see_session(session.id, now).await {
        debug!(session.id = %session.id, %error, "the use of a session was not noted");
    }
}

/// The page to show after signing in: a form's own address shows nothing.
fn next(request: &Parts) -> String {
    let asked_for_page = request.method == Method::GET;
    let path = request.uri.path_and_query().filter(|_| asked_for_page);
    path.map_or_else(|| "/".to_owned(), ToString::to_string)
}
