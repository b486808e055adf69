//! A bug in the writer: the process ends with the code that restarts it, and
//! the next start finds the books whole.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_store::conformance::{self, balance, nanos, new_hold, token, used};
use keypurse_store::{Calls, Store};
use keypurse_store_sqlite::{AuditKey, SqliteOptions, SqliteStore, audit};

use crate::harness::TestStore;

/// Where the process that breaks has its files.
const FOLDER: &str = "KEYPURSE_TEST_BREAKS_IN";
const RESTART: i32 = 70;

/// Breaks whoever asks for the time, once it is told to.
#[derive(Debug, Default)]
struct BreakingClock {
    is_broken: AtomicBool,
}

impl Clock for BreakingClock {
    fn now(&self) -> Timestamp {
        assert!(
            !self.is_broken.load(Ordering::SeqCst),
            "a test breaks the writer"
        );
        conformance::NOW
    }
}

/// One settled call, one hold, then a writer that breaks: its last words.
async fn break_in(path: PathBuf) {
    let clock = Arc::new(BreakingClock::default());
    let options = SqliteOptions {
        path,
        clock: clock.clone(),
        zone: TimeZone::UTC,
        audit_key: AuditKey::new(&[3; 32]),
    };
    let store = SqliteStore::open(&options).unwrap();
    let owner = conformance::account(&store, "owner", 1).await;
    let token = token(&store, owner, "t", 2, 1000).await;
    for call in [1, 2] {
        let new = new_hold(&store, &token, 2, call, 100).await;
        store.hold(new).await.unwrap();
    }
    store.settle(used(1, 40)).await.unwrap();
    clock.is_broken.store(true, Ordering::SeqCst);
    let answered = store.settle(used(2, 50)).await;
    panic!("a broken writer answered: {answered:?}");
}

#[tokio::test]
async fn a_panic_in_the_writer_ends_the_process_and_restarts_clean() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return break_in(PathBuf::from(folder).join("keypurse.db")).await;
    }
    let folder = TestStore::new().stop().await;
    let broken = Command::new(std::env::current_exe().unwrap())
        .args([
            "writer_panic::a_panic_in_the_writer_ends_the_process_and_restarts_clean",
            "--exact",
        ])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&broken.stdout);
    assert_eq!(broken.status.code(), Some(RESTART), "{said}");
    let store = TestStore::reopened(folder).unwrap();
    assert_eq!(store.get().open_holds().await.unwrap(), 0);
    let report = audit(&store.path()).unwrap();
    assert_eq!((report.calls, report.charged), (2, nanos(40)));
    let token = the_token(store.get()).await;
    assert_eq!(balance(store.get(), &token).await, nanos(1000 - 40));
    store.finish().await;
}

async fn the_token(store: &dyn Store) -> keypurse_store::Token {
    let owner = store.accounts().await.unwrap()[0].id;
    store.tokens(owner).await.unwrap().remove(0)
}
