//! Finished calls as the books have them, for checks and tools that run
//! beside the server.

use std::path::Path;

use keypurse_core::id::CallId;
use keypurse_core::money::Money;

use crate::open::open_reader;

/// How a call's hold was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// At what it cost.
    Settled,
    /// At nothing: it did not happen.
    Void,
    /// At its floor, after a crash.
    Recovered,
    /// The simulator answered; nothing was held.
    Simulated,
}

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

/// All finished calls, oldest first.
pub fn finished_calls(path: &Path) -> rusqlite::Result<Vec<FinishedCall>> {
    let connection = open_reader(path)?;
    let mut statement = connection.prepare(
        "SELECT id, random, state, estimated, charged, house, status FROM call ORDER BY id",
    )?;
    let calls = statement.query_map([], |row| {
        Ok(FinishedCall {
            call: CallId {
                ordered: row.get(0)?,
                random: row.get(1)?,
            },
            state: match row.get(2)? {
                1 => CallState::Settled,
                2 => CallState::Void,
                3 => CallState::Recovered,
                4 => CallState::Simulated,
                other => return Err(rusqlite::Error::IntegralValueOutOfRange(2, other)),
            },
            estimated: row.get(3)?,
            charged: row.get(4).map(Money::from_nanos)?,
            house: row.get(5).map(Money::from_nanos)?,
            status: row.get(6)?,
        })
    })?;
    calls.collect()
}
