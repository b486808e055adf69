//! What the writer still does while the disk is full.

use std::path::Path;
use std::time::{Duration, Instant};

use keypurse_core::time::Timestamp;
use keypurse_store::{AuditEvent, RecordLimit, TokenChange};
use rusqlite::{Error, ErrorCode};

use super::command::Command;
use super::sessions::SessionCommand;
use crate::ballast::{Ballast, Room};

/// How often the disk is asked for space again, at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Whether there is room for spending, and the ballast for the rest.
#[derive(Debug)]
pub(super) struct Space {
    ballast: Ballast,
    short: Option<Short>,
    /// How a shortage that is over is told by the next batch.
    unrecorded: Option<AuditEvent>,
    records: RecordLimit,
}

/// A disk without space for spending.
#[derive(Clone, Copy, Debug)]
struct Short {
    since: Timestamp,
    /// When space was last looked for.
    looked: Instant,
}

impl Space {
    pub(super) fn beside(database: &Path, now: Timestamp) -> Self {
        let mut space = Self {
            ballast: Ballast::beside(database),
            short: None,
            unrecorded: None,
            records: RecordLimit::default(),
        };
        if space.ballast.restore() == Room::Short {
            space.become_short(now);
        }
        space
    }

    pub(super) fn is_short(&self) -> bool {
        self.short.is_some()
    }

    /// A write did not fit: what is set aside is for ending calls.
    pub(super) fn ran_out(&mut self, now: Timestamp) {
        self.ballast.free();
        if self.short.is_none() {
            self.become_short(now);
        }
    }

    fn become_short(&mut self, since: Timestamp) {
        tracing::error!(
            "the disk is full: no call is admitted and nothing is changed until there is space"
        );
        let looked = Instant::now();
        self.short = Some(Short { since, looked });
    }

    /// Looks whether there is space again: enough to set the ballast aside.
    pub(super) fn look(&mut self, now: Timestamp) {
        let Some(short) = self.short else { return };
        if short.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.short = match self.ballast.restore() {
            Room::Short => Some(Short {
                looked: Instant::now(),
                ..short
            }),
            Room::Enough => {
                tracing::info!("the disk has space again: calls are admitted");
                self.tell(short.since, now);
                None
            }
        };
    }

    /// A disk that is full again and again does not fill itself by telling so.
    fn tell(&mut self, since: Timestamp, until: Timestamp) {
        let Some(left_out) = self.records.count(until) else {
            return;
        };
        let mut event = AuditEvent::of_closed_time("disk", since, until);
        event.details = event.details.after_leaving_out(left_out);
        self.unrecorded = Some(event);
    }

    /// What the batch that begins has to record.
    pub(super) fn unrecorded(&self) -> Option<AuditEvent> {
        self.unrecorded.clone()
    }

    /// The batch is on disk.
    pub(super) fn recorded(&mut self) {
        self.unrecorded = None;
    }

    /// Whether a command has to wait for space: whatever does not end
    /// something. Settlements and revocations are what the ballast is for.
    pub(super) fn refuses(&self, command: &Command) -> bool {
        self.is_short()
            && match command {
                Command::Hold(..)
                | Command::HoldAnew(..)
                | Command::Open(..)
                | Command::Simulated(..)
                | Command::TopUpAccount(..)
                | Command::CreateAccount(..)
                | Command::Keys(_)
                | Command::Session(SessionCommand::Begin(..) | SessionCommand::See(..))
                | Command::Alerts(_)
                | Command::RecordEvent(..)
                | Command::Forget(..)
                | Command::Probe(_) => true,
                Command::ChangeToken(change, ..) => !matches!(change, TokenChange::Delete(_)),
                Command::Settle(..)
                | Command::SetAccountKey { .. }
                | Command::Session(SessionCommand::End(..) | SessionCommand::SetViewerKey(..))
                | Command::MadeBefore(..)
                | Command::HeldNow(_)
                | Command::CatchUp(_)
                | Command::WriteNoted(_)
                | Command::Close(_) => false,
            }
    }
}

/// Whether a failure says that the disk is full.
pub(crate) fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
