//! What the writer still does while the disk is full.

use std::path::Path;
use std::time::{Duration, Instant};

use keypurse_store::TokenChange;
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
    /// Since when nothing is spent: when space was last looked for.
    short: Option<Instant>,
}

impl Space {
    pub(super) fn beside(database: &Path) -> Self {
        let mut space = Self {
            ballast: Ballast::beside(database),
            short: None,
        };
        if space.ballast.restore() == Room::Short {
            space.become_short();
        }
        space
    }

    pub(super) fn is_short(&self) -> bool {
        self.short.is_some()
    }

    /// A write did not fit: what is set aside is for ending calls.
    pub(super) fn ran_out(&mut self) {
        self.ballast.free();
        if self.short.is_none() {
            self.become_short();
        }
    }

    fn become_short(&mut self) {
        tracing::error!(
            "the disk is full: no call is admitted and nothing is changed until there is space"
        );
        self.short = Some(Instant::now());
    }

    /// Looks whether there is space again: enough to set the ballast aside.
    pub(super) fn look(&mut self) {
        let Some(looked) = self.short else { return };
        if looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.short = match self.ballast.restore() {
            Room::Short => Some(Instant::now()),
            Room::Enough => {
                tracing::info!("the disk has space again: calls are admitted");
                None
            }
        };
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
                | Command::HeldNow(_)
                | Command::WriteNoted(_)
                | Command::Close(_) => false,
            }
    }
}

/// Whether a failure says that the disk is full.
pub(crate) fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
