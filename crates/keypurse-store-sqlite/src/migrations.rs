//! Brings the schema up to date: append-only files, each in one transaction.

use aws_lc_rs::digest::{SHA256, digest};
use keypurse_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use thiserror::Error;

const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("../migrations/0001_start.sql")),
    (4, include_str!("../migrations/0004_token_classes.sql")),
];

#[derive(Debug, Error)]
pub(crate) enum MigrationError {
    #[error("schema {found} is newer than {known}")]
    Newer { found: u32, known: u32 },
    #[error("migration {0} was changed after it ran")]
    Changed(u32),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Runs what has not run. A crash leaves the schema before or after a
/// migration, never between.
pub(crate) fn run(connection: &mut Connection, now: Timestamp) -> Result<(), MigrationError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
             version    INTEGER PRIMARY KEY,
             checksum   BLOB NOT NULL,
             applied_at INTEGER NOT NULL
         ) STRICT",
    )?;
    let known = MIGRATIONS.last().expect("there is a first migration").0;
    let found: u32 =
        connection.query_row("SELECT ifnull(max(version), 0) FROM migration", [], |row| {
            row.get(0)
        })?;
    if found > known {
        return Err(MigrationError::Newer { found, known });
    }
    for (version, sql) in MIGRATIONS {
        apply(connection, *version, sql, now)?;
    }
    Ok(())
}

fn apply(
    connection: &mut Connection,
    version: u32,
    sql: &str,
    now: Timestamp,
) -> Result<(), MigrationError> {
    let checksum = digest(&SHA256, sql.as_bytes());
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied: Option<Vec<u8>> = transaction
        .query_row(
            "SELECT checksum FROM migration WHERE version = ?",
            [version],
            |row| row.get(0),
        )
        .optional()?;
    match applied {
        Some(known) if known == checksum.as_ref() => return Ok(()),
        Some(_) => return Err(MigrationError::Changed(version)),
        None => {}
    }
    transaction.execute_batch(sql)?;
    transaction.execute(
        "INSERT INTO migration (version, checksum, applied_at) VALUES (?, ?, ?)",
        params![version, checksum.as_ref(), now.micros()],
    )?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MigrationError, run};
    use keypurse_core::time::Timestamp;
    use rusqlite::Connection;

    #[test]
    fn migrations_run_once_and_only_as_they_are() {
        let mut connection = Connection::open_in_memory().unwrap();
        let now = Timestamp::from_micros(0);
        run(&mut connection, now).unwrap();
        run(&mut connection, now).unwrap();
        connection
            .execute(
                "UPDATE migration SET checksum = x'00' WHERE version = 1",
                [],
            )
            .unwrap();
        assert!(matches!(
            run(&mut connection, now),
            Err(MigrationError::Changed(1))
        ));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        let now = Timestamp::from_micros(0);
        run(&mut connection, now).unwrap();
        connection
            .execute("INSERT INTO migration VALUES (999, x'00', 0)", [])
            .unwrap();
        let refused = run(&mut connection, now);
        assert!(matches!(
            refused,
            Err(MigrationError::Newer {
                found: 999,
                known: 4
            })
        ));
    }
}
