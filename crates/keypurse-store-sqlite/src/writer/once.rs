//! Operations remembered by their clients' keys.
//!
//! Invariant: a record is written in the transaction of what it remembers, so
//! that a crash leaves both or neither.

use std::collections::HashMap;

use keypurse_core::id::CallId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{ChangeError, Claim, REMEMBERED_SECONDS, Repeated};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::state::Writer;

/// Records forgotten with each new one: more than one, so that a backlog
/// shrinks, and few, so that nobody waits for it.
const FORGOTTEN_AT_ONCE: i64 = 16;

/// Keys of the calls under way that have one.
pub(super) type Claims = HashMap<CallId, [u8; 32]>;

/// What was done.
enum Deed {
    /// A change, and what its client was answered.
    Change(Vec<u8>),
    /// A call, and what it cost and was answered once it is over.
    Call(CallId, Option<(Money, u16)>),
}

struct Record {
    fingerprint: [u8; 32],
    at: Timestamp,
    deed: Deed,
}

/// Keys of calls that were under way when the writer stopped.
pub(super) fn open_claims(connection: &Connection) -> rusqlite::Result<Claims> {
    connection
        .prepare(
            "SELECT call_id, call_random, key FROM idempotency
             WHERE call_id IS NOT NULL AND status IS NULL",
        )?
        .query_map([], |row| Ok((call(row, 0)?, row.get(2)?)))?
        .collect()
}

fn call(row: &Row<'_>, column: usize) -> rusqlite::Result<CallId> {
    Ok(CallId {
        ordered: row.get(column)?,
        random: row.get(column + 1)?,
    })
}

impl Writer {
    /// The answer to a change that was made before under this key.
    pub(super) fn answered_before(
        &self,
        claim: &Claim,
    ) -> rusqlite::Result<Option<Result<Vec<u8>, ChangeError>>> {
        let record = self.remembered(claim)?;
        Ok(record.map(|record| match record.deed {
            Deed::Change(answer) if record.fingerprint == claim.fingerprint => Ok(answer),
            Deed::Change(_) | Deed::Call(..) => Err(ChangeError::OtherRequest),
        }))
    }

    /// What became of a call that was made before under this key.
    pub(super) fn called_before(&self, claim: &Claim) -> rusqlite::Result<Option<Repeated>> {
        let record = self.remembered(claim)?;
        Ok(record.map(|record| match record.deed {
            _ if record.fingerprint != claim.fingerprint => Repeated::OtherRequest,
            Deed::Change(_) => Repeated::OtherRequest,
            Deed::Call(_, None) => Repeated::Running,
            Deed::Call(call, Some((cost, status))) => Repeated::Finished { call, cost, status },
        }))
    }

    fn remembered(&self, claim: &Claim) -> rusqlite::Result<Option<Record>> {
        let record = self
            .connection
            .prepare_cached(
                "SELECT fingerprint, at, answer, call_id, call_random, cost, status
                 FROM idempotency WHERE key = ?",
            )?
            .query_row([claim.key], read)
            .optional()?;
        Ok(record.filter(|record| {
            // A call under way is never forgotten, whatever the clock says.
            matches!(record.deed, Deed::Call(_, None)) || record.at > self.forgotten_at()
        }))
    }

    pub(super) fn remember_change(
        &self,
        claim: &Claim,
        answer: Vec<u8>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.remember(claim, Deed::Change(answer), now)
    }

    /// Remembers a call that begins.
    pub(super) fn remember_call(
        &mut self,
        claim: &Claim,
        call: CallId,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.claims.insert(call, claim.key);
        self.remember(claim, Deed::Call(call, None), now)
    }

    /// Remembers a simulated call, which is over when it is recorded.
    pub(super) fn remember_simulated(
        &self,
        claim: &Claim,
        (call, status): (CallId, u16),
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.remember(claim, Deed::Call(call, Some((Money::ZERO, status))), now)
    }

    fn remember(&self, claim: &Claim, deed: Deed, now: Timestamp) -> rusqlite::Result<()> {
        self.forget_old()?;
        let (answer, call, end) = match deed {
            Deed::Change(answer) => (Some(answer), None, None),
            Deed::Call(call, end) => (None, Some(call), end),
        };
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO idempotency
                     (key, fingerprint, at, answer, call_id, call_random, cost, status)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                claim.key,
                claim.fingerprint,
                now.micros(),
                answer,
                call.map(|call| call.ordered),
                call.map(|call| call.random),
                end.map(|(cost, _)| cost.nanos()),
                end.map(|(_, status)| status),
            ])?;
        Ok(())
    }

    /// Notes how a call with a key ended. One that did not happen frees its
    /// key: a retry has to work.
    pub(super) fn end_claim(
        &mut self,
        call: CallId,
        end: Option<(Money, u16)>,
    ) -> rusqlite::Result<()> {
        // Most calls have no key and pay nothing here.
        if self.claims.is_empty() {
            return Ok(());
        }
        let Some(key) = self.claims.remove(&call) else {
            return Ok(());
        };
        match end {
            None => self
                .connection
                .prepare_cached("DELETE FROM idempotency WHERE key = ?")?
                .execute([key])?,
            Some((cost, status)) => self
                .connection
                .prepare_cached("UPDATE idempotency SET cost = ?, status = ? WHERE key = ?")?
                .execute(params![cost.nanos(), status, key])?,
        };
        Ok(())
    }

    fn forget_old(&self) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM idempotency WHERE key IN (
                     SELECT key FROM idempotency
                     WHERE at <= ? AND (call_id IS NULL OR status IS NOT NULL)
                     ORDER BY at LIMIT ?)",
            )?
            .execute([self.forgotten_at().micros(), FORGOTTEN_AT_ONCE])?;
        Ok(())
    }

    /// What is older is forgotten. A clock that is ahead for a while must not
    /// make anybody pay twice, so it is not the clock that says it.
    fn forgotten_at(&self) -> Timestamp {
        self.clock.proven().plus_seconds(-REMEMBERED_SECONDS)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    let deed = if let Some(answer) = row.get(2)? {
        Deed::Change(answer)
    } else {
        let cost: Option<i64> = row.get(5)?;
        let end = match cost.map(Money::from_nanos) {
            Some(cost) => Some((cost, row.get(6)?)),
            None => None,
        };
        Deed::Call(call(row, 3)?, end)
    };
    Ok(Record {
        fingerprint: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        deed,
    })
}
