//! `GET /tokens/{id}`

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_core::id::TokenId;
use keypurse_store::TokenStanding;

use super::statement::StatementView;
use super::view::{TokenPath, TokenView, facts, find};
use crate::dashboard::begun::Begun;
use crate::dashboard::form::{Form, once};
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Viewer;
use crate::dashboard::token_usage::Spending;
use crate::dashboard::trouble::Trouble;
use crate::http::refusal::FieldFaults;
use crate::state::AppState;

/// What was written into the form that tops up.
#[derive(Debug, Default)]
pub(super) struct TopUpValues {
    pub(super) amount: String,
    pub(super) note: String,
    pub(super) faults: FieldFaults,
    pub(super) problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "tokens/show.html")]
struct TokenPage {
    frame: Frame,
    id: TokenId,
    token: TokenView,
    facts: Vec<(&'static str, String)>,
    spending: Spending,
    statement: StatementView,
    top_up: TopUpValues,
    once: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let asked = Asked {
        before: query.get("before").parse().ok(),
        notice: notice(query.get("done")),
        top_up: TopUpValues::default(),
    };
    let standing = find(&state, &viewer, path).await?;
    let begun = Begun {
        title: standing.token.settings.name.as_str().to_owned(),
        frame: Frame::of(&viewer, Place::Tokens).with_notice(asked.notice),
        is_live: true,
    };
    begun
        .show(async move { TokenPage::read(&state, &viewer, standing, asked).await })
        .await
}

/// What a token's page is to show besides the token.
pub(super) struct Asked {
    pub(super) before: Option<i64>,
    pub(super) notice: Option<&'static str>,
    pub(super) top_up: TopUpValues,
}

pub(super) async fn answer(
    state: &AppState,
    viewer: &Viewer,
    path: TokenPath,
    asked: Asked,
    status: StatusCode,
) -> Result<Response, Trouble> {
    let standing = find(state, viewer, path).await?;
    let page = TokenPage::read(state, viewer, standing, asked).await?;
    Ok(page::show_with(status, &page))
}

impl TokenPage {
    async fn read(
        state: &AppState,
        viewer: &Viewer,
        standing: TokenStanding,
        asked: Asked,
    ) -> Result<Self, Trouble> {
        let id = standing.token.id;
        Ok(Self {
            frame: Frame::of(viewer, Place::Tokens).with_notice(asked.notice),
            id,
            token: TokenView::of(&standing, state.clock.read()),
            facts: facts(&standing),
            spending: Spending::read(state, &standing.token).await?,
            statement: StatementView::read(state, id, asked.before).await?,
            top_up: asked.top_up,
            once: once(state),
        })
    }
}

fn notice(done: &str) -> Option<&'static str> {
    match done {
        "edited" => Some("The settings were changed."),
        "topped-up" => Some("The money was added."),
        "copied" => Some("The secret will not be shown again."),
        "created" => Some("The token was created; its secret was shown before."),
        "rotated" => Some("The token has a new secret, which was shown before."),
        _ => None,
    }
}
