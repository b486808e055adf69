//! Sandbox calls that nobody waits for: they move no money, so their clients
//! are answered before they are on disk.
//!
//! A batch takes whatever was noted meanwhile. What did not fit on the disk is
//! kept for a later batch, and nothing more is noted until one is written.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keypurse_core::time::Timestamp;
use keypurse_store::{SimulatedCall, StoreError};
use tokio::sync::Semaphore;

use super::batch::Batch;
use super::command::Command;
use super::state::Writer;

/// Calls that are noted and not on disk, at most: a batch's work for a few
/// milliseconds. Whoever notes one more waits.
const ROOM: usize = 512;
/// How long they wait for company, while nobody waits for anything.
const LINGER: Duration = Duration::from_millis(5);

/// What is handed to the writer without waiting.
#[derive(Debug)]
pub(crate) struct Noted {
    calls: Mutex<Vec<SimulatedCall>>,
    room: Semaphore,
    /// The last batch was not written, or not all of it.
    is_stuck: AtomicBool,
}

impl Default for Noted {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            room: Semaphore::new(ROOM),
            is_stuck: AtomicBool::new(false),
        }
    }
}

impl Noted {
    /// Whether all that was noted is on disk.
    pub(crate) fn is_written(&self) -> bool {
        self.room.available_permits() == ROOM
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        self.room.available_permits() > 0
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::Relaxed)
    }

    /// Notes a call once there is room. Returns whether it is the first, which
    /// the writer has to be told.
    pub(crate) async fn add(&self, call: SimulatedCall) -> Result<bool, StoreError> {
        let place = self.room.acquire().await.map_err(|_| StoreError::Closed)?;
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // Closed before the last ones are taken: what is added is taken.
        if self.room.is_closed() {
            return Err(StoreError::Closed);
        }
        place.forget();
        calls.push(call);
        Ok(calls.len() == 1)
    }

    /// From now on nothing is noted.
    pub(super) fn close(&self) {
        self.room.close();
    }

    fn take(&self, taken: &mut Vec<SimulatedCall>) {
        taken.append(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Command {
    /// Whether somebody waits for its answer.
    fn is_awaited(&self) -> bool {
        !matches!(self, Self::WriteNoted(reply) if reply.is_closed())
    }
}

/// Lets noted calls wait for company, until somebody asks.
pub(super) fn linger(waiting: &[Command]) {
    if !waiting.iter().any(Command::is_awaited) {
        std::thread::park_timeout(LINGER);
    }
}

impl Writer {
    /// Records what was noted and is not part of this batch yet.
    pub(super) fn record_noted(
        &mut self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if self.space.is_short() {
            return Ok(());
        }
        let mut calls = mem::take(&mut self.noted_in_hand);
        self.noted.take(&mut calls);
        // Without a claim none is found to be repeated.
        let recorded = calls[batch.noted..]
            .iter()
            .try_for_each(|call| self.record_simulated(call, batch, now).map(drop));
        batch.noted = calls.len();
        self.noted_in_hand = calls;
        recorded
    }

    /// The batch is on disk.
    pub(super) fn noted_are_written(&mut self) {
        let is_short = self.space.is_short();
        self.noted.is_stuck.store(is_short, Ordering::Relaxed);
        if !is_short {
            self.let_go();
        }
    }

    /// The batch is not. Where there was no space there may be some later.
    pub(super) fn noted_are_not_written(&mut self, for_want_of_space: bool) {
        self.noted.is_stuck.store(true, Ordering::Relaxed);
        if !for_want_of_space {
            self.lose_noted();
        }
    }

    /// Gives up what could not be written.
    pub(super) fn lose_noted(&mut self) {
        let mut calls = mem::take(&mut self.noted_in_hand);
        self.noted.take(&mut calls);
        if !calls.is_empty() {
            let lost = calls.len();
            tracing::error!(
                lost,
                "{lost} sandbox calls that were answered are not recorded"
            );
        }
        self.noted_in_hand = calls;
        self.let_go();
    }

    fn let_go(&mut self) {
        self.noted.room.add_permits(self.noted_in_hand.len());
        self.noted_in_hand.clear();
    }
}
