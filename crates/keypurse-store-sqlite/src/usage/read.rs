//! Sums over calls, as reports ask for them.

use std::collections::BTreeSet;

use keypurse_core::time::Timestamp;
use keypurse_store::{Dimension, Step, UsageQuery, UsageRow, Whose, pause_if_due};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::days::{Days, Slot, first_day, from_number, month, number};
use super::groups::Groups;
use super::rows::{ACCOUNT_KEY, EVERYBODY, token_code};
use super::shelf::{Shelf, shelf_of};
use super::sums::{ByKind, Entry, Packed, Sums, each};
use super::tables::{DAYS, HOURS, MONTHS, Shelves};
use crate::recover;

/// Tokens that are looked up one by one; of more, all rows are read.
const LOOKED_UP: usize = 64;

/// What sums are shown to.
pub(super) trait Sink {
    /// Whether it looks at details.
    fn wants_details(&self) -> bool;

    /// Adds what a token used in a period, if the report is about it. What one
    /// token used in one period mostly comes together.
    fn add(&mut self, period: i64, token: i64, entry: &Entry<'_>) -> rusqlite::Result<()>;
}

/// Answers a question, in one snapshot.
pub(crate) fn usage(
    connection: &Connection,
    query: &UsageQuery,
    days: &Days,
) -> rusqlite::Result<Vec<UsageRow>> {
    let snapshot = connection.unchecked_transaction()?;
    let groups = gather(&snapshot, query, days, Groups::of(&snapshot, query)?)?;
    Ok(groups.finish(beginnings(query.step, days)))
}

/// Shows all sums a question is about to a sink.
pub(super) fn gather<S: Sink>(
    snapshot: &Connection,
    query: &UsageQuery,
    days: &Days,
    sink: S,
) -> rusqlite::Result<S> {
    let mut report = Report {
        connection: snapshot,
        query,
        days: days.clone(),
        range: (number(query.begin), number(query.end)),
        tokens: Wanted::by(query),
        sink,
    };
    report.add_what_moved_on()?;
    report.add_what_is_fresh()?;
    report.add_unwritten_calls()?;
    Ok(report.sink)
}

/// Tells when a period begins: most questions are about the last one again.
pub(super) fn beginnings(step: Step, days: &Days) -> impl FnMut(i64) -> Timestamp {
    let mut last = None;
    move |period| match last {
        Some((known, begin)) if known == period => begin,
        _ => {
            let begin = if step == Step::Hour {
                Timestamp::from_micros(0).plus_seconds(period * 60)
            } else {
                days.first_instant(i32::try_from(period).expect("a day"))
            };
            last = Some((period, begin));
            begin
        }
    }
}

/// Which rows of sums are read.
#[derive(Debug)]
enum Wanted {
    /// Those of these tokens, looked up one by one.
    Some(Vec<i64>),
    /// Everybody's but the common one: all, or these.
    Each(Option<BTreeSet<i64>>),
}

impl Wanted {
    fn by(query: &UsageQuery) -> Self {
        match &query.whose {
            Whose::All if query.by.contains(&Dimension::Token) => Self::Each(None),
            Whose::All => Self::Some(vec![EVERYBODY]),
            Whose::AccountKey => Self::Some(vec![ACCOUNT_KEY]),
            Whose::Tokens(tokens) => {
                let ids: BTreeSet<i64> = tokens.iter().map(|token| token.0).collect();
                if ids.len() <= LOOKED_UP {
                    Self::Some(ids.into_iter().collect())
                } else {
                    Self::Each(Some(ids))
                }
            }
        }
    }

    fn has(&self, token: i64) -> bool {
        match self {
            Self::Some(tokens) => tokens.contains(&token) || tokens.contains(&EVERYBODY),
            Self::Each(tokens) => tokens.as_ref().is_none_or(|all| all.contains(&token)),
        }
    }
}

const ONE_FRESH: &str = "SELECT token_id, sums FROM usage_fresh
     WHERE hour = ? AND day = ? AND account_id = ? AND token_id = ?";
const ALL_FRESH: &str = "SELECT token_id, sums FROM usage_fresh
     WHERE hour = ? AND day = ? AND account_id = ? AND token_id >= 0";

struct Report<'a, S> {
    connection: &'a Connection,
    query: &'a UsageQuery,
    days: Days,
    /// First and last day.
    range: (i32, i32),
    tokens: Wanted,
    sink: S,
}

impl<S: Sink> Report<'_, S> {
    /// From the coarsest sums that have no day outside the range.
    fn add_what_moved_on(&mut self) -> rusqlite::Result<()> {
        let Some((begin, end)) = self.days_with_calls()? else {
            return Ok(());
        };
        match self.query.step {
            Step::Hour => {
                for day in begin..=end {
                    let mut after = i64::MIN;
                    while let Some(hour) = self.hour_after(day, after)? {
                        self.add_shelves(&HOURS, &[&day, &hour], Slot { hour, day })?;
                        after = hour;
                    }
                }
            }
            Step::Day | Step::Week => self.add_days(begin, end)?,
            Step::Month | Step::Year | Step::Whole => {
                let mut day = begin;
                while day <= end {
                    let this = month(day);
                    let next = first_day(this + 1);
                    if day == first_day(this) && next <= end.saturating_add(1) {
                        self.add_shelves(&MONTHS, &[&this], Slot { hour: 0, day })?;
                    } else {
                        self.add_days(day, end.min(next - 1))?;
                    }
                    day = next;
                }
            }
        }
        Ok(())
    }

    /// The range without the months before the account's first call and after
    /// its last: who asks for all years gets those there are. Where the range
    /// begins before the first or ends after the last, so does it end with its
    /// month: nothing is outside.
    fn days_with_calls(&self) -> rusqlite::Result<Option<(i32, i32)>> {
        let end = |which: &str| -> rusqlite::Result<Option<i32>> {
            let sql = format!("SELECT {which}(day) FROM usage_day WHERE account_id = ?");
            let mut end = self.connection.prepare_cached(&sql)?;
            end.query_row([self.query.account.0], |row| row.get(0))
        };
        let Some((first, last)) = end("min")?.zip(end("max")?) else {
            return Ok(None);
        };
        let (begin, end) = self.range;
        let begin = if begin <= first {
            first_day(month(first))
        } else {
            begin
        };
        let end = if end >= last {
            first_day(month(last) + 1) - 1
        } else {
            end
        };
        Ok(Some((begin, end)))
    }

    fn add_days(&mut self, begin: i32, end: i32) -> rusqlite::Result<()> {
        (begin..=end).try_for_each(|day| self.add_shelves(&DAYS, &[&day], Slot { hour: 0, day }))
    }

    /// The next hour of a day that somebody called in.
    fn hour_after(&self, day: i32, hour: i64) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached(
                "SELECT hour FROM usage_hour WHERE account_id = ? AND day = ? AND hour > ?
                 ORDER BY hour LIMIT 1",
            )?
            .query_row(params![self.query.account.0, day, hour], |row| row.get(0))
            .optional()
    }

    fn add_what_is_fresh(&mut self) -> rusqlite::Result<()> {
        let mut next = self.connection.prepare_cached(
            "SELECT hour, day FROM usage_fresh WHERE (hour, day) > (?, ?)
             ORDER BY hour, day LIMIT 1",
        )?;
        let mut last = (i64::MIN, i32::MIN);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        while let Some((hour, day)) = next.query_row(params![last.0, last.1], read).optional()? {
            if (self.range.0..=self.range.1).contains(&day) {
                self.add_fresh(Slot { hour, day })?;
            }
            last = (hour, day);
        }
        Ok(())
    }

    /// Adds the shelves of one slot.
    fn add_shelves(
        &mut self,
        table: &Shelves,
        period: &[&dyn ToSql],
        slot: Slot,
    ) -> rusqlite::Result<()> {
        let with_details = self.sink.wants_details();
        let mut key: Vec<&dyn ToSql> = vec![&self.query.account.0];
        key.extend(period);
        let period = self.period(slot);
        let (connection, sink) = (self.connection, &mut self.sink);
        let mut add = |shelf: Shelf<'_>, is_wanted: &dyn Fn(i64) -> bool| {
            shelf.each_token(|token, packed| {
                if is_wanted(token) {
                    each(packed, |entry| sink.add(period, token, &entry))?;
                }
                Ok(())
            })
        };
        match &self.tokens {
            Wanted::Some(tokens) => tokens.iter().try_for_each(|wanted| {
                let which = (shelf_of(*wanted), with_details);
                table.read_one(connection, &key, which, |shelf| {
                    add(shelf, &|token| token == *wanted)
                })
            }),
            Wanted::Each(None) => table.read_all(connection, &key, with_details, |shelf| {
                add(shelf, &|_| true)
            }),
            Wanted::Each(Some(wanted)) => table.read_all(connection, &key, with_details, |shelf| {
                add(shelf, &|token| wanted.contains(&token))
            }),
        }
    }

    /// Adds the fresh rows of one slot.
    fn add_fresh(&mut self, slot: Slot) -> rusqlite::Result<()> {
        let period = self.period(slot);
        let sink = &mut self.sink;
        let mut add = |rows: &mut rusqlite::Rows<'_>| -> rusqlite::Result<()> {
            while let Some(row) = rows.next()? {
                pause_if_due();
                let token = row.get(0)?;
                if self.tokens.has(token) {
                    let packed = Packed::of_one(row.get_ref(1)?.as_blob()?)?;
                    each(packed, |entry| sink.add(period, token, &entry))?;
                }
            }
            Ok(())
        };
        let Slot { hour, day } = slot;
        let account = self.query.account.0;
        match &self.tokens {
            Wanted::Some(tokens) => {
                let mut one = self.connection.prepare_cached(ONE_FRESH)?;
                tokens
                    .iter()
                    .try_for_each(|token| add(&mut one.query(params![hour, day, account, token])?))
            }
            Wanted::Each(_) => {
                let mut all = self.connection.prepare_cached(ALL_FRESH)?;
                add(&mut all.query(params![hour, day, account])?)
            }
        }
    }

    /// Calls that are settled and have no row yet.
    fn add_unwritten_calls(&mut self) -> rusqlite::Result<()> {
        for (_, call) in recover::replay(self.connection)?.finished {
            if call.account != self.query.account || !self.tokens.has(token_code(&call)) {
                continue;
            }
            let slot = self.days.slot(call.finished_at);
            let is_within = (self.range.0..=self.range.1).contains(&slot.day);
            if let Some((kind, sums)) = Sums::of(&call).filter(|_| is_within) {
                let (period, token) = (self.period(slot), token_code(&call));
                let mut alone = ByKind::default();
                alone.add(kind, &sums);
                let packed = alone.pack_as_one();
                let packed = Packed::of_one(&packed)?;
                each(packed, |entry| self.sink.add(period, token, &entry))?;
            }
        }
        Ok(())
    }

    /// The minute or the day a period begins with.
    fn period(&self, slot: Slot) -> i64 {
        let day = from_number(slot.day);
        let first = match self.query.step {
            Step::Hour => return slot.hour,
            Step::Day => slot.day,
            Step::Week => slot.day - i32::from(day.weekday().to_monday_zero_offset()),
            Step::Month => number(day.first_of_month()),
            Step::Year => number(day.first_of_year()),
            Step::Whole => self.range.0,
        };
        first.into()
    }
}
