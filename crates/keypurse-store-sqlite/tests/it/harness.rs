//! A store in a folder of its own, with a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_store::{Calls, Store, conformance};
use keypurse_store_sqlite::{AuditKey, OpenError, SqliteOptions, SqliteStore, audit};
use tempfile::TempDir;

#[derive(Debug)]
struct StoppedClock(Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock nobody can trust: nothing after the tests' instant is certain.
#[derive(Debug)]
struct UncertainClock(Timestamp);

impl Clock for UncertainClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn proven(&self) -> Timestamp {
        conformance::NOW
    }
}

pub(crate) struct TestStore {
    pub(crate) folder: TempDir,
    store: SqliteStore,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        Self::reopened(tempfile::tempdir().expect("a folder")).expect("a fresh store")
    }

    pub(crate) fn reopened(folder: TempDir) -> Result<Self, OpenError> {
        Self::reopened_in_zone(folder, TimeZone::UTC)
    }

    pub(crate) fn in_zone(zone: TimeZone) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::reopened_in_zone(folder, zone).expect("a fresh store")
    }

    pub(crate) fn reopened_in_zone(folder: TempDir, zone: TimeZone) -> Result<Self, OpenError> {
        let options = SqliteOptions {
            zone,
            ..options(folder.path().join("keypurse.db"))
        };
        let store = SqliteStore::open(&options)?;
        Ok(Self { folder, store })
    }

    pub(crate) fn reopened_at(folder: TempDir, now: Timestamp) -> Result<Self, OpenError> {
        Self::reopened_by(folder, Arc::new(StoppedClock(now)))
    }

    /// By a clock that says this, with nothing certain after the tests' instant.
    pub(crate) fn reopened_perhaps_at(folder: TempDir, now: Timestamp) -> Result<Self, OpenError> {
        Self::reopened_by(folder, Arc::new(UncertainClock(now)))
    }

    fn reopened_by(folder: TempDir, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let options = SqliteOptions {
            clock,
            ..options(folder.path().join("keypurse.db"))
        };
        let store = SqliteStore::open(&options)?;
        Ok(Self { folder, store })
    }

    pub(crate) fn get(&self) -> &dyn Store {
        &self.store
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("keypurse.db")
    }

    /// The files as a kill would leave them now.
    pub(crate) fn snapshot(&self) -> TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        for file in std::fs::read_dir(self.folder.path()).expect("a folder") {
            let file = file.expect("a readable folder").path();
            let name = file.file_name().expect("a file has a name");
            std::fs::copy(&file, copy.path().join(name)).expect("the files can be copied");
        }
        copy
    }

    /// Stops as a crash would: what was not resolved stays open, what was not
    /// written back stays in the log.
    pub(crate) async fn crash(self) -> TempDir {
        let copy = self.snapshot();
        self.stop().await;
        copy
    }

    /// Stops in order.
    pub(crate) async fn stop(self) -> TempDir {
        self.store.close().await.expect("the writer ends");
        self.folder
    }

    /// Every test ends with proven books, open holds or not.
    pub(crate) async fn finish(self) {
        audit(&self.path()).expect("the books add up beside a live store");
        let folder = self.stop().await;
        audit(&folder.path().join("keypurse.db")).expect("the books add up at rest");
    }
}

pub(crate) fn open(path: PathBuf) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&options(path))
}

pub(crate) fn options(path: PathBuf) -> SqliteOptions {
    SqliteOptions {
        path,
        clock: Arc::new(StoppedClock(conformance::NOW)),
        zone: TimeZone::UTC,
        audit_key: AuditKey::new(&[3; 32]),
    }
}
