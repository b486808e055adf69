//! Sessions begin and end, in the order of the changes of their keys.

use keypurse_core::id::{AccountId, SessionId};
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Access, Account, Action, Actor, AuditEvent, CreateAccountError, NewSession, NewViewerKey,
    Session, Who,
};
use rusqlite::params;

use super::batch::Batch;
use super::command::Reply;
use super::state::Writer;
use crate::rows::{self, KeyOf};
use crate::sessions::access_code;

/// What the writer can be asked about sessions.
#[derive(Debug)]
pub(crate) enum SessionCommand {
    Begin(NewSession, Reply<Option<Session>>),
    See(SessionId, Timestamp, Reply<()>),
    End((AccountId, SessionId), Actor, Reply<bool>),
    /// Of the account with this name.
    SetViewerKey(
        String,
        Option<NewViewerKey>,
        Actor,
        Reply<Option<Account>, CreateAccountError>,
    ),
}

impl Writer {
    pub(super) fn decide_session(
        &self,
        command: SessionCommand,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match command {
            SessionCommand::Begin(new, reply) => {
                let begun = self.begin_session(&new, now)?;
                batch.answer(reply, Ok(begun));
            }
            SessionCommand::See(id, seen_at, reply) => {
                self.connection
                    .prepare_cached("UPDATE session SET seen_at = max(seen_at, ?) WHERE id = ?")?
                    .execute(params![seen_at.micros(), id.0])?;
                batch.answer(reply, Ok(()));
            }
            SessionCommand::End(session, actor, reply) => {
                let ended = self.end_session(session, actor, now)?;
                batch.answer(reply, Ok(ended));
            }
            SessionCommand::SetViewerKey(name, key, actor, reply) => {
                let result = self.set_viewer_key(&name, key, (actor, now), batch)?;
                batch.answer(reply, result);
            }
        }
        Ok(())
    }

    /// The key is asked for again here: it may have been replaced since it was
    /// recognised, and a session must not outlive its key.
    fn begin_session(&self, new: &NewSession, now: Timestamp) -> rusqlite::Result<Option<Session>> {
        let mut access = None;
        for digest in &new.key {
            access = access.or(match rows::key_of(&self.connection, new.account, digest)? {
                Some(KeyOf::Account) => Some(Access::Full),
                Some(KeyOf::Viewer) => Some(Access::ReadOnly),
                None => None,
            });
        }
        let Some(access) = access else {
            return Ok(None);
        };
        self.forget_sessions(new.now)?;
        self.connection
            .prepare_cached(
                "INSERT INTO session
                     (digest, account_id, access, began_at, seen_at, address, browser)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
            )?
            .execute(params![
                new.digest,
                new.account.0,
                access_code(access),
                new.now.micros(),
                new.address.to_string(),
                new.browser,
            ])?;
        let id = SessionId(self.connection.last_insert_rowid());
        let who = match access {
            Access::Full => Who::AccountKey,
            Access::ReadOnly => Who::Viewer,
        };
        let actor = Actor::at(who, new.address);
        let session = (new.account, id);
        self.record(&AuditEvent::of_session(session, Action::SignIn, actor, now))?;
        Ok(Some(Session {
            id,
            account: new.account,
            access,
            began_at: new.now,
            seen_at: new.now,
            address: new.address,
            browser: new.browser.clone(),
        }))
    }

    /// One that ended before is not recorded again.
    fn end_session(
        &self,
        (account, id): (AccountId, SessionId),
        actor: Actor,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        let ended = self
            .connection
            .prepare_cached("DELETE FROM session WHERE account_id = ? AND id = ?")?
            .execute([account.0, id.0])?;
        if ended == 0 {
            return Ok(false);
        }
        let action = if actor.who == Who::Session(id.0) {
            Action::SignOut
        } else {
            Action::SessionEnd
        };
        self.record(&AuditEvent::of_session((account, id), action, actor, now))?;
        Ok(true)
    }

    /// Those that are over, as `Session::is_over` says it.
    fn forget_sessions(&self, now: Timestamp) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM session WHERE seen_at <= ? OR began_at <= ?")?
            .execute([
                now.plus_seconds(-Session::IDLE_SECONDS).micros(),
                now.plus_seconds(-Session::LONGEST_SECONDS).micros(),
            ])?;
        Ok(())
    }

    /// A key that stops working takes its sessions along.
    pub(super) fn end_sessions(&self, of: AccountId, access: Access) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM session WHERE account_id = ? AND access = ?")?
            .execute([of.0, access_code(access)])?;
        Ok(())
    }
}
