//! Pages as answers.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};

const HTML: &str = "text/html; charset=utf-8";

/// A page.
pub(super) fn show(page: &impl Template) -> Response {
    show_with(StatusCode::OK, page)
}

/// A page with a status of its own.
pub(super) fn show_with(status: StatusCode, page: &impl Template) -> Response {
    let html = page.render().expect("a template writes into memory");
    (status, [(CONTENT_TYPE, HTML)], html).into_response()
}

/// After a change: the page to look at next, which may be asked for again
/// without changing anything again. `path` is one of ours, in ASCII.
pub(super) fn redirect(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response()
}
