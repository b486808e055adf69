//! The parts of a token's page, and the addresses that renew them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_store::{CallsPage, Step, StoreError, Token, UsageQuery, Whose};

use super::burn::Burn;
use crate::dashboard::calls::{self as calls_of, CallLine};
use crate::dashboard::charts::Chart;
use crate::dashboard::figures::start_of;
use crate::dashboard::page;
use crate::dashboard::session::Viewer;
use crate::dashboard::tokens::{TokenPath, find};
use crate::dashboard::trouble::Trouble;
use crate::dashboard::usage::{self, Calendar, Metric, Plot, Range, Series, Totals};
use crate::state::AppState;

const DAYS: i32 = 30;
/// Calls in the live tail.
const LATEST: usize = 12;

/// What `token_spending.html` and `calls.html` show.
pub(in crate::dashboard) struct Spending {
    pub(in crate::dashboard) figures: Figures,
    pub(in crate::dashboard) chart: Chart,
    pub(in crate::dashboard) calls: Vec<CallLine>,
}

/// How fast it spends.
#[derive(Clone, Copy, Debug)]
pub(in crate::dashboard) struct Figures {
    pub(in crate::dashboard) burn: Burn,
    pub(in crate::dashboard) today: Totals,
    /// In the last 30 days.
    pub(in crate::dashboard) lately: Totals,
}

#[derive(Template)]
#[template(path = "token_spending.html")]
struct FiguresPart {
    figures: Figures,
}

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPart {
    calls: Vec<CallLine>,
    shows_tokens: bool,
}

impl Spending {
    pub(in crate::dashboard) async fn read(
        state: &AppState,
        token: &Token,
    ) -> Result<Self, StoreError> {
        let (figures, plot) = read(state, token).await?;
        Ok(Self {
            figures,
            chart: Chart::of("Spend in the last 30 days", &plot, Metric::Cost),
            calls: latest(state, token).await?,
        })
    }
}

/// `GET /live/tokens/{id}`
pub(in crate::dashboard) async fn live(
    State(state): State<AppState>,
    viewer: Viewer,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let token = find(&state, &viewer, path).await?.token;
    let (figures, _) = read(&state, &token).await?;
    Ok(page::show(&FiguresPart { figures }))
}

/// `GET /live/tokens/{id}/calls`
pub(in crate::dashboard) async fn calls(
    State(state): State<AppState>,
    viewer: Viewer,
    path: TokenPath,
) -> Result<Response, Trouble> {
    let token = find(&state, &viewer, path).await?.token;
    Ok(page::show(&CallsPart {
        calls: latest(&state, &token).await?,
        shows_tokens: false,
    }))
}

async fn read(state: &AppState, token: &Token) -> Result<(Figures, Plot), StoreError> {
    let calendar = Calendar::of(state);
    let today = calendar.today();
    let range = Range::last_days(DAYS, today);
    let query = UsageQuery {
        whose: whose(token.id),
        ..usage::query(token.account, range, Step::Day)
    };
    let rows = state.store.usage(query).await?;
    let since = |day| {
        let start = start_of(day, &calendar.zone);
        rows.iter().filter(move |row| row.period >= start)
    };
    let spent: Money = since(Burn::range(today).begin)
        .map(|row| row.sums.cost)
        .sum();
    let balance = token.balance_at(state.clock.proven());
    let figures = Figures {
        burn: Burn::of(token, (balance, spent), &calendar),
        today: Totals::of(since(today)),
        lately: Totals::of(&rows),
    };
    let periods = calendar.periods(range, Step::Day);
    let series = Series::of(token.settings.name.as_str(), &periods, &rows);
    Ok((figures, Plot::new(periods, vec![series])))
}

async fn latest(state: &AppState, token: &Token) -> Result<Vec<CallLine>, StoreError> {
    let calendar = Calendar::of(state);
    let page = CallsPage {
        whose: whose(token.id),
        ..calls_of::page(token.account, LATEST)
    };
    let latest = state.store.calls(page).await?;
    let lines = latest.iter().map(|call| CallLine::of(call, &calendar));
    Ok(lines.collect())
}

fn whose(token: TokenId) -> Whose {
    Whose::Tokens(vec![token])
}
