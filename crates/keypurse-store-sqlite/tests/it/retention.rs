//! Calls that are kept no longer: their rows go, their charges stay.

use keypurse_core::ledger::EntryKind;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::SettingsChange;
use keypurse_store::conformance::{self, NOW, balance, nanos, new_hold, token, used};
use keypurse_store::{
    Cause, NewHold, Settlement, StatementLine, StatementPage, Store, Token, TokenUpdate,
};
use keypurse_store_sqlite::audit;

use crate::harness::TestStore;

/// A call that cost three nano-dollars and finished so many seconds after now.
async fn call(store: &dyn Store, token: &Token, number: i64) {
    let new = new_hold(store, token, 2, number, 10).await;
    finish(store, new, number).await;
}

async fn finish(store: &dyn Store, new: NewHold, number: i64) {
    store.hold(new).await.expect("enough money");
    let settlement = Settlement {
        finished_at: at(number),
        ..used(number, 3)
    };
    store.settle(settlement).await.expect("a hold");
}

fn at(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

async fn adjust(store: &dyn Store, token: &Token, to: i64) {
    let change = SettingsChange {
        balance: Some(nanos(to)),
        ..SettingsChange::default()
    };
    let update = TokenUpdate {
        account: token.account,
        name: token.settings.name.clone(),
        change,
        now: NOW,
    };
    store.update_token(update).await.expect("a store");
}

async fn forget(store: &TestStore, before: Timestamp) -> usize {
    let mut forgotten = 0;
    loop {
        let some = store.get().forget_calls(before).await.expect("a store");
        audit(&store.path()).expect("the books add up after each step");
        if some == 0 {
            return forgotten;
        }
        forgotten += some;
    }
}

async fn statement(store: &TestStore, token: &Token) -> Vec<StatementLine> {
    let page = StatementPage {
        token: token.id,
        before: None,
        limit: 10_000,
    };
    store.get().statement(page).await.expect("a statement")
}

fn checkpoints(lines: &[StatementLine]) -> Vec<i64> {
    let of = |line: &&StatementLine| {
        matches!(
            line.cause,
            Cause::Entry {
                kind: EntryKind::Checkpoint,
                ..
            }
        )
    };
    lines
        .iter()
        .filter(of)
        .map(|line| line.amount.nanos())
        .collect()
}

#[tokio::test]
async fn l8_what_was_charged_stays_in_the_books_when_calls_are_forgotten() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    let first = token(store.get(), owner, "t", 2, 100_000).await;
    for number in 1..=400 {
        call(store.get(), &first, number).await;
    }
    adjust(store.get(), &first, 50_000).await;
    for number in 401..=900 {
        call(store.get(), &first, number).await;
    }
    let left = balance(store.get(), &first).await;

    assert_eq!(forget(&store, at(1)).await, 0, "nothing is that old");
    assert_eq!(forget(&store, at(701)).await, 700);
    let lines = statement(&store, &first).await;
    assert_eq!(
        checkpoints(&lines),
        [-900, -1200],
        "one on each side of the adjustment"
    );
    assert_eq!(
        lines.len(),
        200 + 2 + 2,
        "calls, checkpoints, opening and adjustment"
    );
    assert_eq!(forget(&store, at(10_000)).await, 200);
    assert_eq!(
        checkpoints(&statement(&store, &first).await),
        [-1500, -1200]
    );
    assert_eq!(balance(store.get(), &first).await, left);

    let report = audit(&store.path()).expect("the books add up");
    assert_eq!((report.calls, report.charged), (0, Money::ZERO));
    let after = TestStore::reopened(store.crash().await).expect("a readable store");
    assert_eq!(balance(after.get(), &first).await, left);
    call(after.get(), &first, 20_000).await;
    after.finish().await;
}

#[tokio::test]
async fn calls_of_several_tokens_and_of_the_accounts_key_are_forgotten() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    let tokens = [
        token(store.get(), owner, "a", 2, 100_000).await,
        token(store.get(), owner, "b", 3, 100_000).await,
    ];
    for number in 0..300 {
        let mut new = match number % 3 {
            0 => new_hold(store.get(), &tokens[0], 2, number + 1, 10).await,
            _ => new_hold(store.get(), &tokens[1], 3, number + 1, 10).await,
        };
        if number % 3 == 2 {
            new.request.token = None;
        }
        finish(store.get(), new, number + 1).await;
    }
    assert_eq!(forget(&store, at(10_000)).await, 300);
    for token in &tokens {
        assert_eq!(checkpoints(&statement(&store, token).await), [-300]);
    }
    store.finish().await;
}
