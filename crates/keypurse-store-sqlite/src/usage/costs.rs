//! What calls cost, by token, period, feature and provider.

use std::cmp::Ordering;
use std::ops::Range;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{CostSum, Costs, Dimension, TokenCosts, UsageQuery, pause_if_due};
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

/// What one token's calls of one kind cost in one period.
#[derive(Clone, Copy, Debug)]
struct Cell {
    token: i64,
    provider: u32,
    feature: u8,
    calls: u64,
    cost: Money,
}

impl Cell {
    fn key(&self) -> (i64, u64) {
        (self.token, self.kind())
    }

    fn kind(&self) -> u64 {
        u64::from(self.feature) << u32::BITS | u64::from(self.provider)
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.cost += other.cost;
    }
}

/// Cells of one period in the order of their keys.
#[derive(Clone, Debug, Default)]
struct Run {
    period: i64,
    cells: Range<usize>,
}

/// Gathers sums. Rows of one period come token by token, once or, where it is
/// made of days, several times: what comes again is looked for behind where
/// the token before it was, and not at all.
struct Cells {
    names: Names,
    cells: Vec<Cell>,
    runs: Vec<Run>,
    /// The run that is added to; what came again and was not found in it
    /// follows it, in no order.
    run: Run,
    /// Whether tokens have begun anew since it began.
    is_again: bool,
    token: i64,
    /// Where the token's cells begin in the run.
    at: usize,
}

impl Cells {
    fn of(names: Names) -> Self {
        Self {
            names,
            cells: Vec::new(),
            runs: Vec::new(),
            run: Run::default(),
            is_again: false,
            token: i64::MIN,
            at: 0,
        }
    }

    /// Puts the run to the others, and begins another.
    fn begin(&mut self, period: i64) {
        let end = self.cells.len();
        let cells = end..end;
        let run = std::mem::replace(&mut self.run, Run { period, cells });
        let rest = run.cells.end..end;
        self.cells[rest.clone()].sort_by_key(Cell::key);
        let period = run.period;
        self.runs.extend([
            run,
            Run {
                period,
                cells: rest,
            },
        ]);
        self.runs.retain(|run| !run.cells.is_empty());
        (self.is_again, self.token, self.at) = (false, i64::MIN, end);
    }

    /// Goes to where cells of a token and a period are.
    fn go_to(&mut self, token: i64, period: i64) {
        if self.run.period != period {
            self.begin(period);
        } else if token < self.token {
            self.is_again = true;
            self.at = self.run.cells.start;
        }
        if self.is_again {
            let before = |cell: &&Cell| cell.token < token;
            let cells = &self.cells[self.at..self.run.cells.end];
            self.at += cells.iter().take_while(before).count();
        } else if token > self.token {
            self.at = self.run.cells.end;
        }
        self.token = token;
    }

    fn put(&mut self, new: Cell) {
        let mut place = self.at;
        while place < self.run.cells.end && self.cells[place].token == new.token {
            match self.cells[place].kind().cmp(&new.kind()) {
                Ordering::Less => place += 1,
                Ordering::Equal => return self.cells[place].add(&new),
                Ordering::Greater => break,
            }
        }
        if self.is_again {
            self.cells.push(new);
        } else {
            self.cells.insert(place, new);
            self.run.cells.end += 1;
        }
    }

    /// Merges the runs: of each token in turn, what it has in every period.
    fn finish(mut self, begin: impl FnMut(i64) -> Timestamp) -> rusqlite::Result<Costs> {
        self.begin(i64::MAX);
        self.runs.sort_by_key(|run| run.period);
        let mut periods: Vec<i64> = self.runs.iter().map(|run| run.period).collect();
        periods.dedup();
        let runs = self.runs.iter().map(|run| {
            let place = periods.partition_point(|period| *period < run.period);
            let place = u32::try_from(place).expect("as many as days");
            (place, &self.cells[run.cells.clone()])
        });
        let mut runs: Vec<(u32, &[Cell])> = runs.collect();
        let mut costs = Costs {
            sums: Vec::with_capacity(self.cells.len()),
            ..Costs::default()
        };
        while let Some(token) = first_token(&runs) {
            pause_if_due();
            let begin = costs.sums.len();
            for (period, cells) in &mut runs {
                while let Some((cell, rest)) = cells.split_first()
                    && cell.token == token
                {
                    put(&mut costs.sums, begin, cell, *period)?;
                    *cells = rest;
                }
            }
            costs.tokens.push(TokenCosts {
                token: (token != ACCOUNT_KEY).then_some(TokenId(token)),
                sums: begin..costs.sums.len(),
            });
        }
        costs.periods = periods.into_iter().map(begin).collect();
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
                provider: model.provider,
                feature: entry.kind.feature,
                calls: entry.brief.calls,
                cost: entry.brief.cost,
            });
        }
        Ok(())
    }
}

fn first_token(runs: &[(u32, &[Cell])]) -> Option<i64> {
    let first = runs.iter().filter_map(|(_, cells)| cells.first());
    first.map(|cell| cell.token).min()
}

/// Puts a cell to the sums of its token, which begin at `begin`. A period has
/// one run, but for what came again.
fn put(sums: &mut Vec<CostSum>, begin: usize, cell: &Cell, period: u32) -> rusqlite::Result<()> {
    let new = CostSum {
        period,
        provider: cell.provider,
        feature: feature(cell.feature).ok_or_else(unreadable)?,
        calls: cell.calls,
        cost: cell.cost,
    };
    let key = |sum: &CostSum| (sum.period, sum.feature, sum.provider);
    let mut place = sums.len();
    while place > begin && key(&sums[place - 1]) > key(&new) {
        place -= 1;
    }
    match sums[begin..place].last_mut() {
        Some(last) if key(last) == key(&new) => {
            last.calls += new.calls;
            last.cost += new.cost;
        }
        Some(_) | None => sums.insert(place, new),
    }
    Ok(())
}
