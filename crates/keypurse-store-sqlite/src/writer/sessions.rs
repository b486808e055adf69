//! Sessions begin and end, in the order of the changes of their keys.

use keypurse_core::id::{AccountId, SessionId};
use keypurse_core::time::Timestamp;
use keypurse_store::{Access, Account, CreateAccountError, NewSession, NewViewerKey, Session};
use rusqlite::params;

use super::batch::{Batch, Writer};
use super::command::Reply;
use crate::rows::{self, KeyOf};
use crate::sessions::access_code;

/// What the writer can be asked about sessions.
#[derive(Debug)]
pub(crate) enum SessionCommand {
    Begin(NewSession, Reply<Option<Session>>),
    See(SessionId, Timestamp, Reply<()>),
    End(AccountId, SessionId, Reply<bool>),
    /// Of the account with this name.
    SetViewerKey(
        String,
        Option<NewViewerKey>,
        Reply<Option<Account>, CreateAccountError>,
    ),
}

impl Writer {
    pub(super) fn decide_session(
        &self,
        command: SessionCommand,
        batch: &mut Batch,
    ) -> rusqlite::Result<()> {
        match command {
            SessionCommand::Begin(new, reply) => {
                let begun = self.begin_session(&new)?;
                batch.answer(reply, Ok(begun));
            }
            SessionCommand::See(id, now, reply) => {
                self.connection
                    .prepare_cached("UPDATE session SET seen_at = max(seen_at, ?) WHERE id = ?")?
                    .execute(params![now.micros(), id.0])?;
                batch.answer(reply, Ok(()));
            }
            SessionCommand::End(account, id, reply) => {
                let ended = self
                    .connection
                    .prepare_cached("DELETE FROM session WHERE account_id = ? AND id = ?")?
                    .execute([account.0, id.0])?;
                batch.answer(reply, Ok(ended > 0));
            }
            SessionCommand::SetViewerKey(name, key, reply) => {
                let result = self.set_viewer_key(&name, key, batch)?;
                batch.answer(reply, result);
            }
        }
        Ok(())
    }

    /// The key is asked for again here: it may have been replaced since it was
    /// recognised, and a session must not outlive its key.
    fn begin_session(&self, new: &NewSession) -> rusqlite::Result<Option<Session>> {
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
        Ok(Some(Session {
            id: SessionId(self.connection.last_insert_rowid()),
            account: new.account,
            access,
            began_at: new.now,
            seen_at: new.now,
            address: new.address,
            browser: new.browser.clone(),
        }))
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
