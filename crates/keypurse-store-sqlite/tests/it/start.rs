//! How long a start takes after the worst stop.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keypurse_store::conformance::{self, balance, floor, nanos, new_hold, token};
use keypurse_store_sqlite::{audit, finished_calls, open_calls};

use crate::harness::TestStore;

/// `KEYPURSE_OPEN_HOLDS` asks for another number.
const OPEN_HOLDS: i64 = 10_000;
/// Asked for at once: what a busy writer finds waiting.
const AT_ONCE: i64 = 250;
#[tokio::test]
async fn r1_a_start_resolves_every_open_hold() {
    let open_holds = std::env::var("KEYPURSE_OPEN_HOLDS");
    let open_holds = open_holds.map_or(OPEN_HOLDS, |number| number.parse().unwrap());
    let before = TestStore::new();
    let store = before.get();
    let owner = conformance::account(store, "owner", 1).await;
    let credits = 10 * open_holds;
    let token = token(store, owner, "t", 2, credits).await;
    for first in (0..open_holds).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let token = &token;
        let holds = (first..first + AT_ONCE).map(|call| async move {
            let new = new_hold(store, token, 2, call + 1, 10).await;
            let call = new.request.call;
            store.hold(new).await.expect("enough money");
            // Every second one has delivered something.
            if call.ordered % 2 == 0 {
                store.open(call, floor(3)).await.expect("a hold");
            }
        });
        join_all(holds).await;
    }
    // As a kill leaves it: nothing is written back, the log is long.
    let folder = tempfile::tempdir().unwrap();
    for file in ["keypurse.db", "keypurse.db-wal"] {
        let from = before.folder.path().join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    before.crash().await;

    let (started, worked) = (Instant::now(), cpu_time());
    let after = TestStore::reopened(folder).expect("a readable store");
    let (took, worked) = (started.elapsed(), cpu_time().saturating_sub(worked));
    println!("R-1: {open_holds} open holds resolved in {took:?}, {worked:?} of them CPU");
    assert_eq!(after.get().open_holds().await.expect("a working store"), 0);
    assert_eq!(open_calls(&after.path()).unwrap(), []);
    let left = nanos(credits - open_holds / 2 * 3);
    assert_eq!(balance(after.get(), &token).await, left);
    let calls = finished_calls(&after.path()).unwrap();
    assert_eq!(i64::try_from(calls.len()).unwrap(), open_holds);
    let report = audit(&after.path()).expect("the books add up");
    assert_eq!(report.charged, nanos(open_holds / 2 * 3));
    after.finish().await;
}

/// What this thread has worked so far: what a busy machine does not change.
fn cpu_time() -> Duration {
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = scheduled
        .split(' ')
        .next()
        .and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
