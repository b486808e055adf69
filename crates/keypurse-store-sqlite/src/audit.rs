//! Proves the books from the rows alone: beside a live server, in one snapshot.

use std::collections::HashMap;
use std::path::Path;

use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::usage::{COUNTS, TokenCounts};
use rusqlite::{Connection, Row};
use thiserror::Error;

use crate::open::open_reader;
use crate::recover;

/// What the books say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Purses whose balance was recomputed.
    pub purses: u64,
    /// Calls whose cost was recomputed.
    pub calls: u64,
    /// Entries that were summed.
    pub entries: u64,
    /// What all calls were charged.
    pub charged: Money,
    /// What neither holds nor balances could cover.
    pub house: Money,
    /// Calls under way, and what is held for them.
    pub open_holds: u64,
    /// Money held for calls under way.
    pub held: Money,
}

/// The books could not be proved.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The first row that differs.
    #[error("{0}")]
    Difference(String),
    /// The file could not be read.
    #[error("the database cannot be read")]
    Sqlite(#[from] rusqlite::Error),
}

/// Recomputes every balance from its entries and charges, and every charge
/// from its row.
pub fn audit(path: &Path) -> Result<AuditReport, AuditError> {
    let connection = open_reader(path)?;
    // One snapshot, whatever a server beside us writes meanwhile.
    connection.execute_batch("BEGIN")?;
    let mut report = AuditReport::default();
    structure_is_whole(&connection)?;
    every_call_adds_up(&connection, &mut report)?;
    every_balance_adds_up(&connection, &mut report)?;
    for (_, hold, _) in recover::open_holds(&connection)? {
        report.open_holds += 1;
        report.held += hold.amount;
    }
    Ok(report)
}

fn structure_is_whole(connection: &Connection) -> Result<(), AuditError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(AuditError::Difference(verdict))
    }
}

fn every_balance_adds_up(
    connection: &Connection,
    report: &mut AuditReport,
) -> Result<(), AuditError> {
    let entries: i64 = connection.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))?;
    report.entries = entries.unsigned_abs();
    balances(
        connection,
        report,
        "account",
        "SELECT p.id, p.name, p.balance, ifnull(e.amount, 0), ifnull(c.charged, 0)
         FROM account p
         LEFT JOIN (SELECT account_id AS id, sum(amount) AS amount FROM entry
                    WHERE token_id IS NULL GROUP BY account_id) e ON e.id = p.id
         LEFT JOIN (SELECT account_id AS id, sum(charged) AS charged FROM call
                    GROUP BY account_id) c ON c.id = p.id
         ORDER BY p.id",
    )?;
    balances(
        connection,
        report,
        "token",
        "SELECT p.id, p.name, p.balance, ifnull(e.amount, 0), ifnull(c.charged, 0)
         FROM token p
         LEFT JOIN (SELECT token_id AS id, sum(amount) AS amount FROM entry
                    WHERE token_id IS NOT NULL GROUP BY token_id) e ON e.id = p.id
         LEFT JOIN (SELECT token_id AS id, sum(charged) AS charged FROM call
                    WHERE from_token AND token_id IS NOT NULL GROUP BY token_id) c ON c.id = p.id
         ORDER BY p.id",
    )
}

fn balances(
    connection: &Connection,
    report: &mut AuditReport,
    what: &str,
    sql: &str,
) -> Result<(), AuditError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let (balance, credits, charges): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        report.purses += 1;
        let expected = i128::from(credits) - i128::from(charges);
        if i128::from(balance) != expected {
            let [balance, credits, charges] = [balance, credits, charges].map(Money::from_nanos);
            return Err(AuditError::Difference(format!(
                "{what} {id} (`{name}`) has balance {balance}, but its entries sum to {credits} \
                 and its charges to {charges}"
            )));
        }
    }
    Ok(())
}

/// The columns of a call that decide what it costs.
struct CallRow {
    id: i64,
    price_id: i64,
    state: i64,
    estimated: bool,
    counts: TokenCounts,
    held: Money,
    cost: Money,
    charged: Money,
    house: Money,
}

fn every_call_adds_up(connection: &Connection, report: &mut AuditReport) -> Result<(), AuditError> {
    let prices = prices(connection)?;
    let mut statement = connection.prepare(
        "SELECT id, price_id, state, estimated, input, cached_input, cache_write, input_audio,
             output, reasoning, output_audio, cached_audio, cache_write_long, input_image,
             output_image, requests, tier, held, cost, charged, house FROM call ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let call = read_call(row)?;
        report.calls += 1;
        report.charged += call.charged;
        report.house += call.house;
        if let Some(why) = fault(&call, &prices) {
            return Err(AuditError::Difference(format!(
                "call {:016x}: {why}",
                call.id
            )));
        }
    }
    Ok(())
}

fn prices(connection: &Connection) -> Result<HashMap<i64, Price>, AuditError> {
    let mut statement = connection.prepare("SELECT id, rates FROM price")?;
    let mut rows = statement.query([])?;
    let mut prices = HashMap::new();
    while let Some(row) = rows.next()? {
        let (id, rates): (i64, String) = (row.get(0)?, row.get(1)?);
        let price = Price::from_text(&rates)
            .ok_or_else(|| AuditError::Difference(format!("price {id} is not readable")))?;
        prices.insert(id, price);
    }
    Ok(prices)
}

/// The first of the columns that are a call's counts.
const FIRST_COUNT: usize = 4;

/// The counts that stand from this column on, in the order of
/// [`TokenCounts::to_array`].
fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<TokenCounts> {
    let mut numbers = [0; COUNTS];
    for (column, number) in (first..).zip(&mut numbers) {
        let stored: i64 = row.get(column)?;
        let absurd = rusqlite::Error::IntegralValueOutOfRange(column, stored);
        *number = u64::try_from(stored).map_err(|_| absurd)?;
    }
    let tier = first + COUNTS - 1;
    TokenCounts::from_array(numbers)
        .ok_or_else(|| rusqlite::Error::IntegralValueOutOfRange(tier, row.get(tier).unwrap_or(-1)))
}

fn read_call(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    let money = |column: usize| row.get(column).map(Money::from_nanos);
    Ok(CallRow {
        id: row.get(0)?,
        price_id: row.get(1)?,
        state: row.get(2)?,
        estimated: row.get(3)?,
        counts: counts(row, FIRST_COUNT)?,
        held: money(FIRST_COUNT + COUNTS)?,
        cost: money(FIRST_COUNT + COUNTS + 1)?,
        charged: money(FIRST_COUNT + COUNTS + 2)?,
        house: money(FIRST_COUNT + COUNTS + 3)?,
    })
}

/// Why a call's row contradicts itself, if it does.
fn fault(call: &CallRow, prices: &HashMap<i64, Price>) -> Option<String> {
    const SETTLED: i64 = 1;
    const RECOVERED: i64 = 3;
    let CallRow {
        cost,
        charged,
        house,
        held,
        ..
    } = call;
    if charged.checked_add(*house) != Some(*cost) {
        return Some(format!(
            "cost {cost} is not charge {charged} plus house {house}"
        ));
    }
    let Some(price) = prices.get(&call.price_id) else {
        return Some(format!("price {} does not exist", call.price_id));
    };
    if !call.counts.is_consistent() {
        return Some("its token counts contradict each other".to_owned());
    }
    let computed = price.cost(&call.counts);
    match call.state {
        // What was counted, not reported, is never charged above the hold.
        SETTLED if call.estimated => {
            let expected = computed.map_or(*held, |computed| computed.min(*held));
            (expected != *cost).then(|| format!("counted usage costs {expected}, not {cost}"))
        }
        SETTLED => (computed != Some(*cost))
            .then(|| format!("its usage costs {computed:?} at its price, not {cost}")),
        RECOVERED => (cost > held).then(|| format!("recovered at {cost}, above its hold {held}")),
        _ => (*cost != Money::ZERO).then(|| format!("it is free, yet costs {cost}")),
    }
}
