//! Changes of tokens, serialised with every charge.

use keypurse_core::id::{AccountId, SecretId, TokenId};
use keypurse_core::ledger::{EntryKind, SecretState};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenName, TokenSettings};
use keypurse_store::{
    CreateTokenError, Digest, NewToken, Rotation, Token, TokenUpdate, UpdateTokenError,
};
use rusqlite::params;

use super::batch::{Batch, Writer};
use crate::rows;

impl Writer {
    pub(super) fn create_token(
        &mut self,
        new: &NewToken,
    ) -> rusqlite::Result<Result<Token, CreateTokenError>> {
        let settings = &new.settings;
        if rows::token_named(&self.connection, new.account, &settings.name)?.is_some() {
            return Ok(Err(CreateTokenError::NameTaken));
        }
        self.connection
            .prepare_cached(
                "INSERT INTO token (account_id, name, kind, balance, has_budget, expires_at,
                     overdraft, reset_period, reset_amount, reset_next_at, created_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                new.account.0,
                settings.name.as_str(),
                rows::kind_code(settings.kind),
                new.balance.nanos(),
                settings.has_budget,
                settings.expires_at.map(Timestamp::micros),
                rows::overdraft_code(settings.overdraft),
                settings.reset.map(|reset| rows::period_code(reset.period)),
                settings.reset.map(|reset| reset.amount.nanos()),
                settings.reset.map(|reset| reset.next_at.micros()),
                new.now.micros(),
            ])?;
        let id = TokenId(self.connection.last_insert_rowid());
        self.insert_secret(id, &new.digest, new.sealed.as_deref(), new.now)?;
        self.connection
            .prepare_cached(
                "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, at)
                 VALUES (?, ?, ?, ?4, ?4, ?5)",
            )?
            .execute(params![
                new.account.0,
                id.0,
                rows::entry_kind_code(EntryKind::Open),
                new.balance.nanos(),
                new.now.micros()
            ])?;
        Ok(Ok(Token {
            id,
            account: new.account,
            settings: settings.clone(),
            balance: new.balance,
            digest: new.digest,
            sealed: new.sealed.clone(),
            created_at: new.now,
        }))
    }

    fn insert_secret(
        &self,
        token: TokenId,
        digest: &Digest,
        sealed: Option<&[u8]>,
        now: Timestamp,
    ) -> rusqlite::Result<SecretId> {
        self.connection
            .prepare_cached(
                "INSERT INTO secret (token_id, digest, sealed, created_at) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![token.0, digest, sealed, now.micros()])?;
        Ok(SecretId(self.connection.last_insert_rowid()))
    }

    pub(super) fn update_token(
        &mut self,
        update: &TokenUpdate,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Result<Option<Token>, UpdateTokenError>> {
        let Some(mut token) = self.find_loaded(update.account, &update.name)? else {
            return Ok(Ok(None));
        };
        self.ledger.reset_if_due(token.id, now);
        // Memory knows of resets that are not flushed yet.
        token.settings.reset = self.ledger.token(token.id).and_then(|state| state.reset);
        let changed = token
            .settings
            .changed(&update.change, now, self.ledger.zone());
        token.settings = match changed {
            Ok(settings) => settings,
            Err(faults) => return Ok(Err(UpdateTokenError::Invalid(faults))),
        };
        self.write_settings(token.id, &token.settings)?;
        self.ledger
            .apply_settings(token.id, &token.settings, update.change.balance, now);
        batch
            .stale
            .extend(rows::digests_of(&self.connection, token.id)?);
        token.balance = self.balance_of(token.id);
        Ok(Ok(Some(token)))
    }

    fn write_settings(&self, id: TokenId, settings: &TokenSettings) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE token SET has_budget = ?, expires_at = ?, overdraft = ?,
                     reset_period = ?, reset_amount = ?, reset_next_at = ? WHERE id = ?",
            )?
            .execute(params![
                settings.has_budget,
                settings.expires_at.map(Timestamp::micros),
                rows::overdraft_code(settings.overdraft),
                settings.reset.map(|reset| rows::period_code(reset.period)),
                settings.reset.map(|reset| reset.amount.nanos()),
                settings.reset.map(|reset| reset.next_at.micros()),
                id.0,
            ])?;
        Ok(())
    }

    pub(super) fn rotate_token(
        &mut self,
        rotation: &Rotation,
        batch: &mut Batch,
    ) -> rusqlite::Result<Option<Token>> {
        let Some(mut token) = self.find_loaded(rotation.account, &rotation.name)? else {
            return Ok(None);
        };
        self.retire_secrets(token.id, batch)?;
        self.connection
            .prepare_cached("DELETE FROM secret WHERE token_id = ? AND valid_until IS NOT NULL")?
            .execute([token.id.0])?;
        let old_until = Some(rotation.old_until).filter(|until| *until > rotation.now);
        let retire = match old_until {
            Some(_) => "UPDATE secret SET valid_until = ?2 WHERE token_id = ?1",
            None => "DELETE FROM secret WHERE token_id = ?1 AND ?2 IS NULL",
        };
        self.connection
            .prepare_cached(retire)?
            .execute(params![token.id.0, old_until.map(Timestamp::micros)])?;
        let sealed = rotation.sealed.as_deref();
        let secret = self.insert_secret(token.id, &rotation.digest, sealed, rotation.now)?;
        let state = SecretState {
            id: secret,
            valid_until: None,
        };
        self.ledger.rotate_token(token.id, state, old_until);
        token.digest = rotation.digest;
        token.sealed.clone_from(&rotation.sealed);
        // Memory knows of resets of this batch, which are not flushed yet.
        token.settings.reset = self.ledger.token(token.id).and_then(|state| state.reset);
        token.balance = self.balance_of(token.id);
        Ok(Some(token))
    }

    pub(super) fn delete_token(
        &mut self,
        account: AccountId,
        name: &TokenName,
        at: Timestamp,
        batch: &mut Batch,
    ) -> rusqlite::Result<Option<TokenId>> {
        let Some(token) = self.find_loaded(account, name)? else {
            return Ok(None);
        };
        self.retire_secrets(token.id, batch)?;
        self.connection
            .prepare_cached("UPDATE token SET deleted_at = ? WHERE id = ?")?
            .execute(params![at.micros(), token.id.0])?;
        self.connection
            .prepare_cached("DELETE FROM secret WHERE token_id = ?")?
            .execute([token.id.0])?;
        self.ledger.delete_token(token.id);
        Ok(Some(token.id))
    }

    /// Remembers a token's secrets as such that once worked.
    fn retire_secrets(&self, id: TokenId, batch: &mut Batch) -> rusqlite::Result<()> {
        let digests = rows::digests_of(&self.connection, id)?;
        rows::retire(&self.connection, &digests)?;
        batch.stale.extend(digests);
        Ok(())
    }

    fn find_loaded(
        &mut self,
        account: AccountId,
        name: &TokenName,
    ) -> rusqlite::Result<Option<Token>> {
        let token = rows::token_named(&self.connection, account, name)?;
        if let Some(token) = &token {
            self.ensure_token(token.id)?;
        }
        Ok(token)
    }

    fn balance_of(&self, id: TokenId) -> keypurse_core::money::Money {
        self.ledger
            .token(id)
            .expect("found, so loaded")
            .purse
            .balance
    }
}
