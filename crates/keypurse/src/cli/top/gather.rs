//! Asks a node what `keypurse top` shows.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use jiff::ToSpan;
use jiff::civil::Date;
use keypurse_core::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::history::{HOUR, History, MINUTE, Total};
use super::view::{Key, View};
use crate::api::Call;
use crate::cli::amount::Dollars;
use crate::cli::session::Session;
use crate::cli::usage::{COSTS, Report, Sums, ZoneArgs};

const TOKENS: &str = "/v2/user/custom_token/";
const CREDITS: &str = "/v2/cost_management/credits/";
/// Pages of calls that are read at most to learn of the last minute.
const PAGES: usize = 10;
/// A call that finished a minute ago began at most so long before.
const LONGEST_CALL: i64 = 600;

/// Remembers what it has seen.
pub(super) struct Gatherer {
    zone: ZoneArgs,
    history: History,
    today: Option<Date>,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    balance: Dollars,
    active_balance: bool,
}

#[derive(Deserialize)]
struct Credits {
    credits: Dollars,
    #[serde(default)]
    unlimited: bool,
}

#[derive(Deserialize)]
struct Page {
    calls: Vec<Finished>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Finished {
    token: String,
    status: u16,
    cost: Dollars,
    started_at: String,
    finished_at: String,
}

impl Gatherer {
    pub(super) fn new(zone: ZoneArgs) -> Self {
        Self {
            zone,
            history: History::default(),
            today: None,
        }
    }

    /// What there is to show now.
    pub(super) async fn gather(&mut self, session: &Session<'_, '_>) -> anyhow::Result<View> {
        let today = self.zone.today(session)?;
        if self.today != Some(today) {
            // Sums begin with another day from now on.
            self.today = Some(today);
            self.history = History::default();
        }
        let report = report(session, today, "1").await?;
        let at = session.console.now();
        let (all, of_today) = totals(&report, &today.to_string());
        if self.history.is_empty() {
            self.learn_of_hours(session, today, at).await?;
            self.learn_of_minute(session, today, at, &all).await?;
        }
        self.history.add(at, &all);
        let (minute, hour) = (self.history.lately(MINUTE), self.history.lately(HOUR));
        let tokens: Vec<Token> = ask(session, TOKENS, "list the tokens").await?;
        let credits: Credits = ask(session, CREDITS, "show the credits").await?;
        let key = |name: &str, balance| Key {
            name: name.to_owned(),
            minute: minute.of(name),
            hour: hour.of(name),
            today: of_today.get(name).copied().unwrap_or_default(),
            balance,
        };
        let live = tokens.iter().map(|token| {
            let balance = token.active_balance.then_some(token.balance);
            key(&token.name, balance)
        });
        let known: HashSet<&str> = tokens.iter().map(|token| &*token.name).collect();
        let others = all.keys().filter(|name| !known.contains(&***name));
        Ok(View {
            at,
            credits: (!credits.unlimited).then_some(credits.credits),
            minute_seconds: minute.seconds,
            hour_seconds: hour.seconds,
            keys: live.chain(others.map(|name| key(name, None))).collect(),
        })
    }

    /// Full hours are summed already: what was spent before this one and before
    /// the last.
    async fn learn_of_hours(
        &mut self,
        session: &Session<'_, '_>,
        today: Date,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let report = report(session, today, "5").await?;
        let this = now.seconds() - now.seconds().rem_euclid(HOUR);
        for point in [this - HOUR, this] {
            let point = Timestamp::from_micros(point * 1_000_000);
            let before = point.to_string();
            let (totals, _) = totals_of(&report, |period| *period < *before, |_| false);
            self.history.add(point, &totals);
        }
        Ok(())
    }

    /// What was spent a minute ago is what is spent now without the calls that
    /// finished since. If these are too many, nothing is learned.
    async fn learn_of_minute(
        &mut self,
        session: &Session<'_, '_>,
        today: Date,
        now: Timestamp,
        all: &HashMap<String, Total>,
    ) -> anyhow::Result<()> {
        let since = now.plus_seconds(-MINUTE);
        let mut before = all.clone();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = page(session, today, cursor.take()).await?;
            let mut is_old = false;
            for call in page.calls {
                let (started, finished) = (instant(&call.started_at)?, instant(&call.finished_at)?);
                if finished > since && finished <= now {
                    let total = before.entry(call.token.clone()).or_default();
                    *total = total.since(call.total());
                }
                is_old = started < since.plus_seconds(-LONGEST_CALL);
            }
            if is_old || page.next_cursor.is_none() {
                self.history.add(since, &before);
                return Ok(());
            }
            cursor = page.next_cursor;
        }
        Ok(())
    }
}

impl Finished {
    fn total(&self) -> Total {
        Total {
            cost: self.cost.0,
            calls: 1,
            errors: u64::from(!(200..300).contains(&self.status)),
        }
    }
}

async fn ask<T: DeserializeOwned>(
    session: &Session<'_, '_>,
    path: &str,
    doing: &str,
) -> anyhow::Result<T> {
    session.ask(&Call::get(path), doing).await?.read()
}

async fn report(session: &Session<'_, '_>, today: Date, step: &str) -> anyhow::Result<Report> {
    let call = Call::get(COSTS).query([
        ("begin", &*yesterday(today).to_string()),
        ("end", &*today.to_string()),
        ("step", step),
        ("group_by", "token"),
    ]);
    session.ask(&call, "report usage").await?.read()
}

async fn page(
    session: &Session<'_, '_>,
    today: Date,
    cursor: Option<String>,
) -> anyhow::Result<Page> {
    let mut parameters = vec![
        ("begin", yesterday(today).to_string()),
        ("limit", "1000".to_owned()),
    ];
    parameters.extend(cursor.map(|cursor| ("cursor", cursor)));
    let call = Call::get(format!("{COSTS}calls/")).query(parameters);
    session.ask(&call, "list calls").await?.read()
}

fn yesterday(today: Date) -> Date {
    today.saturating_sub(1.day())
}

fn instant(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).with_context(|| format!("the server sent `{text}` for an instant"))
}

/// Of each key: everything, and what belongs to one day.
fn totals(report: &Report, day: &str) -> (HashMap<String, Total>, HashMap<String, Total>) {
    totals_of(report, |_| true, |period| period == day)
}

fn totals_of(
    report: &Report,
    is_of_first: impl Fn(&str) -> bool,
    is_of_second: impl Fn(&str) -> bool,
) -> (HashMap<String, Total>, HashMap<String, Total>) {
    let (mut first, mut second) = (HashMap::new(), HashMap::new());
    for sums in &report.response {
        let name = sums
            .group
            .get("token")
            .cloned()
            .flatten()
            .unwrap_or_default();
        let sum = |is_of: &dyn Fn(&str) -> bool| {
            let periods = sums.data.iter().filter(|(period, _)| is_of(period));
            periods.fold(Total::default(), |sum, (_, sums)| sum.and(total(sums)))
        };
        first.insert(name.clone(), sum(&is_of_first));
        second.insert(name, sum(&is_of_second));
    }
    (first, second)
}

fn total(sums: &Sums) -> Total {
    Total {
        cost: sums.total_cost.0,
        calls: sums.calls,
        errors: sums.errors,
    }
}
