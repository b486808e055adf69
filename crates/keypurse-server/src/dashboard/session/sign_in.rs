//! `/sign-in` and `/sign-out`.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use keypurse_core::secret::TokenSecret;
use keypurse_store::{Actor, NewSession, Who};
use tracing::info;

use super::cookie::{self, CookieId};
use super::proofs::Viewer;
use crate::dashboard::form::Form;
use crate::dashboard::page;
use crate::dashboard::transport::Way;
use crate::dashboard::trouble::Trouble;
use crate::http::authenticate::{AuthError, Caller, count_failure, identify};
use crate::http::peer::PeerAddr;
use crate::http::sign_ins::record_failure;
use crate::state::AppState;

/// Longer names of browsers are cut.
const MAX_BROWSER_CHARS: usize = 300;

/// The page that asks for a key.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(in crate::dashboard) struct SignInPage<'a> {
    /// The page to show afterwards.
    next: &'a str,
    problem: Option<&'static str>,
    /// Whether a key may be sent the way this page came.
    is_safe: bool,
}

/// Why nobody was signed in.
enum Refused {
    Clear,
    Empty,
    NotAnAccountKey,
    Wrong,
    TooMany { retry_after_seconds: i64 },
    Trouble(Trouble),
}

impl<'a> SignInPage<'a> {
    pub(in crate::dashboard) fn asking(next: &'a str) -> Self {
        Self {
            next: own_path(next),
            problem: None,
            is_safe: true,
        }
    }

    pub(in crate::dashboard) fn respond(&self, status: StatusCode) -> Response {
        page::show_with(status, self)
    }
}

/// `GET /sign-in`
pub(in crate::dashboard) async fn form(way: Way, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let next = own_path(query.get("next"));
    match way {
        Way::Encrypted | Way::Loopback => SignInPage::asking(next).respond(StatusCode::OK),
        Way::Clear => refused(next, &Refused::Clear),
    }
}

/// `POST /sign-in`
pub(in crate::dashboard) async fn sign_in(
    State(state): State<AppState>,
    way: Way,
    parts: Parts,
    form: Form,
) -> Response {
    let next = own_path(form.get("next"));
    match begin(&state, way, &parts, &form).await {
        Ok(id) => {
            let mut response = page::redirect(next);
            response.headers_mut().insert(SET_COOKIE, id.set(way));
            response
        }
        Err(Refused::Trouble(trouble)) => trouble.into_response(),
        Err(why) => refused(next, &why),
    }
}

/// `POST /sign-out`
pub(in crate::dashboard) async fn sign_out(
    State(state): State<AppState>,
    way: Way,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let (actor, session) = (viewer.actor(), viewer.session);
    let ended = state.store.end_session(session.account, session.id, actor);
    ended.await?;
    let mut response = page::redirect("/sign-in");
    response
        .headers_mut()
        .insert(SET_COOKIE, cookie::forget(way));
    Ok(response)
}

/// Always a new id: one that somebody planted before is worth nothing after.
async fn begin(
    state: &AppState,
    way: Way,
    parts: &Parts,
    form: &Form,
) -> Result<CookieId, Refused> {
    if way == Way::Clear {
        return Err(Refused::Clear);
    }
    let key = TokenSecret::from_text(form.get("key").to_owned());
    if key.expose().is_empty() {
        return Err(Refused::Empty);
    }
    let now = state.now();
    let caller = match identify(state, key.expose(), now).await {
        Ok(caller) => caller,
        Err(error) => return Err(why(state, parts, error)),
    };
    if caller.token().is_some() {
        return Err(Refused::NotAnAccountKey);
    }
    end_presented(state, way, parts).await?;
    let id = CookieId::generate(&*state.entropy);
    let keyring = state.vault.keyring();
    let new = NewSession {
        digest: id.digest(),
        account: Caller::account(&caller),
        key: keyring.digests(key.expose()).collect(),
        address: address_of(parts),
        browser: browser(parts),
        now,
    };
    let begun = state.store.begin_session(new).await;
    let begun = begun.map_err(|error| Refused::Trouble(error.into()))?;
    let session = begun.ok_or(Refused::Wrong)?;
    info!(session.id = %session.id, account.id = %session.account, address = %session.address,
        access = ?session.access, "somebody signed in to the dashboard");
    Ok(id)
}

/// Signing in anew ends the session one had.
async fn end_presented(state: &AppState, way: Way, parts: &Parts) -> Result<(), Refused> {
    let Some(digest) = cookie::presented(way, &parts.headers) else {
        return Ok(());
    };
    let address = address_of(parts);
    let ended = async {
        if let Some(old) = state.store.session(&digest, state.now()).await? {
            let actor = Actor::at(Who::Session(old.id.0), address);
            state.store.end_session(old.account, old.id, actor).await?;
        }
        Ok(())
    };
    ended.await.map_err(Refused::Trouble)
}

/// A wrong key counts against its address; a right one is never refused for
/// others' failures.
fn why(state: &AppState, parts: &Parts, error: AuthError) -> Refused {
    if let Err(failures) = count_failure(state, parts, &error, state.now()) {
        return Refused::TooMany {
            retry_after_seconds: failures.retry_after_seconds,
        };
    }
    match error {
        AuthError::Store(error) => Refused::Trouble(error.into()),
        AuthError::Expired | AuthError::ClockBehind => Refused::NotAnAccountKey,
        AuthError::Missing
        | AuthError::Malformed
        | AuthError::Unknown
        | AuthError::Retired
        | AuthError::ViewerKey => {
            record_failure(state, address_of(parts));
            Refused::Wrong
        }
    }
}

fn address_of(parts: &Parts) -> IpAddr {
    PeerAddr::of(parts).0.ip().to_canonical()
}

fn browser(parts: &Parts) -> String {
    let stated = parts.headers.get(USER_AGENT);
    let stated = stated.and_then(|value| value.to_str().ok());
    stated
        .unwrap_or_default()
        .chars()
        .take(MAX_BROWSER_CHARS)
        .collect()
}

fn refused(next: &str, why: &Refused) -> Response {
    let (status, problem) = match why {
        Refused::Clear => (
            StatusCode::FORBIDDEN,
            "This page came over plain HTTP, so a key sent from it could be read on its way. \
             Open it over HTTPS: start the server with --tls-cert and --tls-key, or put a proxy \
             that does TLS in front (--behind-proxy) and let it send X-Forwarded-Proto. On the \
             server's own machine, open it by the name localhost.",
        ),
        Refused::Empty => (StatusCode::BAD_REQUEST, "Enter a key."),
        Refused::NotAnAccountKey => (
            StatusCode::FORBIDDEN,
            "This is the secret of a token. Sign in with the account key, or with a viewer key.",
        ),
        Refused::Wrong | Refused::Trouble(_) => (
            StatusCode::UNAUTHORIZED,
            "This key is not valid. The account key is in account.key in the data directory, \
             unless it was preset.",
        ),
        Refused::TooMany { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong keys came from your address. Wait a moment, then try again.",
        ),
    };
    let page = SignInPage {
        problem: Some(problem),
        is_safe: !matches!(why, Refused::Clear),
        next,
    };
    let mut response = page.respond(status);
    if let Refused::TooMany {
        retry_after_seconds,
    } = why
    {
        let seconds = HeaderValue::from(*retry_after_seconds);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// A path of ours, and nothing that a browser would take for another host.
fn own_path(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_plain && !next.starts_with("/sign-") {
        next
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn after_signing_in_nobody_is_sent_elsewhere() {
        for (next, expected) in [
            ("/tokens?q=a", "/tokens?q=a"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/sign-in", "/"),
            ("/é", "/"),
        ] {
            assert_eq!(own_path(next), expected, "{next:?}");
        }
    }
}
