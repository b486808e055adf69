//! Any sequence of operations leaves the SQLite store where the reference of
//! the conformance suite says.

mod writer_panics;

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use keypurse_core::time::Clock;
use keypurse_store::conformance::model::{self, Backend, Books, Length};
use keypurse_store::{Calls, Store};
use keypurse_store_sqlite::{AuditKey, SqliteOptions, SqliteStore, audit};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where files are kept in memory, if this system has such a place: the model
/// is about what is written, not about how long a disk takes.
const IN_MEMORY: &str = "/dev/shm";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

struct Sqlite {
    folder: TempDir,
    clock: Arc<dyn Clock>,
    store: SqliteStore,
}

impl Sqlite {
    fn open(folder: TempDir, clock: Arc<dyn Clock>) -> Self {
        let options = SqliteOptions {
            path: folder.path().join("keypurse.db"),
            clock: clock.clone(),
            zone: TimeZone::UTC,
            audit_key: AuditKey::new(&[3; 32]),
        };
        // As a server does: answers are told by a task of its runtime.
        let _inside = RUNTIME.enter();
        let store = SqliteStore::open(&options).expect("a readable store");
        Self {
            folder,
            clock,
            store,
        }
    }

    fn close(self) -> TempDir {
        self.wait(self.store.close()).expect("the writer ends");
        self.folder
    }
}

impl Backend for Sqlite {
    fn fresh(clock: Arc<dyn Clock>) -> Self {
        Self::open(folder(), clock)
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn wait<F: Future>(&self, work: F) -> F::Output {
        RUNTIME.block_on(writer_panics::fail_too(work))
    }

    /// What a killed process leaves: the files as they are, log and all.
    fn crashed(self) -> Self {
        let copy = folder();
        for file in ["keypurse.db", "keypurse.db-wal"] {
            let (from, to) = (self.folder.path().join(file), copy.path().join(file));
            fs::copy(from, to).expect("the files can be copied");
        }
        let clock = self.clock.clone();
        drop(self.close());
        Self::open(copy, clock)
    }

    fn reopened(self) -> Self {
        let clock = self.clock.clone();
        Self::open(self.close(), clock)
    }

    fn audited(&self) -> Books {
        let report = audit(&self.folder.path().join("keypurse.db")).expect("honest books");
        Books {
            charged: report.charged,
            house: report.house,
            open_holds: report.open_holds,
            held: report.held,
        }
    }
}

fn folder() -> TempDir {
    if Path::new(IN_MEMORY).is_dir() {
        tempfile::tempdir_in(IN_MEMORY).expect("a folder")
    } else {
        tempfile::tempdir().expect("a folder")
    }
}

fn agrees(length: Length) {
    let _alone = writer_panics::are_told();
    if let Err(failure) = model::run::<Sqlite>(length) {
        writer_panics::fail(&failure);
    }
}

#[test]
fn any_sequence_of_operations_and_crashes_ends_as_the_reference_says() {
    agrees(Length::Short);
}

#[test]
fn so_does_a_long_one() {
    agrees(Length::Long);
}
