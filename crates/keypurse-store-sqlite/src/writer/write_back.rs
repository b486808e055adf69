//! The thread that writes the log back beside the writer, so that nobody waits
//! meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use keypurse_store::{failpoint, give_way};
use rusqlite::Connection;

use super::meters::Meters;
use super::stop::{StopOnPanic, stop};
use crate::integrity::Keeper;
use crate::open::open_reader;

/// Calls need the processor more: a log that grows meanwhile costs less than
/// they do.
const NICENESS: i32 = 10;

/// Asks the thread, which ends with this.
pub(super) struct WriteBack {
    wishes: Option<SyncSender<()>>,
    is_busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WriteBack {
    pub(super) fn start(
        database: &Path,
        (keeper, meters): (Arc<Keeper>, Arc<Meters>),
    ) -> rusqlite::Result<Self> {
        let worker = Worker {
            writing: open_reader(database)?,
            holding: open_reader(database)?,
            keeper,
            meters,
        };
        let is_busy = Arc::new(AtomicBool::new(false));
        let (wishes, asked) = sync_channel(1);
        let busy = Arc::clone(&is_busy);
        let thread = std::thread::Builder::new()
            .name("ledger-log".to_owned())
            .spawn(move || worker.run(&asked, &busy))
            .expect("a thread can be started");
        Ok(Self {
            wishes: Some(wishes),
            is_busy,
            thread: Some(thread),
        })
    }

    /// Whether the thread is at work. Nobody else may write the log back then.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Has the log written back. The database must be behind it: else nothing
    /// keeps the writer from using it again meanwhile.
    pub(super) fn begin(&self) {
        if let Some(wishes) = &self.wishes {
            self.is_busy.store(true, Ordering::Release);
            let _ = wishes.try_send(());
        }
    }

    /// Waits until the thread is done.
    pub(super) fn end(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            // It ends the process when it panics.
            let _ = thread.join();
        }
    }
}

struct Worker {
    writing: Connection,
    /// Reads meanwhile: a log that somebody reads is not used again, so the
    /// checksums are up to date before it is.
    holding: Connection,
    keeper: Arc<Keeper>,
    meters: Arc<Meters>,
}

impl Worker {
    fn run(self, asked: &Receiver<()>, is_busy: &AtomicBool) {
        let _stop = StopOnPanic;
        give_way(NICENESS);
        while asked.recv().is_ok() {
            if let Err(error) = self.write_back() {
                tracing::warn!(%error, "a checkpoint failed; the log keeps growing");
            }
            is_busy.store(false, Ordering::Release);
        }
    }

    fn write_back(&self) -> rusqlite::Result<()> {
        self.holding.execute_batch("BEGIN")?;
        let written = self.hold_and_write_back();
        // Reading ends whatever became of the writing.
        self.holding.execute_batch("ROLLBACK")?;
        written
    }

    fn hold_and_write_back(&self) -> rusqlite::Result<()> {
        self.holding
            .query_row("SELECT materialised FROM progress", [], |_| Ok(()))?;
        let began = Instant::now();
        checkpoint(&self.writing, "PASSIVE", &self.keeper)?;
        self.meters.checkpointed(began.elapsed());
        Ok(())
    }
}

/// How much of the log the database has after a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emptied {
    /// All of it.
    Whole,
    /// Readers still need what was before.
    InPart,
}

/// Writes the log back as far as readers let it, and notes what that changed.
/// The log must not be used again before this returns.
pub(super) fn checkpoint(
    connection: &Connection,
    mode: &str,
    keeper: &Keeper,
) -> rusqlite::Result<Emptied> {
    failpoint::reach("writer.checkpoint");
    let before = keeper.progress();
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    let emptied = connection.query_row(&pragma, [], |row| {
        let (in_log, written_back): (i64, i64) = (row.get(1)?, row.get(2)?);
        let is_whole = row.get::<_, i64>(0)? == 0 && in_log == written_back;
        Ok(if is_whole {
            Emptied::Whole
        } else {
            Emptied::InPart
        })
    })?;
    if let Err(error) = keeper.checkpointed(before) {
        stop("wrong checksums could not be removed", &error);
    }
    Ok(emptied)
}
