//! Balances are written late, with the rows of their calls, and nobody notices.

use keypurse_core::ledger::{Note, TopUp};
use keypurse_store::conformance::{self, balance, nanos, new_hold, token, used};
use keypurse_store::{Guard, Store, Token, TokenChange, TokenTopUp};
use keypurse_store_sqlite::{audit, purses};
use rusqlite::Connection;

use crate::harness::TestStore;

async fn funded(store: &dyn Store) -> Token {
    let owner = conformance::account(store, "owner", 1).await;
    token(store, owner, "t", 2, 1_000).await
}

async fn spend(store: &dyn Store, token: &Token, call: i64, cost: u32) {
    let hold = store.hold(new_hold(store, token, 2, call, i64::from(cost)).await);
    hold.await.expect("enough money");
    store.settle(used(call, cost)).await.expect("a hold");
}

async fn top_up(store: &dyn Store, token: &Token, amount: i64) {
    let change = TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name.clone(),
        top_up: TopUp {
            amount: nanos(amount),
            note: Note::parse("more").unwrap(),
        },
    });
    let changed = store.change_token(change, Guard::default()).await;
    changed.expect("a token");
}

/// What the token's own row says.
fn row(store: &TestStore, token: &Token) -> i64 {
    let sql = "SELECT balance FROM token WHERE id = ?";
    let connection = Connection::open(store.path()).unwrap();
    connection
        .query_row(sql, [token.id.0], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn a_balance_is_read_as_it_was_answered_though_its_row_comes_late() {
    let store = TestStore::new();
    let token = funded(store.get()).await;
    spend(store.get(), &token, 1, 250).await;
    assert_eq!(row(&store, &token), 1_000, "it is written with calls' rows");
    audit(&store.path()).expect("the books add up");
    let booked = purses(&store.path()).expect("readable");
    let purse = booked.iter().find(|purse| purse.token.is_some());
    assert_eq!(purse.expect("a token").balance, nanos(750));

    assert_eq!(balance(store.get(), &token).await, nanos(750));
    assert_eq!(row(&store, &token), 750, "somebody asked for it");
    audit(&store.path()).expect("the books add up");
    store.finish().await;
}

#[tokio::test]
async fn what_was_added_between_two_calls_survives_a_crash_as_they_do() {
    let before = TestStore::new();
    let token = funded(before.get()).await;
    spend(before.get(), &token, 1, 250).await;
    top_up(before.get(), &token, 40).await;
    assert_eq!(row(&before, &token), 790, "an entry does not wait");
    spend(before.get(), &token, 2, 100).await;
    assert_eq!(row(&before, &token), 790);

    let after = TestStore::reopened(before.crash().await).expect("a readable store");
    assert_eq!(row(&after, &token), 690, "a start writes what was late");
    assert_eq!(balance(after.get(), &token).await, nanos(690));
    after.finish().await;
}
