//! What a start finds: holds nobody resolved.

use std::collections::HashMap;

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Hold, Ledger};
use rusqlite::Connection;

use crate::journal::{self, HeldCall};
use crate::rows;

/// An open hold and what its call's row will say.
pub(crate) type OpenHold = (CallId, Hold, HeldCall);

/// Holds in the journal whose call has no row yet, oldest first.
pub(crate) fn open_holds(connection: &Connection) -> rusqlite::Result<Vec<OpenHold>> {
    let mut holds = HashMap::new();
    let mut rows = connection.prepare("SELECT seq, records FROM journal ORDER BY seq")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, records): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        journal::read(&records, &mut holds).ok_or_else(|| unreadable(seq))?;
    }
    let mut resolved = connection.prepare("SELECT 1 FROM call WHERE id = ?")?;
    let mut open = Vec::new();
    for (call, (hold, held)) in holds {
        if !resolved.exists([call.ordered])? {
            open.push((call, hold, held));
        }
    }
    open.sort_by_key(|(call, ..)| *call);
    Ok(open)
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
