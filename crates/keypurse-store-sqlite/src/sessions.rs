//! Sessions: changed by the writer, read beside it.

use async_trait::async_trait;
use keypurse_core::id::{AccountId, SessionId};
use keypurse_core::time::Timestamp;
use keypurse_store::{Access, Actor, Digest, NewSession, Session, Sessions, StoreError};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::SqliteStore;
use crate::writer::{Command, SessionCommand};

const COLUMNS: &str = "id, account_id, access, began_at, seen_at, address, browser";

#[async_trait]
impl Sessions for SqliteStore {
    async fn begin_session(&self, new: NewSession) -> Result<Option<Session>, StoreError> {
        self.ask(|reply| Command::Session(SessionCommand::Begin(new, reply)))
            .await
    }

    async fn session(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let digest = *digest;
        let found = self
            .readers
            .read(move |connection| by_digest(connection, &digest));
        Ok(found.await?.filter(|session| !session.is_over(now)))
    }

    async fn see_session(&self, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
        self.ask(|reply| Command::Session(SessionCommand::See(id, now, reply)))
            .await
    }

    async fn end_session(
        &self,
        account: AccountId,
        id: SessionId,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Session(SessionCommand::End((account, id), actor, reply)))
            .await
    }

    async fn sessions(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let found = self
            .readers
            .read(move |connection| of_account(connection, account));
        let live = found.await?.into_iter();
        Ok(live.filter(|session| !session.is_over(now)).collect())
    }
}

pub(crate) const fn access_code(access: Access) -> i64 {
    match access {
        Access::Full => 1,
        Access::ReadOnly => 2,
    }
}

fn by_digest(connection: &Connection, digest: &Digest) -> rusqlite::Result<Option<Session>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM session WHERE digest = ?"))?
        .query_row([digest], read)
        .optional()
}

fn of_account(connection: &Connection, account: AccountId) -> rusqlite::Result<Vec<Session>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM session WHERE account_id = ? ORDER BY id DESC"
        ))?
        .query_map([account.0], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    let bad = |column, what: &'static str| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    let address: String = row.get(5)?;
    Ok(Session {
        id: SessionId(row.get(0)?),
        account: AccountId(row.get(1)?),
        access: match row.get(2)? {
            1 => Access::Full,
            2 => Access::ReadOnly,
            _ => return Err(bad(2, "unknown access")),
        },
        began_at: row.get(3).map(Timestamp::from_micros)?,
        seen_at: row.get(4).map(Timestamp::from_micros)?,
        address: address.parse().map_err(|_| bad(5, "not an address"))?,
        browser: row.get(6)?,
    })
}
