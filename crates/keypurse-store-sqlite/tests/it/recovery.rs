//! What a start makes of what a stop left behind.

use keypurse_core::ledger::{Note, TopUp};
use keypurse_core::money::Money;
use keypurse_core::period::{Reset, ResetPeriod};
use keypurse_store::conformance::{self, balance, floor, nanos, new_hold, token, used};
use keypurse_store::{
    AccountTopUp, Actor, Claim, Guard, HoldFailure, NewHold, Repeated, Store, TokenChange,
    TokenTopUp,
};
use keypurse_store_sqlite::{AuditError, OpenError, audit};
use rusqlite::Connection;

use crate::harness::{TestStore, open};

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
        .open(conformance::used(2, 0).call, floor(150))
        .await
        .expect("a hold");
    before
        .get()
        .open(conformance::used(2, 0).call, floor(250))
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

#[tokio::test]
async fn a_start_sets_no_balance_back_before_time_is_certain() {
    let before = TestStore::new();
    let owner = conformance::account(before.get(), "owner", 1).await;
    let mut new = conformance::new_token(owner, "t", 2, 100_000);
    new.settings.reset = Some(Reset {
        period: ResetPeriod::Daily,
        amount: nanos(500_000),
        next_at: conformance::NOW.plus_seconds(86_400),
    });
    let token = before.get().create_token(new).await.expect("a new token");
    hold(before.get(), &token, 1, 600).await;
    let folder = before.crash().await;

    let now = conformance::NOW.plus_seconds(40 * 86_400);
    let after = TestStore::reopened_perhaps_at(folder, now).expect("a readable store");
    assert_eq!(after.get().open_holds().await.expect("a working store"), 0);
    assert_eq!(balance(after.get(), &token).await, nanos(100_000));
    let folder = after.crash().await;
    let certain = TestStore::reopened_at(folder, now).expect("a readable store");
    hold(certain.get(), &token, 2, 600).await;
    assert_eq!(balance(certain.get(), &token).await, nanos(500_000));
    certain.finish().await;
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
        .open(used(1, 0).call, floor(7))
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
async fn a_finished_call_is_in_the_books_before_its_row_is_and_after_a_crash() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    hold(before.get(), &token, 1, 600).await;
    before.get().settle(used(1, 250)).await.expect("a hold");
    assert_eq!(states(&before.path()), [], "rows are written in bulk");
    let report = audit(&before.path()).expect("the books add up");
    assert_eq!((report.calls, report.charged), (1, nanos(250)));
    assert_eq!(before.get().last_call().await.expect("readable"), Some(1));

    let after = TestStore::reopened(before.crash().await).expect("a readable store");
    assert_eq!(states(&after.path()), [(1, 1, 250)]);
    assert_eq!(balance(after.get(), &token).await, nanos(100_000 - 250));
    let again = after.get().settle(used(1, 250)).await.expect("a store");
    assert_eq!(again, None, "a call is charged once");
    after.finish().await;
}

#[tokio::test]
async fn rows_are_written_whatever_the_number_of_calls_when_the_process_dies() {
    for calls in [255, 256, 257, 600] {
        let before = TestStore::new();
        let token = funded(before.get()).await;
        for call in 1..=calls {
            hold(before.get(), &token, call, 1).await;
            before.get().settle(used(call, 1)).await.expect("a hold");
        }
        let after = TestStore::reopened(before.crash().await).expect("a readable store");
        let expected: Vec<_> = (1..=calls).map(|call| (call, 1, 1)).collect();
        assert_eq!(states(&after.path()), expected);
        assert_eq!(balance(after.get(), &token).await, nanos(100_000 - calls));
        after.finish().await;
    }
}

#[tokio::test]
async fn a_hold_that_grew_is_recovered_at_the_floor_it_grew_for() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    let mut new = new_hold(before.get(), &token, 2, 1, 600).await;
    (new.request.first, new.request.least) = (nanos(100), nanos(100));
    before.get().hold(new).await.expect("enough money");
    let reached = before.get().open(used(1, 0).call, floor(450)).await;
    assert_eq!(reached.expect("a store"), Some(nanos(450)));
    let after = TestStore::reopened(before.crash().await).expect("a readable store");
    assert_eq!(balance(after.get(), &token).await, nanos(100_000 - 450));
    after.finish().await;
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_is_gone() {
    let first = TestStore::new();
    let refused = open(first.path());
    assert!(matches!(refused, Err(OpenError::InUse(_))), "{refused:?}");
    let folder = first.stop().await;
    TestStore::reopened(folder)
        .expect("nobody has it any more")
        .finish()
        .await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let store = TestStore::new();
    let path = store.path();
    let folder = store.stop().await;
    let edit = Connection::open(&path).unwrap();
    edit.execute("INSERT INTO migration VALUES (999, x'00', 0)", [])
        .unwrap();
    let refused = TestStore::reopened(folder).map(|_| ());
    assert!(
        matches!(refused, Err(OpenError::NewerSchema { found: 999, .. })),
        "{refused:?}"
    );
}

/// What the audit says of the books of one call after somebody changed them.
async fn difference_after(tampering: &str, store: TestStore) -> String {
    let report = audit(&store.path()).expect("honest books");
    assert_eq!((report.calls, report.charged), (1, nanos(250)));
    let folder = store.stop().await;
    let path = folder.path().join("keypurse.db");
    let edit = Connection::open(&path).unwrap();
    edit.execute_batch(tampering).unwrap();
    match audit(&path) {
        Err(AuditError::Difference(difference)) => difference,
        other => panic!("`{tampering}` was not noticed: {other:?}"),
    }
}

#[tokio::test]
async fn l8_every_charge_is_recomputed_from_its_row_and_the_first_difference_named() {
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
            "UPDATE price SET rates = rates || ',images=1000000'; UPDATE call SET images = 1",
            "its usage costs",
        ),
        ("UPDATE call SET state = 4", "it is free, yet costs"),
        (
            "UPDATE call SET balance_after = balance_after + 1",
            "line 3 of token 1 says",
        ),
        (
            "UPDATE entry SET balance_after = 1 WHERE token_id = 1",
            "line 2 of token 1 says",
        ),
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
        let difference = difference_after(tampering, store).await;
        assert!(difference.contains(expected), "{difference}");
    }
}

#[tokio::test]
async fn l8_what_a_crash_charged_is_recomputed_from_its_row_too() {
    for (tampering, expected) in [
        ("UPDATE call SET output = output - 1", "counted usage costs"),
        (
            "UPDATE call SET cost = held, house = held - charged",
            "counted usage costs",
        ),
    ] {
        let store = TestStore::new();
        let token = funded(store.get()).await;
        hold(store.get(), &token, 1, 600).await;
        let opened = store.get().open(used(1, 0).call, floor(250)).await;
        assert_eq!(opened.unwrap(), Some(nanos(250)));
        let store = TestStore::reopened(store.crash().await).unwrap();
        let difference = difference_after(tampering, store).await;
        assert!(difference.contains(expected), "{difference}");
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

#[tokio::test]
async fn a_crash_frees_the_key_of_a_void_call_and_keeps_that_of_a_delivered_one() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    let ask = async |store: &dyn Store, call: i64, key: u8| {
        let claim = Claim {
            key: [key; 32],
            fingerprint: [0; 32],
        };
        let hold = NewHold {
            claim: Some(claim),
            ..new_hold(store, &token, 2, call, 600).await
        };
        store.hold(hold).await
    };
    for call in [1, 2] {
        let key = u8::try_from(call).unwrap();
        ask(before.get(), call, key).await.expect("enough money");
    }
    before
        .get()
        .open(used(2, 0).call, floor(250))
        .await
        .expect("a hold");
    let after = TestStore::reopened(before.crash().await).expect("a readable store");
    ask(after.get(), 3, 1).await.expect("the first was void");
    let repeated = ask(after.get(), 4, 2).await;
    let finished = Repeated::Finished {
        call: used(2, 0).call,
        cost: nanos(250),
        status: 0,
    };
    assert!(
        matches!(repeated, Err(HoldFailure::Repeated(told)) if told == finished),
        "{repeated:?}"
    );
    assert_eq!(balance(after.get(), &token).await, nanos(100_000 - 250));
    after.finish().await;
}

#[tokio::test]
async fn a_top_up_is_one_entry_with_its_note_and_the_books_still_balance() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    let top_up = TopUp {
        amount: nanos(25),
        note: Note::parse("Invoice 17").unwrap(),
    };
    let change = TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name.clone(),
        top_up: top_up.clone(),
    });
    store
        .get()
        .change_token(change, Guard::default())
        .await
        .expect("a token");
    let credit = AccountTopUp {
        account: token.account,
        top_up,
        actor: Actor::SYSTEM,
    };
    store
        .get()
        .top_up_account(credit, None)
        .await
        .expect("an account");
    let entries: Vec<(Option<i64>, i64, i64, String)> = Connection::open(store.path())
        .unwrap()
        .prepare("SELECT token_id, amount, balance_after, note FROM entry WHERE kind = 4")
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let note = "Invoice 17".to_owned();
    let expected = [
        (Some(token.id.0), 25, 100_025, note.clone()),
        (None, 25, 25, note),
    ];
    assert_eq!(entries, expected);
    store.finish().await;
}

#[tokio::test]
async fn old_keys_are_forgotten_a_few_at_a_time_as_new_ones_come() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    let edit = Connection::open(store.path()).unwrap();
    let day_ago = conformance::NOW.plus_seconds(-keypurse_store::REMEMBERED_SECONDS);
    for old in 0..20_u8 {
        let key = [old; 32];
        edit.execute(
            "INSERT INTO idempotency (key, fingerprint, at, answer)
             VALUES (?, zeroblob(32), ?, x'')",
            rusqlite::params![key, day_ago.micros()],
        )
        .unwrap();
    }
    let left = || -> i64 {
        let count = "SELECT count(*) FROM idempotency";
        edit.query_row(count, [], |row| row.get(0)).unwrap()
    };
    for (call, expected) in [(1, 20 - 16 + 1), (2, 2)] {
        let claim = Claim {
            key: [100 + u8::try_from(call).unwrap(); 32],
            fingerprint: [0; 32],
        };
        let hold = NewHold {
            claim: Some(claim),
            ..new_hold(store.get(), &token, 2, call, 1).await
        };
        store.get().hold(hold).await.expect("enough money");
        assert_eq!(left(), expected);
    }
    store.crash().await;
}
