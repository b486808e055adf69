//! What `keypurse top` shows at one instant.

use std::cmp::Reverse;

use keypurse_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::command::Sort;
use super::history::{HOUR, MINUTE, Total};
use crate::cli::amount::{Dollars, count};
use crate::cli::console::Console;
use crate::cli::table::{self, Column, Said};

/// One key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) minute: Total,
    pub(super) hour: Total,
    pub(super) today: Total,
    /// `None`: it is not checked.
    pub(super) balance: Option<Dollars>,
}

/// Everything there is to show.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) at: Timestamp,
    /// What the account has; `None`: it is not limited.
    pub(super) credits: Option<Dollars>,
    pub(super) minute_seconds: i64,
    pub(super) hour_seconds: i64,
    pub(super) keys: Vec<Key>,
}

/// Which part of it fits where it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) sort: Sort,
    pub(super) rows: Option<usize>,
    /// How long names may be.
    pub(super) name_chars: Option<usize>,
}

impl Shape {
    fn name(self, name: &str) -> String {
        match self.name_chars {
            Some(most) if name.chars().count() > most => {
                name.chars().take(most - 1).chain(['…']).collect()
            }
            _ => name.to_owned(),
        }
    }
}

const COLUMNS: [Column; 8] = [
    Column::Left("TOKEN"),
    Column::Right("MINUTE"),
    Column::Right("HOUR"),
    Column::Right("TODAY"),
    Column::Right("CALLS/S"),
    Column::Right("CALLS"),
    Column::Right("ERRORS"),
    Column::Right("BALANCE"),
];

impl View {
    /// A line that says what is shown, and the table.
    pub(super) fn lines(&self, console: &Console<'_>, shape: Shape) -> Vec<String> {
        let mut keys: Vec<&Key> = self.keys.iter().collect();
        keys.sort_by(|one, other| one.place(shape.sort).cmp(&other.place(shape.sort)));
        keys.truncate(shape.rows.unwrap_or(usize::MAX));
        let rows = keys.iter().map(|key| self.row(key, shape)).collect();
        let mut lines = vec![self.heading()];
        lines.extend(table::lines(console, &COLUMNS, rows));
        lines
    }

    fn heading(&self) -> String {
        let credits = self.credits.map_or_else(
            || "credits not limited".to_owned(),
            |credits| format!("credits {credits}"),
        );
        let calls = self.keys.iter().map(|key| key.minute.calls).sum();
        let at = Timestamp::from_micros(self.at.seconds() * 1_000_000).to_string();
        let mut parts = vec![
            at.replace('T', " ").replace('Z', " UTC"),
            credits,
            format!("{} keys", self.keys.len()),
            format!("{} calls/s", rate(calls, self.minute_seconds)),
        ];
        for (name, seconds, full) in [
            ("minute", self.minute_seconds, MINUTE),
            ("hour", self.hour_seconds, HOUR),
        ] {
            // A sample is taken every two seconds.
            if (seconds - full).abs() > full / 20 {
                parts.push(format!("{name}: {}", known(seconds)));
            }
        }
        parts.join(" · ")
    }

    fn row(&self, key: &Key, shape: Shape) -> Vec<Said> {
        let balance = match key.balance {
            Some(balance) => Said::bad_if(balance, balance.is_gone()),
            None => Said::faint("–"),
        };
        let spent = |total: &Total| match total.calls {
            0 => Said::faint("–"),
            _ => Said::from(Dollars(total.cost)),
        };
        vec![
            Said::from(shape.name(&key.name)),
            spent(&key.minute),
            spent(&key.hour),
            spent(&key.today),
            Said::from(rate(key.minute.calls, self.minute_seconds)),
            Said::from(count(key.today.calls)),
            Said::bad_if(count(key.today.errors), key.today.errors > 0),
            balance,
        ]
    }

    /// One line of JSON: money as plain decimals.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let keys = self
            .keys
            .iter()
            .map(KeyLine::of)
            .collect::<anyhow::Result<_>>()?;
        Ok(serde_json::to_string(&Line {
            at: self.at.to_string(),
            credits: self.credits.map(number).transpose()?,
            minute_seconds: self.minute_seconds,
            hour_seconds: self.hour_seconds,
            keys,
        })?)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    credits: Option<Box<RawValue>>,
    minute_seconds: i64,
    hour_seconds: i64,
    keys: Vec<KeyLine<'a>>,
}

#[derive(Serialize)]
struct KeyLine<'a> {
    token: &'a str,
    minute: TotalLine,
    hour: TotalLine,
    today: TotalLine,
    balance: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct TotalLine {
    cost: Box<RawValue>,
    calls: u64,
    errors: u64,
}

impl<'a> KeyLine<'a> {
    fn of(key: &'a Key) -> anyhow::Result<Self> {
        Ok(Self {
            token: &key.name,
            minute: TotalLine::of(&key.minute)?,
            hour: TotalLine::of(&key.hour)?,
            today: TotalLine::of(&key.today)?,
            balance: key.balance.map(number).transpose()?,
        })
    }
}

impl TotalLine {
    fn of(total: &Total) -> anyhow::Result<Self> {
        Ok(Self {
            cost: number(Dollars(total.cost))?,
            calls: total.calls,
            errors: total.errors,
        })
    }
}

fn number(dollars: Dollars) -> anyhow::Result<Box<RawValue>> {
    Ok(RawValue::from_string(dollars.0.to_string())?)
}

impl Key {
    /// What it is sorted by: the most spent first, then the most called.
    fn place(&self, sort: Sort) -> (Option<Dollars>, Reverse<Dollars>, Reverse<u64>, &str) {
        let by = |total: &Total| (None, Reverse(Dollars(total.cost)), Reverse(total.calls));
        let (first, second, third) = match sort {
            Sort::Minute => by(&self.minute),
            Sort::Hour => by(&self.hour),
            Sort::Today => by(&self.today),
            Sort::Balance => {
                let most = Dollars(keypurse_core::money::Money::from_nanos(i64::MAX));
                let (_, second, third) = by(&self.today);
                (Some(self.balance.unwrap_or(most)), second, third)
            }
        };
        (first, second, third, &self.name)
    }
}

/// Calls a second, with two decimals.
fn rate(calls: u64, seconds: i64) -> String {
    let Some(seconds) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
        return "–".to_owned();
    };
    let hundredths = calls.saturating_mul(100) / seconds;
    format!("{}.{:02}", count(hundredths / 100), hundredths % 100)
}

/// How much of a window is known.
fn known(seconds: i64) -> String {
    match seconds {
        0 => "not known yet".to_owned(),
        1..MINUTE => format!("{seconds} s so far"),
        _ => format!("{} min", seconds / MINUTE),
    }
}
