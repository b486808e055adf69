//! Sandbox calls that nobody waited for.

use keypurse_store::StoreError;
use keypurse_store::conformance::{account, simulated, token};
use keypurse_store_sqlite::finished_calls;

use crate::harness::TestStore;

const CALLS: i64 = 300;

#[tokio::test]
async fn a_stop_writes_down_what_was_noted_and_takes_no_more() {
    let store = TestStore::new();
    let owner = account(store.get(), "owner", 1).await;
    let token = token(store.get(), owner, "t", 2, 0).await;
    for call in 1..=CALLS {
        let noted = store.get().note_simulated(simulated(&token, call)).await;
        noted.expect("a working store");
    }
    store.get().close().await.expect("the writer ends");
    let late = store.get().note_simulated(simulated(&token, CALLS + 1));
    assert!(matches!(late.await, Err(StoreError::Closed)));
    let calls = finished_calls(&store.path()).expect("readable books");
    let calls: Vec<_> = calls.iter().map(|call| call.call.ordered).collect();
    assert_eq!(calls, (1..=CALLS).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_noted_call_is_on_disk_before_whoever_asks_the_writer_next_is_answered() {
    let store = TestStore::new();
    let owner = account(store.get(), "owner", 1).await;
    let token = token(store.get(), owner, "t", 2, 0).await;
    for call in 1..=20 {
        let noted = store.get().note_simulated(simulated(&token, call)).await;
        noted.expect("a working store");
        store.get().held_now().await.expect("a working store");
        let written = finished_calls(&store.path()).expect("readable books");
        assert_eq!(i64::try_from(written.len()).unwrap(), call);
    }
    store.finish().await;
}
