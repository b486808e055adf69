//! Sums of calls nobody made, to measure reports with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::time::Timestamp;
use keypurse_store::StatusClass;
use rusqlite::Connection;

use super::days::{Days, Slot, number};
use super::rows::{EVERYBODY, FreshKey, Gathered, add_for_good};
use super::sums::{ByKind, Kind, Sums};
use crate::open::{OpenError, SqliteOptions, change_at_rest};

/// Each token uses two of them.
const MODELS: [(&str, &str); 6] = [
    ("openai", "large"),
    ("openai", "small"),
    ("anthropic", "large"),
    ("anthropic", "small"),
    ("gemini", "large"),
    ("gemini", "small"),
];
/// Hours take most space, and reports read few of them.
const DAYS_WITH_HOURS: i32 = 2;
const CHAT: u8 = 1;

/// What is to be made up.
#[derive(Clone, Debug)]
pub struct MadeUpUsage {
    /// Whose account.
    pub account: AccountId,
    /// Who called, each as much as the others.
    pub tokens: Vec<TokenId>,
    /// The first day.
    pub begin: Date,
    /// The instant it ends at.
    pub until: Timestamp,
    /// Calls of a token on a day, at least 10.
    pub calls_per_day: u64,
}

/// Writes sums, and no calls, into a database that nobody serves. Its books do
/// not add up afterwards.
pub fn make_up_usage(options: &SqliteOptions, usage: &MadeUpUsage) -> Result<(), OpenError> {
    let mut days = Days::of(options.zone.clone());
    change_at_rest(options, |connection| {
        let transaction = connection.transaction()?;
        let models = models(&transaction)?;
        let last = days.slot(usage.until);
        for day in number(usage.begin)..=last.day {
            let hours: Vec<i64> = if day > last.day - DAYS_WITH_HOURS {
                let first = days.first_instant(day).seconds() / 60;
                (first..last.hour.min(first + 24 * 60))
                    .step_by(60)
                    .collect()
            } else {
                vec![last.hour]
            };
            let share = u64::try_from(hours.len().max(1)).expect("at most 24");
            for hour in hours {
                let slot = Slot { hour, day };
                let calls = (usage.calls_per_day / share).max(1);
                one_slot(&transaction, usage, slot, calls, (&models, last.day))?;
            }
        }
        one_slot_fresh(&transaction, usage, last, &models)?;
        transaction.commit()
    })
}

fn models(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut insert = connection.prepare(
        "INSERT INTO model (provider, name) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET name = name RETURNING id",
    )?;
    MODELS
        .iter()
        .map(|model| insert.query_row(*model, |row| row.get(0)))
        .collect()
}

fn one_slot(
    connection: &Connection,
    usage: &MadeUpUsage,
    slot: Slot,
    calls: u64,
    (models, last_day): (&[i64], i32),
) -> rusqlite::Result<()> {
    let account = usage.account.0;
    let rows = of_each(usage, calls, models)
        .into_iter()
        .map(|(token, sums)| {
            let key = FreshKey {
                slot,
                account,
                token,
            };
            (key, sums)
        });
    add_for_good(connection, rows, last_day - DAYS_WITH_HOURS + 1)
}

fn one_slot_fresh(
    connection: &Connection,
    usage: &MadeUpUsage,
    slot: Slot,
    models: &[i64],
) -> rusqlite::Result<()> {
    let mut fresh = Gathered::default();
    for (token, sums) in of_each(usage, 10, models) {
        let account = usage.account.0;
        fresh.put(
            FreshKey {
                slot,
                account,
                token,
            },
            sums,
        );
    }
    fresh.write(connection).map(|_| ())
}

/// What each token used, and everybody together.
fn of_each(usage: &MadeUpUsage, calls: u64, models: &[i64]) -> BTreeMap<i64, ByKind> {
    let mut all = BTreeMap::new();
    let mut everybody = ByKind::default();
    for (token, place) in usage.tokens.iter().zip(0..) {
        let mut sums = ByKind::default();
        let model = |which: usize| models[(place + which) % models.len()];
        let main = calls - calls / 4 - calls / 20;
        for (model, status, calls) in [
            (model(0), StatusClass::Success, main),
            (model(3), StatusClass::Success, calls / 4),
            (model(0), StatusClass::ServerError, calls / 20),
        ] {
            if calls > 0 {
                let feature = CHAT;
                let kind = Kind {
                    model,
                    feature,
                    status,
                };
                let some = Sums::made_up(calls);
                sums.add(kind, &some);
                everybody.add(kind, &some);
            }
        }
        all.insert(token.0, sums);
    }
    all.insert(EVERYBODY, everybody);
    all
}
