//! What the file holds beside rows at rest: open holds, and finished calls
//! that have no row yet.

use std::collections::{BTreeMap, HashMap};

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Hold, Ledger, Purse, PurseId};
use keypurse_core::money::Money;
use rusqlite::Connection;

use crate::call_row::CallRow;
use crate::journal::{OpenCall, Replay};
use crate::rows;

/// What the journal has that the tables have not.
#[derive(Debug)]
pub(crate) struct Left {
    /// Calls whose holds nobody resolved.
    pub(crate) holds: HashMap<CallId, OpenCall>,
    /// Finished calls without a row, and the journal row each is in.
    pub(crate) finished: Vec<(i64, CallRow)>,
    /// The last place given in the order of all changes of balances.
    pub(crate) last_line: i64,
}

/// Reads the journal against the tables, in the snapshot of `connection`.
pub(crate) fn replay(connection: &Connection) -> rusqlite::Result<Left> {
    let (materialised, mut last_line): (i64, i64) =
        connection.query_row("SELECT materialised, last_line FROM progress", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let Replay {
        mut holds,
        mut finished,
    } = read_journal(connection)?;
    finished.retain(|(_, row)| row.line > materialised);
    if let Some((_, newest)) = finished.last() {
        last_line = last_line.max(newest.line);
    }
    // The first version wrote a call's row when it settled, and no record.
    let mut resolved = connection.prepare("SELECT 1 FROM call WHERE id = ?")?;
    let mut failed = Ok(());
    holds.retain(|call, _| match resolved.exists([call.ordered]) {
        Ok(has_row) => !has_row,
        Err(error) => {
            failed = Err(error);
            true
        }
    });
    failed?;
    Ok(Left {
        holds,
        finished,
        last_line,
    })
}

/// What calls, in the order of their lines, left in their purses.
pub(crate) fn balances_after<'a>(
    calls: impl IntoIterator<Item = &'a CallRow>,
) -> BTreeMap<PurseId, Money> {
    let mut balances = BTreeMap::new();
    for call in calls {
        balances.insert(PurseId::Account(call.account), call.account_after);
        if let Some(token) = call.token {
            balances.insert(PurseId::Token(token), call.balance_after);
        }
    }
    balances
}

/// Brings a purse into memory whose own row does not tell its balance yet.
pub(crate) fn load(
    connection: &Connection,
    ledger: &mut Ledger,
    purse: PurseId,
    balance: Money,
) -> rusqlite::Result<()> {
    match purse {
        PurseId::Account(id) => {
            let account = rows::account_by_id(connection, id)?;
            let account = account.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let mut account = rows::account_state(&account);
            account.purse = Purse::with(balance);
            ledger.load_account(account);
        }
        PurseId::Token(id) => {
            let mut token = rows::token_state(connection, id)?;
            token.purse = Purse::with(balance);
            ledger.load_token(token);
        }
    }
    Ok(())
}

fn read_journal(connection: &Connection) -> rusqlite::Result<Replay> {
    let mut replay = Replay::default();
    let mut rows = connection.prepare("SELECT seq, records FROM journal ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, records): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        replay.read(seq, &records).ok_or_else(|| unreadable(seq))?;
    }
    Ok(replay)
}

fn unreadable(seq: i64) -> rusqlite::Error {
    let why = format!("journal row {seq} is not readable");
    rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Blob, why.into())
}

/// Brings the purses of an open hold into memory and sets its money aside
/// again.
pub(crate) fn restore(
    connection: &Connection,
    ledger: &mut Ledger,
    call: CallId,
    hold: Hold,
) -> rusqlite::Result<()> {
    if ledger.account(hold.account).is_none() {
        let account = rows::account_by_id(connection, hold.account)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        ledger.load_account(rows::account_state(&account));
    }
    if let Some(token) = hold.token.filter(|token| ledger.token(*token).is_none()) {
        ledger.load_token(rows::token_state(connection, token)?);
    }
    ledger.restore_hold(call, hold);
    Ok(())
}
