//! Changes of tokens, serialised with every charge.

use keypurse_core::id::{SecretId, TokenId};
use keypurse_core::ledger::{PurseId, SecretState, TopUp};
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenSettings;
use keypurse_store::{ChangeError, Digest, KeyVersions, NewToken, Rotation, Token, TokenUpdate};
use rusqlite::params;

use super::batch::Batch;
use super::change::Undone;
use super::state::Writer;
use crate::{further, rows};

/// What a secret's row keeps of it.
struct MadeSecret<'a> {
    digest: &'a Digest,
    sealed: Option<&'a [u8]>,
    keys: KeyVersions,
}

impl Writer {
    pub(super) fn create_token(
        &mut self,
        new: &NewToken,
        batch: &mut Batch,
    ) -> Result<Token, Undone> {
        let settings = &new.settings;
        if rows::token_named(&self.connection, new.account, &settings.name)?.is_some() {
            return Err(ChangeError::NameTaken.into());
        }
        self.connection
            .prepare_cached(
                "INSERT INTO token (account_id, name, kind, balance, has_budget, expires_at,
                     overdraft, reset_period, reset_amount, reset_next_at, created_at, further)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                further::write(settings),
            ])?;
        let id = TokenId(self.connection.last_insert_rowid());
        let made = MadeSecret {
            digest: &new.digest,
            sealed: new.sealed.as_deref(),
            keys: new.keys,
        };
        self.insert_secret(id, &made, new.now)?;
        self.ensure_token(id)?;
        self.enter_opening(PurseId::Token(id), new.balance, new.now, batch);
        Ok(Token {
            id,
            account: new.account,
            settings: settings.clone(),
            balance: new.balance,
            digest: new.digest,
            sealed: new.sealed.clone(),
            created_at: new.now,
        })
    }

    fn insert_secret(
        &self,
        token: TokenId,
        made: &MadeSecret<'_>,
        now: Timestamp,
    ) -> rusqlite::Result<SecretId> {
        self.connection
            .prepare_cached(
                "INSERT INTO secret (token_id, digest, sealed, pepper, master, created_at)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                token.0,
                made.digest,
                made.sealed,
                made.keys.pepper,
                made.keys.master,
                now.micros()
            ])?;
        Ok(SecretId(self.connection.last_insert_rowid()))
    }

    pub(super) fn update_token(
        &mut self,
        mut token: Token,
        update: &TokenUpdate,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<Token, Undone> {
        self.ledger.reset_if_due(token.id, now);
        self.bring_up_to_date(&mut token);
        token.settings = token
            .settings
            .changed(&update.change, now, self.ledger.zone())?;
        self.write_settings(token.id, &token.settings)?;
        self.ledger
            .apply_settings(token.id, &token.settings, update.change.balance, now);
        batch
            .stale
            .extend(rows::digests_of(&self.connection, token.id)?);
        self.bring_up_to_date(&mut token);
        Ok(token)
    }

    pub(super) fn top_up_token(
        &mut self,
        mut token: Token,
        top_up: &TopUp,
        now: Timestamp,
    ) -> Result<Token, Undone> {
        let purse = PurseId::Token(token.id);
        self.ledger.top_up(purse, top_up.clone(), now)?;
        self.bring_up_to_date(&mut token);
        Ok(token)
    }

    fn write_settings(&self, id: TokenId, settings: &TokenSettings) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE token SET has_budget = ?, expires_at = ?, overdraft = ?,
                     reset_period = ?, reset_amount = ?, reset_next_at = ?, further = ?
                 WHERE id = ?",
            )?
            .execute(params![
                settings.has_budget,
                settings.expires_at.map(Timestamp::micros),
                rows::overdraft_code(settings.overdraft),
                settings.reset.map(|reset| rows::period_code(reset.period)),
                settings.reset.map(|reset| reset.amount.nanos()),
                settings.reset.map(|reset| reset.next_at.micros()),
                further::write(settings),
                id.0,
            ])?;
        Ok(())
    }

    pub(super) fn rotate_token(
        &mut self,
        mut token: Token,
        rotation: &Rotation,
        batch: &mut Batch,
    ) -> Result<Token, Undone> {
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
        let made = MadeSecret {
            digest: &rotation.digest,
            sealed: rotation.sealed.as_deref(),
            keys: rotation.keys,
        };
        let secret = self.insert_secret(token.id, &made, rotation.now)?;
        let state = SecretState {
            id: secret,
            valid_until: None,
        };
        self.ledger.rotate_token(token.id, state, old_until);
        token.digest = rotation.digest;
        token.sealed.clone_from(&rotation.sealed);
        Ok(token)
    }

    pub(super) fn delete_token(
        &mut self,
        token: Token,
        at: Timestamp,
        batch: &mut Batch,
    ) -> Result<Token, Undone> {
        self.retire_secrets(token.id, batch)?;
        self.connection
            .prepare_cached("UPDATE token SET deleted_at = ? WHERE id = ?")?
            .execute(params![at.micros(), token.id.0])?;
        self.connection
            .prepare_cached("DELETE FROM secret WHERE token_id = ?")?
            .execute([token.id.0])?;
        self.ledger.delete_token(token.id);
        Ok(token)
    }

    /// Remembers a token's secrets as such that once worked.
    fn retire_secrets(&self, id: TokenId, batch: &mut Batch) -> rusqlite::Result<()> {
        let digests = rows::digests_of(&self.connection, id)?;
        rows::retire(&self.connection, &digests)?;
        batch.stale.extend(digests);
        Ok(())
    }
}
