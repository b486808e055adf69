//! A log that has grown is written back beside the writer.

use std::fs;

use keypurse_store::Store;
use keypurse_store::conformance::{self, new_hold, token, used};
use keypurse_store_sqlite::audit;

use crate::harness::TestStore;

/// As many as it may take; a tenth of it does.
const MOST_CALLS: i64 = 200_000;
/// The log is written back at 4 MiB; half of that again may come meanwhile.
const LONGEST_LOG: u64 = 6 << 20;

#[tokio::test]
async fn a_log_is_written_back_and_used_again_while_calls_go_on() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    let spender = token(store.get(), owner, "t", 2, 1_000_000_000).await;
    let before = checkpoints_of(store.get());
    let mut calls = 1..MOST_CALLS;
    // Two for each filling: beside the writer, and its own of the rest.
    while checkpoints_of(store.get()) < before + 5 {
        let call = calls.next().expect("the log is written back");
        let new = new_hold(store.get(), &spender, 2, call, 100).await;
        store.get().hold(new).await.unwrap();
        store.get().settle(used(call, 40)).await.unwrap();
    }
    let log = fs::metadata(store.folder.path().join("keypurse.db-wal"));
    assert!(log.unwrap().len() < LONGEST_LOG);
    let folder = store.stop().await;
    // Its start compares every page with its checksum.
    let reopened = TestStore::reopened(folder).unwrap();
    audit(&reopened.path()).unwrap();
}

fn checkpoints_of(store: &dyn Store) -> u64 {
    store.writer_vitals().checkpoint_micros.counts.iter().sum()
}
