//! When the log is written back to the database, and what is noted then.

use std::time::Instant;

use keypurse_store::failpoint;

use super::batch::{Writer, stop};
use crate::integrity::Damage;
use crate::open::{OpenError, failed};

/// Tokens kept in memory while nothing is held for them.
const IDLE_TOKENS: usize = 100_000;
/// The log is written back once it has so many pages: 4 MiB, which takes a
/// millisecond or two of everybody's time.
const CHECKPOINT_PAGES: u32 = 1024;
/// How often that is looked at, in batches.
const CHECKPOINT_EVERY: i64 = 16;

/// How much of the log the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emptied {
    /// All of it.
    Whole,
    /// Readers still need what was before.
    InPart,
}

impl Writer {
    /// Writes back what an earlier life left in the log, flushed anew: what its
    /// last flush reported may not be true. Then notes checksums, unless there
    /// are some.
    pub(super) fn begin_keeping(&mut self) -> Result<(), OpenError> {
        match self.empty_log() {
            Ok(Emptied::Whole) if !self.keeper.has_sums() => {}
            Ok(_) => return Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the log cannot be written back yet");
                return Ok(());
            }
        }
        // Nobody knows what was written, so at least it has to make sense.
        let verdict: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|source| failed(&self.path, source))?;
        if verdict != "ok" {
            let (file, what) = (self.path.clone(), verdict);
            return Err(OpenError::Damaged(Damage { file, what }));
        }
        if let Err(error) = self.keeper.adopt() {
            tracing::warn!(%error, "no checksums of the database can be kept");
        }
        Ok(())
    }

    /// What can wait until everybody has been answered.
    pub(super) fn maintain(&mut self) {
        self.ledger.forget_idle(IDLE_TOKENS);
        if self.space.is_short() {
            // A log that is written back is used again, and needs no space.
            if let Err(error) = self.write_back() {
                tracing::debug!(%error, "the log cannot be written back yet");
            }
            return;
        }
        if self.journal.seq % CHECKPOINT_EVERY != 0 {
            return;
        }
        // Not its file's length, which stays when it is used again.
        if self.keeper.pages_in_log() >= CHECKPOINT_PAGES
            && let Err(error) = self.write_back()
        {
            tracing::warn!(%error, "a checkpoint failed; the log keeps growing");
        }
    }

    /// Writes the log back as far as readers let it, and notes what that
    /// changed before the log is used again.
    fn write_back(&mut self) -> rusqlite::Result<Emptied> {
        let began = Instant::now();
        let outcome = self.checkpoint("PASSIVE")?;
        self.meters.checkpointed(began.elapsed());
        if let Err(error) = self.keeper.checkpointed() {
            stop("wrong checksums could not be removed", &error);
        }
        Ok(outcome)
    }

    /// Writes all of the log back and empties it, unless a reader needs it.
    pub(super) fn empty_log(&mut self) -> rusqlite::Result<Emptied> {
        if self.write_back()? == Emptied::InPart {
            return Ok(Emptied::InPart);
        }
        if let Err(error) = self.keeper.emptying() {
            tracing::warn!(%error, "the end of the log cannot be noted");
            return Ok(Emptied::InPart);
        }
        self.checkpoint("TRUNCATE")
    }

    fn checkpoint(&self, mode: &str) -> rusqlite::Result<Emptied> {
        failpoint::reach("writer.checkpoint");
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        self.connection.query_row(&pragma, [], |row| {
            let (in_log, written_back): (i64, i64) = (row.get(1)?, row.get(2)?);
            let is_whole = row.get::<_, i64>(0)? == 0 && in_log == written_back;
            Ok(if is_whole {
                Emptied::Whole
            } else {
                Emptied::InPart
            })
        })
    }
}
