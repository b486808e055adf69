//! Proves the books from the rows alone: beside a live server, in one snapshot.

use std::collections::HashMap;
use std::path::Path;

use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{CallState, pause_if_due};
use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use crate::call_row::CallRow;
use crate::export::each_call;
use crate::integrity::with_suffix;
use crate::journal::OpenCall;
use crate::migrations;
use crate::open::open_reader;
use crate::recover;
use crate::usage::Prover;

/// Of SQLite's virtual machine, until it is asked whether to pause: a tenth of a
/// millisecond or so.
const STEPS: i32 = 2_000;
/// How much the log may grow, none of which is used again while it is read, at
/// least. Beside a large database it may be a quarter of that.
const LOG_GROWTH: u64 = 256 << 20;

/// What the books say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Purses whose balance was recomputed.
    pub purses: u64,
    /// Calls whose cost was recomputed.
    pub calls: u64,
    /// Entries that were summed.
    pub entries: u64,
    /// What all calls were charged, rehearsals left out.
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
    /// Its tables are not those that this version proves.
    #[error("the database has schema {found}, and this version proves schema {known}")]
    OtherSchema {
        /// The schema it has.
        found: u32,
        /// The schema this version knows.
        known: u32,
    },
    /// The log grew too large meanwhile: see [`audit_aside`].
    #[error("calls left too little time, and the log grew meanwhile")]
    GivenUp,
    /// The file could not be read.
    #[error("the database cannot be read")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for AuditError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            // A row was read, and contradicts itself.
            rusqlite::Error::FromSqlConversionFailure(_, _, why) => {
                Self::Difference(why.to_string())
            }
            error if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Self::GivenUp
            }
            error => Self::Sqlite(error),
        }
    }
}

/// Recomputes every balance from its entries and charges, every charge from
/// its row, and the sums reports are made of.
pub fn audit(path: &Path) -> Result<AuditReport, AuditError> {
    prove(&open_reader(path)?)
}

/// The same [`aside`](keypurse_store::aside), where calls come first: it pauses for
/// them, and gives up when they leave it so little time that the log grows large.
pub fn audit_aside(path: &Path) -> Result<AuditReport, AuditError> {
    let mut connection = open_reader(path)?;
    let has_grown = growth_of_log(path);
    let give_up = move || {
        pause_if_due();
        has_grown()
    };
    connection.progress_handler(STEPS, Some(give_up))?;
    prove(&connection)
}

/// Whether the log has grown by too much since now.
fn growth_of_log(database: &Path) -> impl Fn() -> bool + use<> {
    let length = |file: &Path| file.metadata().map_or(0, |file| file.len());
    let log = with_suffix(database, "-wal");
    let enough = length(&log) + LOG_GROWTH.max(length(database) / 4);
    move || length(&log) > enough
}

fn prove(connection: &Connection) -> Result<AuditReport, AuditError> {
    // One snapshot, whatever a server beside us writes meanwhile.
    connection.execute_batch("BEGIN")?;
    let (found, known) = (migrations::found(connection)?, migrations::newest());
    if found != known {
        return Err(AuditError::OtherSchema { found, known });
    }
    structure_is_whole(connection)?;
    let left = recover::replay(connection)?;
    let mut books = Books::read(connection)?;
    let mut usage = Prover::read(connection)?;
    each_call(connection, &left, |call| {
        if let Some(usage) = &mut usage {
            usage.add_call(&call);
        }
        books.add_call(&call)
    })?;
    left.finished
        .iter()
        .for_each(|(_, call)| books.take_back(call));
    books.every_balance_adds_up(connection)?;
    every_statement_is_continuous(connection, &left.finished)?;
    usage.map_or(Ok(()), |usage| usage.finish(connection))?;
    for OpenCall { hold, .. } in left.holds.into_values() {
        books.report.open_holds += 1;
        books.report.held += hold.amount;
    }
    Ok(books.report)
}

fn structure_is_whole(connection: &Connection) -> Result<(), AuditError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(AuditError::Difference(verdict))
    }
}

/// Sums of what has been read.
struct Books {
    prices: HashMap<i64, Price>,
    of_accounts: HashMap<i64, i128>,
    of_tokens: HashMap<i64, i128>,
    report: AuditReport,
}

impl Books {
    /// Begins with the prices and the entries.
    fn read(connection: &Connection) -> Result<Self, AuditError> {
        let mut books = Self {
            prices: prices(connection)?,
            of_accounts: HashMap::new(),
            of_tokens: HashMap::new(),
            report: AuditReport::default(),
        };
        let mut statement = connection.prepare("SELECT account_id, token_id, amount FROM entry")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (account, token, amount): (i64, Option<i64>, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let sum = match token {
                Some(token) => books.of_tokens.entry(token),
                None => books.of_accounts.entry(account),
            };
            *sum.or_default() += i128::from(amount);
            books.report.entries += 1;
        }
        Ok(books)
    }

    fn add_call(&mut self, call: &CallRow) -> Result<(), AuditError> {
        if let Some(why) = fault(call, &self.prices) {
            let id = call.call;
            return Err(AuditError::Difference(format!("call {id}: {why}")));
        }
        let from_account = i128::from(call.charged_to_account().nanos());
        *self.of_accounts.entry(call.account.0).or_default() -= from_account;
        if let Some(token) = call.token {
            let from_balance = i128::from(call.charged_to_token().nanos());
            *self.of_tokens.entry(token.0).or_default() -= from_balance;
        }
        self.report.calls += 1;
        if !call.rehearsed {
            self.report.charged += call.charged;
            self.report.house += call.house();
        }
        Ok(())
    }

    /// Leaves out what a call cost that has no row yet: nor have its purses
    /// been told.
    fn take_back(&mut self, call: &CallRow) {
        let to_account = i128::from(call.charged_to_account().nanos());
        *self.of_accounts.entry(call.account.0).or_default() += to_account;
        if let Some(token) = call.token {
            let to_balance = i128::from(call.charged_to_token().nanos());
            *self.of_tokens.entry(token.0).or_default() += to_balance;
        }
    }

    fn every_balance_adds_up(&mut self, connection: &Connection) -> Result<(), AuditError> {
        self.report.purses += balances_are(connection, "account", &self.of_accounts)?;
        self.report.purses += balances_are(connection, "token", &self.of_tokens)?;
        Ok(())
    }
}

/// Whether every purse of `table` has the balance its lines sum to; how many
/// there are.
fn balances_are(
    connection: &Connection,
    table: &str,
    sums: &HashMap<i64, i128>,
) -> Result<u64, AuditError> {
    let sql = format!("SELECT id, name, balance FROM {table} ORDER BY id");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut purses = 0;
    while let Some(row) = rows.next()? {
        let (id, name, balance): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let expected = sums.get(&id).copied().unwrap_or(0);
        if i128::from(balance) != expected {
            let balance = Money::from_nanos(balance);
            let expected = i64::try_from(expected).map(Money::from_nanos);
            let expected = expected.map_or("too much".to_owned(), |sum| sum.to_string());
            return Err(AuditError::Difference(format!(
                "{table} {id} (`{name}`) has balance {balance}, but its entries less its charges \
                 are {expected}"
            )));
        }
        purses += 1;
    }
    Ok(purses)
}

/// One line of a token's statement, in the order they are checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    token: i64,
    line: i64,
    amount: i64,
    after: i64,
}

/// Every line of a token's statement leads from the balance before it to the
/// balance it tells. `unwritten` are the calls without a row.
fn every_statement_is_continuous(
    connection: &Connection,
    unwritten: &[(i64, CallRow)],
) -> Result<(), AuditError> {
    let mut statement = connection.prepare(
        "SELECT token_id, line, amount, balance_after FROM entry WHERE token_id IS NOT NULL
         UNION ALL
         SELECT token_id, line, -iif(from_token & 1, charged, 0), balance_after FROM call
         WHERE token_id IS NOT NULL
         ORDER BY token_id, line",
    )?;
    let written = statement.query_map([], |row| {
        Ok(Line {
            token: row.get(0)?,
            line: row.get(1)?,
            amount: row.get(2)?,
            after: row.get(3)?,
        })
    })?;
    let mut unwritten: Vec<Line> = unwritten.iter().filter_map(|(_, row)| line(row)).collect();
    unwritten.sort_unstable();
    let mut unwritten = unwritten.into_iter().peekable();
    let mut last = None;
    for written in written {
        let written = written?;
        while let Some(earlier) = unwritten.next_if(|line| *line < written) {
            last = Some(follows(last, earlier)?);
        }
        last = Some(follows(last, written)?);
    }
    unwritten.try_fold(last, |last, line| follows(last, line).map(Some))?;
    Ok(())
}

fn line(call: &CallRow) -> Option<Line> {
    let amount = Money::ZERO - call.charged_to_token();
    call.token.map(|token| Line {
        token: token.0,
        line: call.line,
        amount: amount.nanos(),
        after: call.balance_after.nanos(),
    })
}

fn follows(last: Option<Line>, next: Line) -> Result<Line, AuditError> {
    let last = last.filter(|last| last.token == next.token);
    let before = last.map_or(0, |last| last.after);
    if before.checked_add(next.amount) == Some(next.after) {
        return Ok(next);
    }
    let [before, amount, after] = [before, next.amount, next.after].map(Money::from_nanos);
    let Line { token, line, .. } = next;
    Err(AuditError::Difference(format!(
        "line {line} of token {token} says that {after} is left, but {before} and {amount} do not \
         make that"
    )))
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

/// Why a call's row contradicts itself, if it does.
fn fault(call: &CallRow, prices: &HashMap<i64, Price>) -> Option<String> {
    let CallRow { cost, held, .. } = call;
    let Some(price) = prices.get(&call.held_call.price_id) else {
        return Some(format!("price {} does not exist", call.held_call.price_id));
    };
    if !call.counts.is_consistent() {
        return Some("its token counts contradict each other".to_owned());
    }
    let computed = price.cost(&call.counts);
    match call.state {
        // An earlier version did not write down for what: no more is known.
        CallState::Recovered if call.counts == TokenCounts::default() => {
            (cost > held).then(|| format!("recovered at {cost}, above its hold {held}"))
        }
        // What was counted, not reported, is never charged above the hold.
        CallState::Settled | CallState::Recovered if call.certainty == Certainty::Estimated => {
            let expected = computed.map_or(*held, |computed| computed.min(*held));
            (expected != *cost).then(|| format!("counted usage costs {expected}, not {cost}"))
        }
        CallState::Settled | CallState::Recovered => (computed != Some(*cost))
            .then(|| format!("its usage costs {computed:?} at its price, not {cost}")),
        CallState::Void | CallState::Simulated => {
            (*cost != Money::ZERO).then(|| format!("it is free, yet costs {cost}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use rusqlite::Connection;

    use super::{AuditError, LOG_GROWTH, growth_of_log, prove};

    #[test]
    fn an_audit_beside_calls_lets_the_log_grow_by_so_much() {
        let folder = tempfile::tempdir().unwrap();
        let (database, log) = (folder.path().join("k.db"), folder.path().join("k.db-wal"));
        // Sparse: they only look large.
        let long = |file, length| File::create(file).unwrap().set_len(length).unwrap();
        long(&log, 1000);
        let has_grown = growth_of_log(&database);
        long(&log, LOG_GROWTH + 1000);
        assert!(!has_grown());
        long(&log, LOG_GROWTH + 1001);
        assert!(has_grown());
        long(&database, 8 * LOG_GROWTH);
        fs::remove_file(&log).unwrap();
        let has_grown = growth_of_log(&database);
        long(&log, 2 * LOG_GROWTH);
        assert!(!has_grown());
        long(&log, 2 * LOG_GROWTH + 1);
        assert!(has_grown());
    }

    #[test]
    fn an_audit_that_is_interrupted_gave_up() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.progress_handler(1, Some(|| true)).unwrap();
        assert!(matches!(prove(&connection), Err(AuditError::GivenUp)));
    }
}
