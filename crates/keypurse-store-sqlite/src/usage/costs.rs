//! What calls cost, by token, period, feature and provider.

use std::cmp::Ordering;
use std::ops::Range;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{CostSum, Costs, Dimension, TokenCosts, UsageQuery};
use rusqlite::Connection;

use super::days::Days;
use super::names::Names;
use super::read::{Sink, beginnings, gather};
use super::rows::ACCOUNT_KEY;
use super::sums::{Entry, unreadable};
use crate::call_row::feature;

/// Answers a question about costs, in one snapshot.
pub(crate) fn costs(
    connection: &Connection,
    query: UsageQuery,
    days: &Days,
) -> rusqlite::Result<Costs> {
    let query = UsageQuery {
        by: vec![Dimension::Token],
        detail: false,
        ..query
    };
    let snapshot = connection.unchecked_transaction()?;
    let cells = Cells::of(Names::read(&snapshot, &query)?);
    let cells = gather(&snapshot, &query, days, cells)?;
    drop(snapshot);
    cells.finish(beginnings(query.step, days))
}

/// A sum, as it is gathered.
#[derive(Clone, Copy, Debug)]
struct Cell {
    token: i64,
    period: i64,
    feature: u8,
    provider: u32,
    calls: u64,
    cost: Money,
}

impl Cell {
    const fn key(&self) -> (i64, i64, u8, u32) {
        (self.token, self.period, self.feature, self.provider)
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.cost += other.cost;
    }
}

/// Gathers sums. Rows of one period come token by token, once or, where it is
/// made of days, several times: what comes again is looked for where the last
/// token's was, and not at all.
struct Cells {
    names: Names,
    cells: Vec<Cell>,
    /// Most of them once.
    periods: Vec<i64>,
    scan: Scan,
}

/// Where sums of one period are added.
#[derive(Debug, Default)]
struct Scan {
    /// Which cells are the period's that came first, token by token.
    first: Range<usize>,
    /// Whether tokens have begun anew since then.
    is_again: bool,
    token: i64,
    /// Where the token's cells begin among those.
    at: usize,
}

impl Cells {
    fn of(names: Names) -> Self {
        Self {
            names,
            cells: Vec::new(),
            periods: Vec::new(),
            scan: Scan::default(),
        }
    }

    /// Goes to where cells of a token and a period are.
    fn go_to(&mut self, token: i64, period: i64) {
        let scan = &mut self.scan;
        if self.periods.last() != Some(&period) {
            self.periods.push(period);
            *scan = Scan {
                first: self.cells.len()..self.cells.len(),
                is_again: false,
                token,
                at: self.cells.len(),
            };
        } else if token < scan.token {
            scan.is_again = true;
            scan.at = scan.first.start;
        }
        if scan.is_again {
            let before = |cell: &&Cell| cell.token < token;
            scan.at += self.cells[scan.at..scan.first.end]
                .iter()
                .take_while(before)
                .count();
        } else if token > scan.token {
            scan.at = scan.first.end;
        }
        scan.token = token;
    }

    fn put(&mut self, new: Cell) {
        let scan = &mut self.scan;
        let mut place = scan.at;
        while place < scan.first.end && self.cells[place].token == new.token {
            match self.cells[place].key().cmp(&new.key()) {
                Ordering::Less => place += 1,
                Ordering::Equal => return self.cells[place].add(&new),
                Ordering::Greater => break,
            }
        }
        if scan.is_again {
            self.cells.push(new);
        } else {
            self.cells.insert(place, new);
            scan.first.end += 1;
        }
    }

    fn finish(mut self, begin: impl FnMut(i64) -> Timestamp) -> rusqlite::Result<Costs> {
        // Stable, for it finds runs that are in order and merges them.
        self.cells.sort_by_key(Cell::key);
        self.periods.sort_unstable();
        self.periods.dedup();
        let mut costs = Costs {
            sums: Vec::with_capacity(self.cells.len()),
            ..Costs::default()
        };
        let mut cells = self.cells.into_iter().peekable();
        let mut last: Option<(i64, u32)> = None;
        while let Some(mut cell) = cells.next() {
            while let Some(same) = cells.next_if(|next| next.key() == cell.key()) {
                cell.add(&same);
            }
            let period = match last {
                Some((known, place)) if known == cell.period => place,
                _ => place_of(&self.periods, cell.period),
            };
            last = Some((cell.period, period));
            put(&mut costs, &cell, period)?;
        }
        costs.periods = self.periods.into_iter().map(begin).collect();
        costs.providers = self.names.providers;
        Ok(costs)
    }
}

impl Sink for Cells {
    fn wants_details(&self) -> bool {
        false
    }

    fn add(&mut self, period: i64, token: i64, entry: &Entry<'_>) -> rusqlite::Result<()> {
        if let Some(model) = self.names.wanted(entry.kind) {
            self.go_to(token, period);
            self.put(Cell {
                token,
                period,
                feature: entry.kind.feature,
                provider: model.provider,
                calls: entry.brief.calls,
                cost: entry.brief.cost,
            });
        }
        Ok(())
    }
}

fn place_of(periods: &[i64], period: i64) -> u32 {
    let place = periods.partition_point(|other| *other < period);
    u32::try_from(place).expect("as many as days")
}

fn put(costs: &mut Costs, cell: &Cell, period: u32) -> rusqlite::Result<()> {
    let token = (cell.token != ACCOUNT_KEY).then_some(TokenId(cell.token));
    let place = costs.sums.len();
    costs.sums.push(CostSum {
        period,
        provider: cell.provider,
        feature: feature(cell.feature).ok_or_else(unreadable)?,
        calls: cell.calls,
        cost: cell.cost,
    });
    match costs.tokens.last_mut() {
        Some(last) if last.token == token => last.sums.end = place + 1,
        _ => costs.tokens.push(TokenCosts {
            token,
            sums: place..place + 1,
        }),
    }
    Ok(())
}
