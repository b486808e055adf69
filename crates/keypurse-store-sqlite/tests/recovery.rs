//! What a start makes of what a stop left behind.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod harness;

use harness::{TestStore, open};
use keypurse_core::money::Money;
use keypurse_store::Store;
use keypurse_store::conformance::{self, balance, nanos, new_hold, token, used};
use keypurse_store_sqlite::{AuditError, OpenError, audit};
use rusqlite::Connection;

async fn funded(store: &dyn Store) -> keypurse_store::Token {
    let owner = conformance::account(store, "owner", 1).await;
    token(store, owner, "t", 2, 100_000).await
}

async fn hold(store: &dyn Store, token: &keypurse_store::Token, call: i64, full: i64) {
    store
        .hold(new_hold(store, token, 2, call, full).await)
        .await
        .expect("enough money");
}

#[tokio::test]
async fn a_crash_voids_what_was_not_delivered_and_charges_the_floor_of_what_was() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    hold(before.get(), &token, 1, 600).await;
    hold(before.get(), &token, 2, 600).await;
    hold(before.get(), &token, 3, 600).await;
    before
        .get()
        .open(conformance::used(2, 0).call, nanos(150))
        .await
        .expect("a hold");
    before
        .get()
        .open(conformance::used(2, 0).call, nanos(250))
        .await
        .expect("a hold");
    before.get().settle(used(3, 40)).await.expect("a hold");
    let folder = before.crash().await;

    let after = TestStore::reopened(folder).expect("a readable store");
    assert_eq!(after.get().open_holds().await.expect("a working store"), 0);
    assert_eq!(
        balance(after.get(), &token).await,
        nanos(100_000 - 250 - 40)
    );
    let states = states(&after.path());
    assert_eq!(
        states,
        [(1, 2, 0), (2, 3, 250), (3, 1, 40)],
        "void, recovered, settled"
    );
    after.finish().await;
}

/// Call, state and charge of every row.
fn states(path: &std::path::Path) -> Vec<(i64, i64, i64)> {
    let connection = Connection::open(path).expect("a database");
    let mut statement = connection
        .prepare("SELECT id, state, charged FROM call")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_long_hold_pins_no_journal_and_survives_a_crash() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    hold(before.get(), &token, 1, 600).await;
    before
        .get()
        .open(used(1, 0).call, nanos(7))
        .await
        .expect("a hold");
    for call in 2..=2300 {
        hold(before.get(), &token, call, 1).await;
        before.get().settle(used(call, 0)).await.expect("a hold");
    }
    let rows: i64 = Connection::open(before.path())
        .unwrap()
        .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
        .unwrap();
    assert!(
        rows < 2200,
        "{rows} journal rows are kept for one open hold"
    );
    let after = TestStore::reopened(before.crash().await).expect("a readable store");
    assert_eq!(balance(after.get(), &token).await, nanos(100_000 - 7));
    after.finish().await;
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_is_gone() {
    let first = TestStore::new();
    let refused = open(first.path());
    assert!(matches!(refused, Err(OpenError::InUse(_))), "{refused:?}");
    let folder = first.crash().await;
    TestStore::reopened(folder)
        .expect("nobody has it any more")
        .finish()
        .await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let store = TestStore::new();
    let path = store.path();
    let folder = store.crash().await;
    // Whoever changes the file takes responsibility for it.
    std::fs::remove_file(path.with_extension("sums")).unwrap();
    let edit = Connection::open(&path).unwrap();
    edit.execute("INSERT INTO migration VALUES (999, x'00', 0)", [])
        .unwrap();
    let refused = TestStore::reopened(folder).map(|_| ());
    assert!(
        matches!(refused, Err(OpenError::NewerSchema { found: 999, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn audit_names_the_first_difference() {
    for (tampering, expected) in [
        (
            "UPDATE token SET balance = balance + 1",
            "token 1 (`t`) has balance",
        ),
        (
            "UPDATE account SET balance = balance - 1",
            "account 1 (`owner`) has balance",
        ),
        (
            "UPDATE call SET cost = cost + 1, charged = charged + 1",
            "its usage costs",
        ),
        ("UPDATE call SET output = output + 1", "its usage costs"),
        (
            "DELETE FROM entry WHERE token_id = 1",
            "token 1 (`t`) has balance",
        ),
        ("DELETE FROM call", "account 1 (`owner`) has balance"),
    ] {
        let store = TestStore::new();
        let token = funded(store.get()).await;
        hold(store.get(), &token, 1, 600).await;
        store.get().settle(used(1, 250)).await.expect("a hold");
        let report = audit(&store.path()).expect("honest books");
        assert_eq!((report.calls, report.charged), (1, nanos(250)));
        Connection::open(store.path())
            .unwrap()
            .execute(tampering, [])
            .unwrap();
        let Err(AuditError::Difference(difference)) = audit(&store.path()) else {
            panic!("`{tampering}` was not noticed")
        };
        assert!(difference.contains(expected), "{difference}");
        store.crash().await;
    }
}

#[tokio::test]
async fn a_secret_of_a_deleted_token_leaves_the_database() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    let name = token.settings.name.clone();
    store
        .get()
        .delete_token(token.account, &name, conformance::NOW)
        .await
        .expect("a token");
    let left: i64 = Connection::open(store.path())
        .unwrap()
        .query_row("SELECT count(*) FROM secret", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(
        audit(&store.path()).expect("honest books").house,
        Money::ZERO
    );
    store.finish().await;
}
