//! `GET /`: what is going on.

mod attention;
mod page;
mod rate;
mod spend;

pub(super) use page::{calls, live, show, tokens};
