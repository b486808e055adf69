//! The page, and the parts of it that renew themselves.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_core::id::AccountId;
use keypurse_store::{CallsPage, Step, StoreError};

use super::attention::Attention;
use super::rate::{MOST_CALLS, Rate, WINDOW_SECONDS};
use super::spend::Spend;
use crate::dashboard::begun::Begun;
use crate::dashboard::calls::{self as calls_of, CallLine};
use crate::dashboard::charts::Chart;
use crate::dashboard::figures::Dollars;
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::page;
use crate::dashboard::session::Viewer;
use crate::dashboard::trouble::Trouble;
use crate::dashboard::usage::{
    self, Calendar, Explorer, Filters, GroupBy, Metric, Question, Range,
};
use crate::state::AppState;

/// Calls listed below the figures.
const LATEST: usize = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    now: Now,
    attention: Attention,
    calls: Vec<CallLine>,
    shows_tokens: bool,
    by: &'static str,
    window: &'static str,
    chart: Chart,
}

/// What is asked for again every few seconds.
#[derive(Template)]
#[template(path = "overview_now.html")]
struct Now {
    spend: Spend,
    rate: Rate,
    credits: Dollars,
    is_unlimited: bool,
}

/// What is asked for again every few seconds, too.
#[derive(Template)]
#[template(path = "calls.html")]
struct Latest {
    calls: Vec<CallLine>,
    shows_tokens: bool,
}

/// Asked for again every minute: it looks at every token.
#[derive(Template)]
#[template(path = "overview_tokens.html")]
struct Tokens {
    attention: Attention,
}

/// What a chart can be told apart by here, and its word.
const BY: [(&str, GroupBy); 3] = [
    ("provider", GroupBy::Provider),
    ("model", GroupBy::Model),
    ("token", GroupBy::Token),
];
/// How far back a chart can go, and in how many days that lies.
const WINDOWS: [(&str, i32); 4] = [("24h", 2), ("7d", 7), ("30d", 30), ("90d", 90)];

/// `GET /`
pub(in crate::dashboard) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let (by, group) = chosen(&BY, query.get("by"), "provider");
    let (window, days) = chosen(&WINDOWS, query.get("window"), "30d");
    let account = viewer.account.id;
    let frame = Frame::of(&viewer, Place::Overview);
    let begun = Begun {
        title: Place::Overview.name().to_owned(),
        frame: frame.clone(),
        is_live: true,
    };
    let page = async move {
        // Side by side: each reads on a connection of its own.
        let (now, attention, calls, chart) = tokio::try_join!(
            now(&state, &viewer),
            attention(&state, account),
            latest(&state, account),
            chart(&state, account, group, days),
        )?;
        Ok(OverviewPage {
            frame,
            now,
            attention,
            calls,
            shows_tokens: true,
            by,
            window,
            chart,
        })
    };
    begun.show(page).await
}

/// `GET /live/overview`
pub(in crate::dashboard) async fn live(
    State(state): State<AppState>,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    Ok(page::show(&now(&state, &viewer).await?))
}

/// `GET /live/overview/calls`
pub(in crate::dashboard) async fn calls(
    State(state): State<AppState>,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    Ok(page::show(&Latest {
        calls: latest(&state, viewer.account.id).await?,
        shows_tokens: true,
    }))
}

/// `GET /live/overview/tokens`
pub(in crate::dashboard) async fn tokens(
    State(state): State<AppState>,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let attention = attention(&state, viewer.account.id).await?;
    Ok(page::show(&Tokens { attention }))
}

/// The choice of this word, else the usual one.
fn chosen<T: Copy>(choices: &[(&'static str, T)], word: &str, usual: &str) -> (&'static str, T) {
    let find = |word: &str| choices.iter().find(|(known, _)| *known == word);
    *find(word)
        .or_else(|| find(usual))
        .expect("the usual is a choice")
}

async fn now(state: &AppState, viewer: &Viewer) -> Result<Now, StoreError> {
    let account = viewer.account.id;
    let calendar = Calendar::of(state);
    let days = usage::query(account, Spend::range(&calendar), Step::Day);
    let days = state.store.usage(days).await?;
    let last_minute = CallsPage {
        from: Some(calendar.now.plus_seconds(-WINDOW_SECONDS)),
        ..calls_of::page(account, MOST_CALLS)
    };
    let last_minute = state.store.calls(last_minute).await?;
    Ok(Now {
        spend: Spend::of(&days, &calendar),
        rate: Rate::of(&last_minute, calendar.now),
        credits: Dollars(viewer.account.balance),
        is_unlimited: viewer.account.unlimited,
    })
}

async fn latest(state: &AppState, account: AccountId) -> Result<Vec<CallLine>, StoreError> {
    let calendar = Calendar::of(state);
    let latest = state.store.calls(calls_of::page(account, LATEST)).await?;
    let mut lines = Vec::with_capacity(latest.len());
    for call in &latest {
        let token = match call.token {
            Some(id) => state.store.token_by_id(id).await?,
            None => None,
        };
        lines.push(CallLine::of(call, &calendar).of_token(call.token, token.as_ref()));
    }
    Ok(lines)
}

async fn attention(state: &AppState, account: AccountId) -> Result<Attention, StoreError> {
    Attention::count(&*state.store, account, state.clock.read()).await
}

async fn chart(
    state: &AppState,
    account: AccountId,
    by: GroupBy,
    days: i32,
) -> Result<Chart, StoreError> {
    let calendar = Calendar::of(state);
    let range = Range::last_days(days, calendar.today());
    let step = range.natural_step();
    let question = Question {
        account,
        range,
        by,
        filters: Filters::default(),
        metric: Metric::Cost,
        detail: false,
        calendar: calendar.clone(),
    };
    let explorer = Explorer::new(question, &*state.store).await?;
    let lines = explorer.explore().await?.lines;
    let mut plot = explorer.plot(&lines, step).await?;
    if step == Step::Hour {
        plot = plot.last_day_until(calendar.now);
    }
    let title = format!("Spend by {}", by.title().to_lowercase());
    Ok(Chart::of(title, &plot, Metric::Cost))
}
