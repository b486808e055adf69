//! Opening the file: lock, settings, schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use keypurse_core::time::Clock;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use crate::audit_log::AuditKey;
use crate::backup::{CopyError, copy_private};
use crate::integrity::{self, CheckError, Damage};
use crate::migrations::{self, MigrationError};
use crate::usage;

/// SQLite before 3.51.3 can corrupt a file when a WAL is reset while another
/// connection checkpoints (SQLite release notes of 3.51.3).
const MIN_SQLITE: i32 = 3_051_003;
const BUSY_TIMEOUT_MS: u32 = 5000;

/// Where the store is and what it runs by.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; a lock file stands beside it.
    pub path: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The zone whose days bound reset periods and reports; the one the file
    /// was last used with where it is unknown.
    pub zone: TimeZone,
    /// What chains the records of the audit log.
    pub audit_key: AuditKey,
}

/// Why the store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("another keypurse process uses {}", .0.display())]
    InUse(PathBuf),
    /// The lock file cannot be made or locked.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was written by a newer version.
    #[error("the database has schema {found}, this version knows {known}")]
    NewerSchema {
        /// What the file has.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// A migration that ran is not the one this program has.
    #[error("migration {0} of the database differs from this program's")]
    ChangedMigration(u32),
    /// The linked SQLite has a known fault.
    #[error("SQLite {0} is too old; 3.51.3 or newer is needed")]
    OldSqlite(&'static str),
    /// No copy could be kept before a migration, so nothing was migrated.
    #[error("cannot keep a copy of {} before migrating it", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CopyError,
    },
    /// The folder cannot be flushed to disk.
    #[error("cannot write the folder {} to disk", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The audit log goes on under another key: records under this one could
    /// not be proved together with those before.
    #[error("audit.key is not the key the audit log of this database was written with")]
    OtherAuditKey,
    /// A file is not what was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A file cannot be read.
    #[error("cannot read the files of {}", path.display())]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite failed.
    #[error("cannot open the database {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// The write connection, and the lock that makes it the only one.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) lock: File,
    /// The zone whose days bound reset periods and reports.
    pub(crate) zone: TimeZone,
}

/// Locks the file, opens it for writing and brings its schema up to date.
pub(crate) fn open_writer(options: &SqliteOptions) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < MIN_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let lock = lock_beside(&options.path)?;
    // Before SQLite looks: it mends the end of its log by forgetting it.
    integrity::check(&options.path).map_err(|error| match error {
        CheckError::Damage(damage) => OpenError::Damaged(damage),
        CheckError::Io(source) => OpenError::Unreadable {
            path: options.path.clone(),
            source,
        },
    })?;
    let failed = |source| failed(&options.path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&options.path, flags).map_err(failed)?;
    configure_writer(&connection).map_err(failed)?;
    keep_old_schema(&options.path, &connection)?;
    migrations::run(&mut connection, options.clock.now()).map_err(|error| match error {
        MigrationError::Newer { found, known } => OpenError::NewerSchema { found, known },
        MigrationError::Changed(version) => OpenError::ChangedMigration(version),
        MigrationError::Sqlite(source) => failed(source),
    })?;
    let zone = usage::begin(&mut connection, &options.zone, options.clock.now()).map_err(failed)?;
    flush_folder(&options.path)?;
    Ok(Opened {
        connection,
        lock,
        zone,
    })
}

/// Changes a database nobody serves.
pub(crate) fn change_at_rest<T>(
    options: &SqliteOptions,
    change: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> Result<T, OpenError> {
    let path = &options.path;
    let mut opened = open_writer(options)?;
    integrity::forget(path).map_err(|source| OpenError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let changed = change(&mut opened.connection).and_then(|changed| {
        let empty_log = "PRAGMA wal_checkpoint(TRUNCATE)";
        opened.connection.query_row(empty_log, [], |_| Ok(changed))
    });
    changed.map_err(|source| failed(path, source))
}

/// A database that is about to be migrated is copied first: the way back to
/// the version that wrote it.
fn keep_old_schema(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let failed = |source| OpenError::Copy {
        path: path.to_owned(),
        source,
    };
    let found = migrations::found(connection).map_err(|error| failed(error.into()))?;
    if found == 0 || found >= migrations::newest() {
        return Ok(());
    }
    let kept = path.with_extension(format!("schema-{found}.db"));
    let unfinished = path.with_extension("schema-copy");
    copy_private(path, &unfinished).map_err(failed)?;
    std::fs::rename(&unfinished, &kept).map_err(|error| failed(error.into()))?;
    tracing::info!(copy = %kept.display(), "kept a copy of the database before migrating it");
    Ok(())
}

/// What a failure while opening says about the file.
pub(crate) fn failed(path: &Path, source: rusqlite::Error) -> OpenError {
    let is_nonsense = matches!(source, rusqlite::Error::FromSqlConversionFailure(..));
    let path = path.to_owned();
    if is_nonsense || is_damage(&source) {
        let what = source.to_string();
        return OpenError::Damaged(Damage { file: path, what });
    }
    OpenError::Sqlite { path, source }
}

/// Whether a failure says that the file is not what was written.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// That the files exist has to be on disk too: SQLite tries, and does not mind
/// failing.
fn flush_folder(database: &Path) -> Result<(), OpenError> {
    let folder = database
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    // Read-write flags: in WAL mode a reader takes part in the shared memory.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    // Whoever closes last writes nothing back: the next start checks it first.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The writer checkpoints itself, after it has answered, and notes it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(())
}

/// An OS lock, not a file's existence: it ends with the process, however that
/// ends.
fn lock_beside(database: &Path) -> Result<File, OpenError> {
    let path = database.with_extension("lock");
    let failed = |source| OpenError::Lock {
        path: path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
