//! When the log is written back to the database, and what is noted then.

use std::time::Instant;

use keypurse_store::failpoint;

use super::state::Writer;
use super::write_back::{Emptied, checkpoint};
use crate::integrity::Damage;
use crate::open::{OpenError, failed};

/// Tokens kept in memory while nothing is held for them.
pub(super) const IDLE_TOKENS: usize = 100_000;
/// The log is written back once it has so many pages: 4 MiB. The more, the
/// fewer pages are written back for each call; but the kernel may not be
/// interrupted while it does that, here for a millisecond. Where a crash may be
/// asked for, a short life sees many.
const CHECKPOINT_PAGES: u32 = if failpoint::ARE_THERE { 256 } else { 1024 };
/// What is left to the writer itself, which alone can use the log again: a
/// tenth of a millisecond of everybody's time.
const REST_PAGES: u32 = CHECKPOINT_PAGES / 16;

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
        // Their rows do not tell their balances before calls have theirs.
        if self.journal.tail.is_empty() {
            self.ledger.forget_idle(IDLE_TOKENS);
        }
        if self.log_writer.is_busy() {
            return;
        }
        if self.space.is_short() {
            // A log that is written back is used again, and needs no space.
            if let Err(error) = self.write_back() {
                tracing::debug!(%error, "the log cannot be written back yet");
            }
            return;
        }
        if let Err(error) = self.look_after_log() {
            tracing::warn!(%error, "a checkpoint failed; the log keeps growing");
        }
    }

    /// Most of the log is written back beside the writer; the rest, which came
    /// meanwhile, here: only then is the log used again.
    fn look_after_log(&mut self) -> rusqlite::Result<()> {
        let Ok(log) = self.keeper.progress() else {
            return Ok(());
        };
        let asked = self.log_asked;
        // Where readers hold it up, one try for so many pages is enough.
        let is_held_up =
            log.written_back == asked.written_back && log.frames < asked.frames + REST_PAGES;
        if log.frames < CHECKPOINT_PAGES || log.behind() == 0 || is_held_up {
            return Ok(());
        }
        self.log_asked = log;
        if log.behind() > REST_PAGES {
            self.log_writer.begin();
            return Ok(());
        }
        self.write_back().map(drop)
    }

    fn write_back(&mut self) -> rusqlite::Result<Emptied> {
        let began = Instant::now();
        let outcome = checkpoint(&self.connection, "PASSIVE", &self.keeper)?;
        self.meters.checkpointed(began.elapsed());
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
        checkpoint(&self.connection, "TRUNCATE", &self.keeper)
    }
}
