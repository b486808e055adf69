//! What each command asks for.

use keypurse_core::time::Timestamp;
use keypurse_store::{AuditEvent, HeldNow};

use super::batch::Batch;
use super::command::{Command, Reply};
use super::state::Writer;
use crate::audit_log;

impl Writer {
    pub(super) fn decide(
        &mut self,
        command: Command,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match command {
            Command::Hold(new, reply) => {
                let result = self.hold(&new, batch, now)?;
                batch.answer(reply, result);
            }
            Command::HoldAnew(new, reply) => {
                let result = self.hold_anew(&new, batch, now)?;
                batch.answer(reply, result);
            }
            Command::MadeBefore(claim, reply) => {
                batch.answer(reply, Ok(self.called_before(&claim)?));
            }
            Command::Open(call, floor, reply) => {
                let reached = self.open(call, floor, batch);
                batch.answer(reply, Ok(reached));
            }
            Command::Settle(settlement, reply) => {
                let charge = self.resolve(&settlement, batch, now)?;
                batch.answer(reply, Ok(charge));
            }
            Command::Simulated(call, reply) => {
                let result = self.record_simulated(&call, batch, now)?;
                batch.answer(reply, result);
            }
            Command::ChangeToken(change, guard, reply) => {
                let result = self.change_token(&change, guard, batch, now)?;
                batch.answer(reply, result);
            }
            Command::TopUpAccount(top_up, once, reply) => {
                let result = self.top_up_account(top_up, once, now)?;
                batch.answer(reply, result);
            }
            Command::CreateAccount(new, reply) => {
                let result = self.create_account(&new, batch)?;
                batch.answer(reply, result);
            }
            Command::SetAccountKey {
                name,
                key,
                actor,
                reply,
            } => {
                let result = self.set_account_key(&name, key, (actor, now), batch)?;
                batch.answer(reply, result);
            }
            Command::Session(command) => self.decide_session(command, batch, now)?,
            Command::Alerts(command) => self.decide_alerts(command, batch, now)?,
            Command::Keys(command) => self.decide_keys(command, batch, now)?,
            Command::RecordEvent(event, reply) => batch.answer(reply, Ok(self.record(&event)?)),
            Command::Forget(before, reply) => {
                let forgotten = self.forget_calls(before)?;
                batch.answer(reply, Ok(forgotten));
            }
            Command::HeldNow(reply) => batch.answer(reply, Ok(self.held_now())),
            Command::CatchUp(reply) | Command::WriteNoted(reply) => batch.answer(reply, Ok(())),
            Command::Probe(reply) => batch.answer(reply, Ok(self.probe()?)),
            Command::Close(reply) => self.prepare_to_close(batch, reply)?,
        }
        Ok(())
    }

    /// Has rows tell what a command may read there. On a full disk it reads what
    /// is there.
    pub(super) fn catch_up_for(&mut self, command: &Command) -> rusqlite::Result<()> {
        if command.reads_purses() && !self.space.is_short() {
            self.materialise()?;
        }
        Ok(())
    }

    fn prepare_to_close(&mut self, batch: &mut Batch, reply: Reply<()>) -> rusqlite::Result<()> {
        self.noted.close();
        // Without space the next start does it.
        if self.space.is_short() {
            self.lose_noted();
        } else {
            self.record_noted(batch, self.clock.now())?;
            self.materialise()?;
        }
        batch.closes = true;
        batch.answer(reply, Ok(()));
        Ok(())
    }

    fn held_now(&self) -> HeldNow {
        HeldNow {
            holds: self.ledger.open_holds(),
            money: self.ledger.held(),
        }
    }

    /// Adds to the audit log, in the transaction of what it tells.
    pub(super) fn record(&self, event: &AuditEvent) -> rusqlite::Result<()> {
        audit_log::append(&self.connection, &self.audit_key, event)
    }

    /// A write that goes all the way to the disk.
    fn probe(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA user_version = 1")
    }
}
