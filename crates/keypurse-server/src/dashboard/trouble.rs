//! What goes wrong with a page, and how people are told.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use keypurse_store::StoreError;

use super::page;
use super::session::SignInPage;
use crate::http::refusal::Cause;

/// Why a page is not shown or a change not made.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody is signed in; after signing in, this page is shown.
    SignedOut { next: String },
    /// A change that was asked for elsewhere than on our pages.
    CrossSite,
    /// The session may look only.
    ReadOnly,
    /// There is no such page, or it shows what is not there.
    NotFound,
    /// The form is longer than any of ours, or is none.
    NotAForm,
    /// The form came too slowly.
    TooSlow,
    /// Storage failed; nothing was changed.
    Unavailable(StoreError),
    /// A broken invariant: our fault.
    Bug,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    heading: &'static str,
    text: &'static str,
}

impl Trouble {
    pub(super) fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::SignedOut { .. } => (StatusCode::UNAUTHORIZED, "Signed out", ""),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "Not from here",
                "This change was not asked for on a page of this dashboard, so it was not made. \
                 Go to the page yourself and try again there. A very old browser does not say \
                 where a form comes from: use a newer one.",
            ),
            Self::ReadOnly => (
                StatusCode::FORBIDDEN,
                "You can look only",
                "You signed in with a viewer key, so nothing was changed. Sign in with the \
                 account key to make changes.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Not found",
                "There is nothing here. It may have been deleted, or the address is mistyped.",
            ),
            Self::NotAForm => (
                StatusCode::BAD_REQUEST,
                "This form cannot be read",
                "What was sent is not one of our forms, or too long. Nothing was changed; go \
                 back and try again.",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "Too slow",
                "The form came too slowly, so nothing was changed. Go back and send it again.",
            ),
            Self::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available now",
                "This cannot be read or recorded now, so nothing was changed. Try again later; \
                 the server's log says why.",
            ),
            Self::Bug => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "This is our fault, and it has been logged.",
            ),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, heading, text) = self.words();
        if let Self::SignedOut { next } = &self {
            return SignInPage::asking(next).respond(status);
        }
        let mut response = page::show_with(status, &TroublePage { heading, text });
        if let Self::Unavailable(cause) = self {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            response.extensions_mut().insert(Cause(Arc::new(cause)));
        }
        response
    }
}
