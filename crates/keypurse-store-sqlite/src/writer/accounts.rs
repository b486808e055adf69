//! New accounts and new account keys.

use keypurse_core::id::AccountId;
use keypurse_core::ledger::PurseId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Access, Account, AccountTopUp, Action, Actor, AuditEvent, CreateAccountError, Details, Digest,
    NewAccount, NewViewerKey, Once,
};
use rusqlite::{OptionalExtension, params};

use super::batch::Batch;
use super::change::Decided;
use super::state::Writer;
use crate::rows;

impl Writer {
    pub(super) fn create_account(
        &mut self,
        new: &NewAccount,
        batch: &mut Batch,
    ) -> rusqlite::Result<Result<Account, CreateAccountError>> {
        if rows::account_named(&self.connection, &new.name)?.is_some() {
            return Ok(Err(CreateAccountError::NameTaken));
        }
        if rows::credential(&self.connection, &new.key_digest)?.is_some() {
            return Ok(Err(CreateAccountError::KeyTaken));
        }
        let balance = new.credits.unwrap_or(Money::ZERO);
        let unlimited = new.credits.is_none();
        self.connection.execute(
            "INSERT INTO account (name, key_digest, pepper, balance, unlimited, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![
                new.name,
                new.key_digest,
                new.pepper,
                balance.nanos(),
                unlimited,
                new.now.micros()
            ],
        )?;
        let id = AccountId(self.connection.last_insert_rowid());
        self.enter_opening(PurseId::Account(id), balance, new.now, batch);
        let account = Account {
            id,
            name: new.name.clone(),
            balance,
            unlimited,
        };
        let event = AuditEvent::of_new_account(&account, new.credits, new.actor, new.now);
        self.record(&event)?;
        Ok(Ok(account))
    }

    pub(super) fn set_account_key(
        &mut self,
        name: &str,
        (digest, pepper): (Digest, u32),
        (actor, now): (Actor, Timestamp),
        batch: &mut Batch,
    ) -> rusqlite::Result<Result<Option<Account>, CreateAccountError>> {
        let Some(account) = rows::account_named(&self.connection, name)? else {
            return Ok(Ok(None));
        };
        let old: Option<Digest> = self
            .connection
            .query_row(
                "SELECT key_digest FROM account WHERE id = ?",
                [account.id.0],
                |row| row.get(0),
            )
            .optional()?;
        if old == Some(digest) {
            return Ok(Ok(Some(account)));
        }
        if rows::credential(&self.connection, &digest)?.is_some() {
            return Ok(Err(CreateAccountError::KeyTaken));
        }
        rows::retire(&self.connection, old.as_slice())?;
        self.end_sessions(account.id, Access::Full)?;
        self.connection.execute(
            "UPDATE account SET key_digest = ?, pepper = ? WHERE id = ?",
            params![digest, pepper, account.id.0],
        )?;
        batch.stale.extend(old);
        let action = (Action::AccountResetKey, Details::none());
        self.record(&AuditEvent::of_account(&account, action, actor, now))?;
        Ok(Ok(Some(account)))
    }

    pub(super) fn set_viewer_key(
        &self,
        name: &str,
        key: Option<NewViewerKey>,
        (actor, now): (Actor, Timestamp),
        batch: &mut Batch,
    ) -> rusqlite::Result<Result<Option<Account>, CreateAccountError>> {
        let Some(account) = rows::account_named(&self.connection, name)? else {
            return Ok(Ok(None));
        };
        if let Some(key) = &key
            && rows::credential(&self.connection, &key.digest)?.is_some()
        {
            return Ok(Err(CreateAccountError::KeyTaken));
        }
        let old: Option<Digest> = self
            .connection
            .query_row(
                "SELECT digest FROM viewer_key WHERE account_id = ?",
                [account.id.0],
                |row| row.get(0),
            )
            .optional()?;
        rows::retire(&self.connection, old.as_slice())?;
        self.end_sessions(account.id, Access::ReadOnly)?;
        self.connection.execute(
            "DELETE FROM viewer_key WHERE account_id = ?",
            [account.id.0],
        )?;
        if let Some(key) = &key {
            self.connection.execute(
                "INSERT INTO viewer_key (account_id, digest, pepper, created_at)
                 VALUES (?, ?, ?, ?)",
                params![account.id.0, key.digest, key.pepper, key.now.micros()],
            )?;
        }
        let was_there = old.is_some();
        batch.stale.extend(old);
        let action = match key {
            Some(_) => Action::ViewerKeyCreate,
            None if was_there => Action::ViewerKeyDelete,
            None => return Ok(Ok(Some(account))),
        };
        let action = (action, Details::none());
        self.record(&AuditEvent::of_account(&account, action, actor, now))?;
        Ok(Ok(Some(account)))
    }

    pub(super) fn top_up_account(
        &mut self,
        credit: AccountTopUp,
        once: Option<Once<Account>>,
        now: Timestamp,
    ) -> Decided<Account> {
        let AccountTopUp {
            account,
            top_up,
            actor,
        } = credit;
        self.once(once, now, |writer| {
            writer.ensure_account(account)?;
            let purse = PurseId::Account(account);
            let balance = writer.ledger.top_up(purse, top_up.clone(), now)?;
            let stored = rows::account_by_id(&writer.connection, account)?;
            let stored = stored.expect("loaded, so there");
            let account = Account { balance, ..stored };
            let event = AuditEvent::of_account_top_up(&account, &top_up, actor, now);
            writer.record(&event)?;
            Ok(account)
        })
    }
}
