//! Secrets move to newer keys, one transaction for many.

use keypurse_core::time::Timestamp;
use keypurse_store::{Action, Actor, KeyKind, KeyRecord, Rekeyed};
use rusqlite::params;

use super::batch::Batch;
use super::command::Reply;
use super::state::Writer;
use crate::keys::{key_event, kind_code, relies_on};

/// What the writer can be asked about keys.
#[derive(Debug)]
pub(crate) enum KeysCommand {
    Record(Vec<KeyRecord>, Actor, Reply<()>),
    Drop(KeyKind, u32, Actor, Reply<bool>),
    Rekey(Vec<Rekeyed>, Reply<usize>),
}

impl Writer {
    pub(super) fn decide_keys(
        &self,
        command: KeysCommand,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match command {
            KeysCommand::Record(keys, actor, reply) => {
                self.record_keys(&keys, (actor, now))?;
                batch.answer(reply, Ok(()));
            }
            KeysCommand::Drop(kind, version, actor, reply) => {
                let dropped = self.drop_key(kind, version, (actor, now))?;
                batch.answer(reply, Ok(dropped));
            }
            KeysCommand::Rekey(changes, reply) => {
                let moved = self.rekey(&changes, batch)?;
                batch.answer(reply, Ok(moved));
            }
        }
        Ok(())
    }

    fn record_keys(&self, keys: &[KeyRecord], by: (Actor, Timestamp)) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO key_version (kind, version, fingerprint, adopted_at)
             VALUES (?, ?, ?, ?)",
        )?;
        for key in keys {
            let is_new = insert.execute(params![
                kind_code(key.kind),
                key.version,
                key.check,
                key.adopted_at.micros()
            ])? > 0;
            if is_new {
                self.record(&key_event(Action::KeyAdopt, (key.kind, key.version), by))?;
            }
        }
        Ok(())
    }

    /// Forgets a key unless something relies on it.
    fn drop_key(
        &self,
        kind: KeyKind,
        version: u32,
        by: (Actor, Timestamp),
    ) -> rusqlite::Result<bool> {
        if relies_on(&self.connection, kind, version)? {
            return Ok(false);
        }
        if kind == KeyKind::Pepper {
            self.connection
                .execute("DELETE FROM retired WHERE pepper = ?", [version])?;
        }
        let dropped = self.connection.execute(
            "DELETE FROM key_version WHERE kind = ? AND version = ?",
            params![kind_code(kind), version],
        )?;
        if dropped > 0 {
            self.record(&key_event(Action::KeyRetire, (kind, version), by))?;
        }
        Ok(true)
    }

    /// Each change is conditional: what has moved, or has gone, stays as it is.
    fn rekey(&self, changes: &[Rekeyed], batch: &mut Batch) -> rusqlite::Result<usize> {
        let mut moved = 0;
        for change in changes {
            let (pepper, master) = (change.keys.pepper, change.keys.master);
            // Not even a digest that is taken may fail everybody's batch.
            let secrets = self
                .connection
                .prepare_cached(
                    "UPDATE OR IGNORE secret SET digest = ?2, pepper = ?3,
                         sealed = iif(sealed IS NULL, NULL, ?4), master = ?5
                     WHERE digest = ?1",
                )?
                .execute(params![
                    change.from,
                    change.to,
                    pepper,
                    change.sealed,
                    master
                ])?;
            let accounts = self
                .connection
                .prepare_cached(
                    "UPDATE OR IGNORE account SET key_digest = ?2, pepper = ?3
                     WHERE key_digest = ?1",
                )?
                .execute(params![change.from, change.to, pepper])?;
            let viewers = self
                .connection
                .prepare_cached(
                    "UPDATE OR IGNORE viewer_key SET digest = ?2, pepper = ?3 WHERE digest = ?1",
                )?
                .execute(params![change.from, change.to, pepper])?;
            if secrets + accounts + viewers > 0 {
                moved += 1;
                batch.stale.push(change.from);
            }
        }
        Ok(moved)
    }
}
