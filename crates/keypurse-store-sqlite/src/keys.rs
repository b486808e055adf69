//! Which keys the stored secrets rely on, and which secrets rely on old ones.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use keypurse_core::id::SecretId;
use keypurse_core::time::Timestamp;
use keypurse_store::{
    KeyKind, KeyRecord, KeyVersions, Keys, Rekeyed, StaleSecret, StaleSecrets, StoreError,
};
use rusqlite::{Connection, params};

use crate::open::{OpenError, SqliteOptions, change_at_rest, open_reader};
use crate::store::SqliteStore;
use crate::writer::{Command, KeysCommand};

/// Names listed of what relies on a key; more are counted only.
const NAMES: usize = 20;

pub(crate) const fn kind_code(kind: KeyKind) -> i64 {
    match kind {
        KeyKind::Pepper => 1,
        KeyKind::Master => 2,
    }
}

#[async_trait]
impl Keys for SqliteStore {
    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.readers.read(records).await
    }

    async fn record_keys(&self, keys: Vec<KeyRecord>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Keys(KeysCommand::Record(keys, reply)))
            .await
    }

    async fn drop_key(&self, kind: KeyKind, version: u32) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Keys(KeysCommand::Drop(kind, version, reply)))
            .await
    }

    async fn stale_secrets(
        &self,
        after: SecretId,
        current: KeyVersions,
        limit: u32,
    ) -> Result<StaleSecrets, StoreError> {
        self.readers
            .read(move |connection| stale(connection, after, current, limit))
            .await
    }

    async fn rekey(&self, changes: Vec<Rekeyed>) -> Result<usize, StoreError> {
        self.ask(|reply| Command::Keys(KeysCommand::Rekey(changes, reply)))
            .await
    }
}

fn records(connection: &Connection) -> rusqlite::Result<Vec<KeyRecord>> {
    connection
        .prepare_cached(
            "SELECT kind, version, fingerprint, adopted_at FROM key_version
             ORDER BY kind, version",
        )?
        .query_map([], |row| {
            let kind = match row.get::<_, i64>(0)? {
                1 => KeyKind::Pepper,
                2 => KeyKind::Master,
                other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
            };
            Ok(KeyRecord {
                kind,
                version: row.get(1)?,
                check: row.get(2)?,
                adopted_at: row.get(3).map(Timestamp::from_micros)?,
            })
        })?
        .collect()
}

fn stale(
    connection: &Connection,
    after: SecretId,
    current: KeyVersions,
    limit: u32,
) -> rusqlite::Result<StaleSecrets> {
    // Read first: rows that come meanwhile are found by the next search.
    let last: i64 = connection
        .prepare_cached("SELECT ifnull(max(id), 0) FROM secret")?
        .query_row([], |row| row.get(0))?;
    let secrets = connection
        .prepare_cached(
            "SELECT id, digest, sealed, pepper, master FROM secret
             WHERE id > ?1 AND sealed IS NOT NULL AND (pepper <> ?2 OR master <> ?3)
             ORDER BY id LIMIT ?4",
        )?
        .query_map(
            params![after.0, current.pepper, current.master, limit],
            |row| {
                Ok(StaleSecret {
                    id: SecretId(row.get(0)?),
                    digest: row.get(1)?,
                    sealed: row.get(2)?,
                    keys: KeyVersions {
                        pepper: row.get(3)?,
                        master: row.get(4)?,
                    },
                })
            },
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let is_full = u32::try_from(secrets.len()).is_ok_and(|found| found >= limit);
    let through = match secrets.last() {
        Some(secret) if is_full => secret.id,
        found => SecretId(last.max(after.0).max(found.map_or(0, |secret| secret.id.0))),
    };
    Ok(StaleSecrets { secrets, through })
}

/// Whether a live secret or an account key needs this key.
pub(crate) fn relies_on(
    connection: &Connection,
    kind: KeyKind,
    version: u32,
) -> rusqlite::Result<bool> {
    let exists = |sql: &str| connection.prepare(sql)?.exists([version]);
    match kind {
        KeyKind::Pepper => Ok(exists("SELECT 1 FROM account WHERE pepper = ?")?
            || exists("SELECT 1 FROM viewer_key WHERE pepper = ?")?
            || exists("SELECT 1 FROM secret WHERE pepper = ?")?),
        KeyKind::Master => Ok(exists(
            "SELECT 1 FROM secret WHERE master = ? AND sealed IS NOT NULL",
        )? || exists("SELECT 1 FROM alert_rule WHERE master = ?")?),
    }
}

/// What relies on one version of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Secrets of tokens digested, or sealed copies made, under it.
    pub secrets: u64,
    /// Some of these tokens, by name.
    pub tokens: Vec<String>,
    /// Accounts whose key, or viewer key, was digested under it, by name.
    pub accounts: Vec<String>,
    /// Secrets that no longer work and are only remembered.
    pub retired: u64,
    /// Webhooks of alerts sealed under it.
    pub webhooks: u64,
}

impl KeyUsage {
    /// Whether nothing that works would be lost with the key.
    pub fn is_unused(&self) -> bool {
        self.secrets == 0 && self.accounts.is_empty() && self.webhooks == 0
    }
}

/// The keys a database relies on; works beside a live server.
pub fn key_records(path: &Path) -> rusqlite::Result<Vec<KeyRecord>> {
    records(&open_reader(path)?)
}

/// What relies on which key, beside a live server.
pub fn key_usage(path: &Path) -> rusqlite::Result<BTreeMap<(KeyKind, u32), KeyUsage>> {
    let connection = open_reader(path)?;
    connection.execute_batch("BEGIN")?;
    let mut usage = BTreeMap::<_, KeyUsage>::new();
    for (kind, column) in [(KeyKind::Pepper, "s.pepper"), (KeyKind::Master, "s.master")] {
        let only = match kind {
            KeyKind::Pepper => "",
            KeyKind::Master => "WHERE s.sealed IS NOT NULL",
        };
        let sql = format!(
            "SELECT {column}, t.name FROM secret s JOIN token t ON t.id = s.token_id {only}
             ORDER BY s.id"
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let usage = usage.entry((kind, row.get(0)?)).or_default();
            usage.secrets += 1;
            if usage.tokens.len() < NAMES {
                usage.tokens.push(row.get(1)?);
            }
        }
    }
    let mut accounts = connection.prepare(
        "SELECT pepper, name FROM account
         UNION ALL
         SELECT v.pepper, a.name || ' (viewer key)' FROM viewer_key v
         JOIN account a ON a.id = v.account_id",
    )?;
    let mut rows = accounts.query([])?;
    while let Some(row) = rows.next()? {
        let usage = usage.entry((KeyKind::Pepper, row.get(0)?)).or_default();
        usage.accounts.push(row.get(1)?);
    }
    let mut retired = connection.prepare("SELECT pepper, count(*) FROM retired GROUP BY pepper")?;
    let mut rows = retired.query([])?;
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(1)?;
        let usage = usage.entry((KeyKind::Pepper, row.get(0)?)).or_default();
        usage.retired = count.unsigned_abs();
    }
    for (master, count) in webhooks(&connection)? {
        let usage = usage.entry((KeyKind::Master, master)).or_default();
        usage.webhooks = count.unsigned_abs();
    }
    Ok(usage)
}

/// How many webhooks are sealed under which master key. An older server's
/// database has none.
fn webhooks(connection: &Connection) -> rusqlite::Result<Vec<(u32, i64)>> {
    if !connection.table_exists(None, "alert_rule")? {
        return Ok(Vec::new());
    }
    connection
        .prepare(
            "SELECT master, count(*) FROM alert_rule WHERE sealed IS NOT NULL GROUP BY master",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Gives up what relies on a key that is lost or not to be trusted, with the
/// server stopped. Secrets and account keys under a pepper stop working, their
/// tokens and accounts stay and can be given new ones; copies sealed under a
/// master key are dropped.
pub fn abandon_key(options: &SqliteOptions, kind: KeyKind, version: u32) -> Result<(), OpenError> {
    change_at_rest(options, |connection| {
        let transaction = connection.transaction()?;
        match kind {
            KeyKind::Pepper => {
                // No secret has a random digest. A copy is bound to its digest.
                transaction.execute(
                    "UPDATE secret SET digest = randomblob(32), sealed = NULL, pepper = 0
                     WHERE pepper = ?",
                    [version],
                )?;
                transaction.execute(
                    "UPDATE account SET key_digest = randomblob(32), pepper = 0 WHERE pepper = ?",
                    [version],
                )?;
                transaction.execute("DELETE FROM viewer_key WHERE pepper = ?", [version])?;
                transaction.execute("DELETE FROM session", [])?;
                transaction.execute("DELETE FROM retired WHERE pepper = ?", [version])?;
            }
            KeyKind::Master => {
                transaction.execute(
                    "UPDATE secret SET sealed = NULL WHERE master = ?",
                    [version],
                )?;
                transaction.execute(
                    "UPDATE alert_rule SET sealed = NULL, master = NULL, shown = NULL,
                         format = NULL, signed = NULL
                     WHERE master = ?",
                    [version],
                )?;
            }
        }
        transaction.execute(
            "DELETE FROM key_version WHERE kind = ? AND version = ?",
            params![kind_code(kind), version],
        )?;
        transaction.commit()
    })
}
