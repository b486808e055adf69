//! `GET /tokens`

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::query::{CONDITIONS, KINDS, ListQuery, PAGE};
use super::view::TokenView;
use crate::dashboard::figures::Grouped;
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Viewer;
use crate::dashboard::trouble::Trouble;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    frame: Frame,
    query: ListQuery,
    tokens: Vec<TokenView>,
    total: Grouped,
    /// The numbers of the first and the last token on this page.
    shown: Option<(Grouped, Grouped)>,
    previous: Option<String>,
    next: Option<String>,
    /// A choice for each kind and condition: value, words, whether it is taken.
    kinds: Vec<(&'static str, &'static str, bool)>,
    conditions: Vec<(&'static str, &'static str, bool)>,
}

pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let at = state.clock.read();
    let notice = notice(query.as_deref());
    let query = ListQuery::read(query.as_deref());
    let found = state
        .store
        .find_tokens(query.search(viewer.account.id, at))
        .await?;
    let first = (query.page - 1) * PAGE;
    let last = first + u64::try_from(found.tokens.len()).unwrap_or(PAGE);
    let tokens: Vec<_> = found
        .tokens
        .iter()
        .map(|standing| TokenView::of(standing, at))
        .collect();
    Ok(page::show(&ListPage {
        frame: Frame::of(&viewer, Place::Tokens).with_notice(notice),
        total: Grouped(found.total),
        shown: (!tokens.is_empty()).then_some((Grouped(first + 1), Grouped(last))),
        tokens,
        previous: (query.page > 1).then(|| query.page_path(query.page - 1)),
        next: (last < found.total && last > first).then(|| query.page_path(query.page + 1)),
        kinds: choices(
            KINDS.map(|(word, words, _)| (word, words)),
            query.kind_word(),
        ),
        conditions: choices(
            CONDITIONS.map(|(word, words, _)| (word, words)),
            query.condition_word(),
        ),
        query,
    }))
}

fn notice(query: Option<&str>) -> Option<&'static str> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    (query.get("done") == "deleted").then_some("The token was deleted.")
}

fn choices<const N: usize>(
    words: [(&'static str, &'static str); N],
    taken: &str,
) -> Vec<(&'static str, &'static str, bool)> {
    let with_taken = |(word, words)| (word, words, word == taken);
    words.into_iter().map(with_taken).collect()
}
