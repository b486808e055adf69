//! How long reports take, over sums of many calls that nobody made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as JiffTimestamp, ToSpan};
use keypurse_core::id::AccountId;
use keypurse_core::time::Clock;
use keypurse_store::{Calls, Dimension, Feature, Step, Tokens, Usage, UsageQuery, Whose};
use keypurse_store_sqlite::{MadeUpUsage, SqliteStore, make_up_usage};
use serde_json::{Value, json};

use crate::{SystemClock, account, fill, open, options};

/// Makes up sums for tokens that are filled in first.
pub(crate) async fn make_up(file: &Path, tokens: u64, calls: u64) -> Result<()> {
    let store = Arc::new(open(file)?);
    fill::fill(&store, 0, tokens).await?;
    let account = account(&store).await?;
    let known = store.tokens(account).await?;
    store.close().await?;
    drop(store);
    let until = SystemClock.now();
    let usage = MadeUpUsage {
        account,
        tokens: known.iter().map(|token| token.id).collect(),
        begin: a_year_ago()?,
        until,
        calls_per_day: calls / tokens / 365,
    };
    make_up_usage(&options(file), &usage)?;
    Ok(())
}

/// The first of twelve months, of which this is the last.
fn a_year_ago() -> Result<Date> {
    Ok(today()?.first_of_month().checked_sub(11.months())?)
}

fn today() -> Result<Date> {
    let now = JiffTimestamp::from_microsecond(SystemClock.now().micros())?;
    Ok(now.to_zoned(TimeZone::UTC).date())
}

/// Asks for every report so often. The times of each in milliseconds, sorted.
pub(crate) async fn measure(file: &Path, times: usize) -> Result<Value> {
    let store = open(file)?;
    let account = account(&store).await?;
    let tokens = store.tokens(account).await?;
    let middle = tokens.get(tokens.len() / 2).context("there are tokens")?.id;
    let mut results = BTreeMap::new();
    for (name, question) in questions(account, Whose::Tokens(vec![middle]))? {
        let (mut took, mut found) = (Vec::new(), Found::default());
        for _ in 0..times {
            let began = Instant::now();
            found = question.ask(&store).await?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        let Found { sums, calls } = found;
        results.insert(name, json!({"ms": took, "rows": sums, "calls": calls}));
    }
    store.close().await?;
    Ok(json!(results))
}

/// What came of a question.
#[derive(Debug, Default)]
struct Found {
    sums: usize,
    calls: u64,
}

#[derive(Debug)]
enum Question {
    /// As `/v2/cost_management/` asks without groups.
    Costs(UsageQuery),
    /// As it asks with them.
    Groups(UsageQuery),
}

impl Question {
    async fn ask(&self, store: &SqliteStore) -> Result<Found> {
        Ok(match self {
            Self::Costs(query) => {
                let costs = store.costs(query.clone()).await?;
                Found {
                    sums: costs.sums.len(),
                    calls: costs.sums.iter().map(|sum| sum.calls).sum(),
                }
            }
            Self::Groups(query) => {
                let rows = store.usage(query.clone()).await?;
                Found {
                    sums: rows.len(),
                    calls: rows.iter().map(|row| row.sums.calls).sum(),
                }
            }
        })
    }
}

type Named<Q> = (&'static str, Q);

/// What is asked, and what it is called.
fn questions(account: AccountId, one: Whose) -> Result<Vec<Named<Question>>> {
    let year = year_of(account, Whose::All)?;
    let one = UsageQuery {
        whose: one,
        ..year.clone()
    };
    let named = |(name, query)| (name, Question::Costs(query));
    let costs = costs(&year, &one)?.into_iter().map(named);
    let named = |(name, query)| (name, Question::Groups(query));
    let groups = groups(&year, &one)?.into_iter().map(named);
    Ok(costs.chain(groups).collect())
}

fn year_of(account: AccountId, whose: Whose) -> Result<UsageQuery> {
    Ok(UsageQuery {
        account,
        whose,
        begin: a_year_ago()?,
        end: today()?,
        step: Step::Month,
        by: Vec::new(),
        provider: None,
        model: None,
        feature: None,
        status: None,
        detail: false,
    })
}

fn by_day(query: &UsageQuery) -> UsageQuery {
    UsageQuery {
        step: Step::Day,
        ..query.clone()
    }
}

fn a_month(query: &UsageQuery) -> Result<UsageQuery> {
    Ok(UsageQuery {
        begin: query.end.checked_sub(29.days())?,
        ..query.clone()
    })
}

fn costs(year: &UsageQuery, one: &UsageQuery) -> Result<Vec<Named<UsageQuery>>> {
    let narrow = UsageQuery {
        provider: Some("openai".to_owned()),
        feature: Some(Feature::Chat),
        ..year.clone()
    };
    let askew = UsageQuery {
        begin: year.begin.checked_add(15.days())?,
        ..year.clone()
    };
    Ok(vec![
        ("a year by month, every token", year.clone()),
        ("a year by month, every token, one provider's chat", narrow),
        ("a year by month from the 16th, every token", askew),
        ("30 days as one month or two, every token", a_month(year)?),
        ("a year by day, one token", by_day(one)),
    ])
}

fn groups(year: &UsageQuery, one: &UsageQuery) -> Result<Vec<Named<UsageQuery>>> {
    let detailed = |by: Vec<Dimension>, query: UsageQuery| UsageQuery {
        by,
        detail: true,
        ..query
    };
    let by_model = vec![Dimension::Token, Dimension::Model];
    let hours = UsageQuery {
        begin: year.end,
        step: Step::Hour,
        ..year.clone()
    };
    Ok(vec![
        (
            "a year by month, every token and model, latencies and units",
            detailed(by_model, year.clone()),
        ),
        (
            "a year by day, one token, latencies and units",
            detailed(Vec::new(), by_day(one)),
        ),
        (
            "30 days by day, everybody by model, latencies and units",
            detailed(vec![Dimension::Model], by_day(&a_month(year)?)),
        ),
        ("today by hour, everybody", hours),
    ])
}
