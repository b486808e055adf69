//! Pages as answers.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, StatusCode};

/// What a page is sent as.
pub(super) const HTML: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/html; charset=utf-8")];

/// A page.
pub(super) fn show(page: &impl Template) -> Response {
    show_with(StatusCode::OK, page)
}

/// A page with a status of its own.
pub(super) fn show_with(status: StatusCode, page: &impl Template) -> Response {
    (status, HTML, html(page)).into_response()
}

/// A page, or a part of one, as text.
pub(super) fn html(page: &impl Template) -> String {
    page.render().expect("a template writes into memory")
}

/// After a change: the page to look at next, which may be asked for again
/// without changing anything again. `path` is one of ours, in ASCII.
pub(super) fn redirect(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response()
}
