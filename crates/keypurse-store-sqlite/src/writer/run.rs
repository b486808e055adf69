//! The loop: take what waits, decide, commit, answer.

use std::time::Instant;

use keypurse_store::{StoreError, failpoint, note_calls};
use tokio::sync::mpsc;

use super::batch::Batch;
use super::command::Command;
use super::gathering::Gathering;
use super::noted;
use super::space::is_full;
use super::state::Writer;
use super::stop::{StopOnPanic, stop};
use crate::open::is_damage;

/// Operations decided in one transaction at most.
const BATCH: usize = 256;
/// Batches after which the log's end is noted even when more wait.
const NOTE_EVERY: i64 = 16;

impl Writer {
    /// Works until everybody who could ask is gone, or one asks to close.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut waiting = Vec::with_capacity(BATCH);
        // Dropped before those who wait.
        let guard = StopOnPanic;
        let mut gathering = Gathering::default();
        while commands.blocking_recv_many(&mut waiting, BATCH) > 0 {
            noted::linger(&waiting);
            gathering.wait();
            while waiting.len() < BATCH
                && let Ok(command) = commands.try_recv()
            {
                waiting.push(command);
            }
            let (asked, began) = (waiting.len(), Instant::now());
            if self.run_batch(&mut waiting, &commands) {
                break;
            }
            gathering.learn(asked, began, Instant::now());
            self.maintain();
        }
        self.log_writer.end();
        if let Err(error) = self.empty_log() {
            tracing::warn!(%error, "the last checkpoint failed; the next start does it");
        }
        drop(guard);
    }

    /// Decides, commits, answers. Returns whether to stop.
    fn run_batch(
        &mut self,
        waiting: &mut Vec<Command>,
        following: &mpsc::Receiver<Command>,
    ) -> bool {
        let mut batch = Batch::default();
        note_calls();
        match self.commit(waiting, &mut batch) {
            Ok(()) => {
                failpoint::reach("writer.after-commit");
                self.noted_are_written();
                self.meters.set_behind(self.journal.is_behind());
                // A crowd need not wait for the note: the next batch makes it.
                if following.is_empty() || self.journal.seq % NOTE_EVERY == 0 {
                    self.keeper.committed();
                }
                if !batch.stale.is_empty() {
                    self.credentials.forget(&batch.stale);
                }
                self.answers.give(batch.answers, Ok(()));
            }
            Err(error) => {
                if is_damage(&error) {
                    stop("the database is damaged", &error);
                }
                if is_full(&error) {
                    self.space.ran_out(self.clock.now());
                } else {
                    tracing::error!(%error, "nothing of a batch was written");
                }
                self.meters.failed();
                // Commands not reached yet are dropped, which answers them.
                waiting.clear();
                self.noted_are_not_written(is_full(&error));
                self.undo();
                // Whoever wants it closed asks again.
                batch.closes = false;
                let failure = StoreError::Unavailable(error.to_string());
                self.answers.give(batch.answers, Err(failure));
            }
        }
        batch.closes
    }

    fn commit(&mut self, waiting: &mut Vec<Command>, batch: &mut Batch) -> rusqlite::Result<()> {
        let (now, began, operations) = (self.clock.now(), Instant::now(), waiting.len());
        self.ledger.prove_until(self.clock.proven());
        self.space.look(now);
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        failpoint::reach("writer.before-decide");
        if let Some(event) = self.space.unrecorded() {
            self.record(&event)?;
        }
        for command in waiting.drain(..) {
            // Dropped, it is answered as unavailable.
            if !self.space.refuses(&command) {
                self.catch_up_for(&command)?;
                self.decide(command, batch, now)?;
            }
        }
        self.record_noted(batch, now)?;
        failpoint::reach("writer.after-decide");
        self.flush(batch, now)?;
        failpoint::reach("writer.before-commit");
        let decided = Instant::now();
        match self.connection.prepare_cached("COMMIT")?.execute([]) {
            Err(error) if !is_full(&error) => {
                // Nobody knows what is on disk now. The next start does.
                stop("a commit failed", &error)
            }
            outcome => {
                outcome?;
                self.space.recorded();
                let operations = operations + batch.noted;
                self.meters.committed(operations, began, decided);
                Ok(())
            }
        }
    }

    /// Back to what the disk has.
    fn undo(&mut self) {
        let is_open = !self.connection.is_autocommit();
        if is_open && let Err(error) = self.connection.execute_batch("ROLLBACK") {
            stop("a rollback failed", &error);
        }
        if let Err(error) = self.load() {
            stop("the ledger could not be read back", &error);
        }
    }
}
