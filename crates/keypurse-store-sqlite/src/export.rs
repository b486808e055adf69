//! Finished calls as the books have them, for checks and tools that run
//! beside the server.

use std::path::Path;

use keypurse_core::id::CallId;
use keypurse_core::money::Money;
use keypurse_core::usage::Certainty;
use keypurse_store::CallState;
use rusqlite::Connection;

use crate::call_row::{COLUMNS, CallRow};
use crate::open::open_reader;
use crate::recover::{self, Left};

/// One finished call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedCall {
    /// Which call; its text is the request id clients saw.
    pub call: CallId,
    /// How it was resolved.
    pub state: CallState,
    /// Whether its tokens were counted instead of reported.
    pub estimated: bool,
    /// What the purses paid.
    pub charged: Money,
    /// What neither hold nor balance could cover.
    pub house: Money,
    /// The status its client was answered with; 0: nobody was.
    pub status: u16,
}

impl From<CallRow> for FinishedCall {
    fn from(row: CallRow) -> Self {
        Self {
            call: row.call,
            state: row.state,
            estimated: row.certainty == Certainty::Estimated,
            charged: row.charged,
            house: row.house(),
            status: row.status,
        }
    }
}

/// All finished calls, oldest first, those without a row of their own
/// included.
pub fn finished_calls(path: &Path) -> rusqlite::Result<Vec<FinishedCall>> {
    let connection = open_reader(path)?;
    connection.execute_batch("BEGIN")?;
    let mut calls = Vec::new();
    each_call(&connection, &recover::replay(&connection)?, |row| {
        calls.push(FinishedCall::from(row));
        Ok::<_, rusqlite::Error>(())
    })?;
    calls.sort_by_key(|call| call.call);
    Ok(calls)
}

/// The highest ordered half of a call's id ever used.
pub(crate) fn last_call(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let written: Option<i64> =
        connection.query_row("SELECT max(id) FROM call", [], |row| row.get(0))?;
    let left = recover::replay(connection)?;
    let finished = left.finished.iter().map(|(_, row)| row.call);
    let unwritten = finished.chain(left.holds.into_keys());
    Ok(unwritten.map(|call| call.ordered).chain(written).max())
}

/// Shows every finished call, in its row or in the journal, to `see`.
pub(crate) fn each_call<E: From<rusqlite::Error>>(
    connection: &Connection,
    left: &Left,
    mut see: impl FnMut(CallRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM call ORDER BY id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        see(CallRow::read(row)?)?;
    }
    for (_, row) in &left.finished {
        see(*row)?;
    }
    Ok(())
}
