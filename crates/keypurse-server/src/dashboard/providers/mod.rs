//! `GET /providers`: how those who answer are doing.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keypurse_store::{Dimension, Step, StoreError, UsageQuery, UsageRow};

use super::figures::{Millis, Short, Span};
use super::frame::{Frame, Place};
use super::page;
use super::session::Viewer;
use super::trouble::Trouble;
use super::usage::{self, Calendar, Range, Totals};
use crate::facts::{ProviderFacts, ProviderState};
use crate::state::AppState;

const DAYS: i32 = 7;

#[derive(Template)]
#[template(path = "providers.html")]
struct ProvidersPage {
    frame: Frame,
    providers: Vec<Provider>,
    total: Totals,
}

/// The part that renews itself.
#[derive(Template)]
#[template(path = "providers_now.html")]
struct Now {
    providers: Vec<Provider>,
    total: Totals,
}

/// A provider as the page has it.
struct Provider {
    name: String,
    /// What went through it, in the explorer.
    path: String,
    /// A badge's colour and words.
    state: (&'static str, String),
    first_byte: String,
    speed: String,
    used: Totals,
}

/// `GET /providers`
pub(super) async fn show(
    State(state): State<AppState>,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let Now { providers, total } = now(&state, &viewer).await?;
    Ok(page::show(&ProvidersPage {
        frame: Frame::of(&viewer, Place::Providers),
        providers,
        total,
    }))
}

/// `GET /live/providers`
pub(super) async fn live(
    State(state): State<AppState>,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    Ok(page::show(&now(&state, &viewer).await?))
}

async fn now(state: &AppState, viewer: &Viewer) -> Result<Now, StoreError> {
    let calendar = Calendar::of(state);
    let range = Range::last_days(DAYS, calendar.today());
    let rows = state.store.usage(UsageQuery {
        by: vec![Dimension::Provider],
        detail: true,
        ..usage::query(viewer.account.id, range, Step::Whole)
    });
    let rows = rows.await?;
    Ok(Now {
        providers: providers(state.gateway.provider_facts(), &rows, &calendar),
        total: Totals::of(&rows),
    })
}

/// Those that are configured, and those that were used lately.
fn providers(facts: Vec<ProviderFacts>, rows: &[UsageRow], calendar: &Calendar) -> Vec<Provider> {
    let mut used: BTreeMap<&str, Totals> = BTreeMap::new();
    for row in rows {
        let name = row.key.provider.as_deref().unwrap_or("–");
        used.entry(name).or_default().add(&row.sums);
    }
    let mut providers: Vec<_> = facts
        .into_iter()
        .map(|facts| {
            let used = used.remove(&*facts.name).unwrap_or_default();
            Provider::configured(facts, used, calendar)
        })
        .collect();
    providers.extend(used.into_iter().map(|(name, used)| Provider {
        name: name.to_owned(),
        path: path(name),
        state: ("", "not configured".to_owned()),
        first_byte: "–".to_owned(),
        speed: "–".to_owned(),
        used,
    }));
    providers
}

impl Provider {
    fn configured(facts: ProviderFacts, used: Totals, calendar: &Calendar) -> Self {
        let micros = facts.latency_us;
        let speed = facts.speed.map(|per_1000_seconds| per_1000_seconds / 1000);
        Self {
            path: path(&facts.name),
            name: facts.name,
            state: state(facts.state, calendar),
            first_byte: micros.map_or("–".to_owned(), |micros| Millis(micros / 1000).to_string()),
            speed: speed.map_or("–".to_owned(), |speed| Short(speed).to_string()),
            used,
        }
    }
}

fn path(provider: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("by", "model"), ("period", "7d"), ("provider", provider)]);
    format!("/costs?{}", query.finish())
}

fn state(state: ProviderState, calendar: &Calendar) -> (&'static str, String) {
    match state {
        ProviderState::Well => ("good", "healthy".to_owned()),
        ProviderState::Failing { failures } => ("warn", format!("{failures} failures in a row")),
        ProviderState::Paused { until, .. } if until <= calendar.now => {
            ("bad", "failing, to be tried again".to_owned())
        }
        ProviderState::Paused { until, .. } => {
            let seconds = until.seconds() - calendar.now.seconds();
            (
                "bad",
                format!("failing, asked last for {}", Span { seconds }),
            )
        }
    }
}
