//! `GET /`: what is going on.

use askama::Template;
use axum::response::Response;

use super::frame::{Frame, Place};
use super::page;
use super::session::Viewer;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    balance: String,
    is_unlimited: bool,
}

pub(super) async fn show(viewer: Viewer) -> Response {
    page::show(&Overview {
        frame: Frame::of(&viewer, Place::Overview),
        balance: viewer.account.balance.to_string(),
        is_unlimited: viewer.account.unlimited,
    })
}
