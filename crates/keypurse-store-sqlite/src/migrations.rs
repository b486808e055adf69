//! Brings the schema up to date: append-only files, each in one transaction.

use aws_lc_rs::digest::{SHA256, digest};
use keypurse_core::time::Timestamp;
use keypurse_store::failpoint;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use thiserror::Error;

const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("../migrations/0001_start.sql")),
    (2, include_str!("../migrations/0002_top_ups.sql")),
    (3, include_str!("../migrations/0003_late_rows.sql")),
    (4, include_str!("../migrations/0004_token_classes.sql")),
    (5, include_str!("../migrations/0005_instance.sql")),
    (6, include_str!("../migrations/0006_further_settings.sql")),
    (7, include_str!("../migrations/0007_units.sql")),
    (8, include_str!("../migrations/0008_usage.sql")),
    (9, include_str!("../migrations/0009_audit_log.sql")),
    (10, include_str!("../migrations/0010_sessions.sql")),
    (11, include_str!("../migrations/0011_alerts.sql")),
    (
        12,
        include_str!("../migrations/0012_balances_with_rows.sql"),
    ),
    (13, include_str!("../migrations/0013_state_in_a_range.sql")),
    (
        14,
        include_str!("../migrations/0014_floors_with_counts.sql"),
    ),
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

/// The newest schema this program knows.
pub(crate) fn newest() -> u32 {
    MIGRATIONS.last().expect("there is a first migration").0
}

/// The schema a database has; 0: it is new.
pub(crate) fn found(connection: &Connection) -> rusqlite::Result<u32> {
    if !connection.table_exists(None, "migration")? {
        return Ok(0);
    }
    connection.query_row("SELECT ifnull(max(version), 0) FROM migration", [], |row| {
        row.get(0)
    })
}

/// Runs what has not run. A crash leaves the schema before or after a
/// migration, never between.
pub(crate) fn run(connection: &mut Connection, now: Timestamp) -> Result<(), MigrationError> {
    make_own_table(connection)?;
    let known = newest();
    let found = found(connection)?;
    if found > known {
        return Err(MigrationError::Newer { found, known });
    }
    run_up_to(connection, known, now)
}

fn make_own_table(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
             version    INTEGER PRIMARY KEY,
             checksum   BLOB NOT NULL,
             applied_at INTEGER NOT NULL
         ) STRICT",
    )
}

fn run_up_to(connection: &mut Connection, last: u32, now: Timestamp) -> Result<(), MigrationError> {
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version <= last) {
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
    failpoint::reach("store.migrate");
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MigrationError, make_own_table, run, run_up_to};
    use crate::call_row::{INSERT, NUMBERS};
    use keypurse_core::time::Timestamp;
    use rusqlite::{Connection, params_from_iter};

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
            Err(MigrationError::Newer { found: 999, .. })
        ));
    }

    #[test]
    fn a_database_of_the_first_schema_keeps_its_entries() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        let now = Timestamp::from_micros(0);
        make_own_table(&connection).unwrap();
        run_up_to(&mut connection, 1, now).unwrap();
        connection
            .execute_batch(
                "INSERT INTO account VALUES (7, 'a', zeroblob(32), 5, 0, 1);
                 INSERT INTO token (id, account_id, name, kind, balance, has_budget, overdraft,
                     created_at) VALUES (9, 7, 't', 0, 25, 1, 0, 1);
                 INSERT INTO entry VALUES (1, 7, NULL, 1, 5, 5, 10), (4, 7, 9, 1, 30, 30, 11),
                     (5, 7, 9, 2, -7, 23, 12), (6, 7, 9, 3, 2, 25, 13);",
            )
            .unwrap();
        run(&mut connection, now).unwrap();
        let rows: Vec<[Option<i64>; 7]> = connection
            .prepare("SELECT id, account_id, token_id, kind, amount, balance_after, at FROM entry")
            .unwrap()
            .query_map([], |row| {
                let mut columns = [None; 7];
                for (index, column) in columns.iter_mut().enumerate() {
                    *column = row.get(index)?;
                }
                Ok(columns)
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let expected = [
            [Some(1), Some(7), None, Some(1), Some(5), Some(5), Some(10)],
            [4, 7, 9, 1, 30, 30, 11].map(Some),
            [5, 7, 9, 2, -7, 23, 12].map(Some),
            [6, 7, 9, 3, 2, 25, 13].map(Some),
        ];
        assert_eq!(rows, expected);
        let noted =
            "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, note, at)
             VALUES (7, 9, 4, 1, 26, 'why', 14)";
        connection.execute(noted, []).unwrap();
        let orphan =
            "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, note, at)
             VALUES (7, 10, 4, 1, 26, NULL, 14)";
        connection.execute(orphan, []).unwrap_err();
        let unknown =
            "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, note, at)
             VALUES (7, 9, 6, 1, 26, NULL, 14)";
        connection.execute(unknown, []).unwrap_err();
    }

    #[test]
    fn a_database_of_the_first_schema_gets_continuous_statements() {
        let mut connection = Connection::open_in_memory().unwrap();
        let now = Timestamp::from_micros(0);
        make_own_table(&connection).unwrap();
        run_up_to(&mut connection, 1, now).unwrap();
        connection
            .execute_batch(
                "INSERT INTO account VALUES (7, 'a', zeroblob(32), -5, 1, 1);
                 INSERT INTO token (id, account_id, name, kind, balance, has_budget, overdraft,
                     created_at) VALUES (9, 7, 't', 0, 25, 1, 0, 1);
                 INSERT INTO entry VALUES (1, 7, NULL, 1, 0, 0, 10), (4, 7, 9, 1, 30, 30, 11),
                     (5, 7, 9, 2, -3, 25, 30);
                 INSERT INTO call VALUES
                     (50, 1, 7, 9, 1, 1, 1, 0, 200, 1, 0, 1, 0, 0, 0, 1, 0, 0, 9, 2, 2, 1, 0, 12, 20),
                     (51, 1, 7, NULL, 1, 1, 1, 0, 200, 1, 0, 1, 0, 0, 0, 1, 0, 0, 9, 3, 3, 0, 0, 13, 40);",
            )
            .unwrap();
        run(&mut connection, now).unwrap();
        let rows = |sql: &str| -> Vec<[i64; 3]> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]));
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(
            rows("SELECT id, line, balance_after FROM entry ORDER BY line"),
            [[1, 1, 0], [4, 2, 30], [5, 4, 25]]
        );
        assert_eq!(
            rows("SELECT line, balance_after, account_after FROM call ORDER BY line"),
            [[3, 28, -2], [5, 0, -5]]
        );
        assert_eq!(
            rows("SELECT id, materialised, last_line FROM progress"),
            [[1, 5, 5]]
        );
    }

    #[test]
    fn a_row_of_a_call_is_checked_without_a_table_of_its_own() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, Timestamp::from_micros(0)).unwrap();
        let explain = format!("EXPLAIN {}", *INSERT);
        let mut statement = connection.prepare(&explain).unwrap();
        let mut numbers = [0_i64; NUMBERS];
        let steps = statement.query_map(params_from_iter(numbers), |row| row.get("opcode"));
        let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        assert!(!steps.contains(&"OpenEphemeral".to_owned()), "{steps:?}");
        for (state, is_known) in [(0, false), (1, true), (4, true), (5, false)] {
            (numbers[0], numbers[10]) = (state, state);
            let inserted = connection.execute(&INSERT, params_from_iter(numbers));
            assert_eq!(inserted.is_ok(), is_known, "{state}: {inserted:?}");
        }
        let sound: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }
}
