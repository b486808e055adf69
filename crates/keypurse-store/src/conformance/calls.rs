//! Promises about calls.

use keypurse_core::ledger::{HoldError, PurseId};
use keypurse_core::money::Money;
use keypurse_core::token::SettingsChange;

use super::{
    NOW, account, balance, digest, floor, join_all, limited_account, nanos, new_hold, simulated,
    token, used,
};
use crate::{
    CallOutcome, Cause, HoldFailure, KeyVersions, NewHold, Rotation, Settlement, StatementPage,
    Store, Token, TokenUpdate,
};

/// More than a store keeps waiting.
const NOTED: i64 = 2_000;

/// A stream's hold grows with its floor, and never beyond the money.
pub async fn holds_grow_as_far_as_the_money_goes(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let mut new = new_hold(store, &token, 2, 1, 900).await;
    (new.request.least, new.request.first) = (nanos(100), nanos(100));
    let admission = store.hold(new).await.expect("enough money");
    assert_eq!(
        (admission.amount, admission.budget),
        (nanos(100), nanos(900))
    );
    let other = new_hold(store, &token, 2, 2, 600).await;
    store.hold(other).await.expect("enough money");
    let open = |amount| store.open(used(1, 0).call, floor(amount));
    for (asked, reached) in [(80, 80), (250, 250), (200, 250), (700, 400), (900, 400)] {
        assert_eq!(open(asked).await.expect("a store"), Some(nanos(reached)));
    }
    let charge = store.settle(used(1, 400)).await.expect("a store");
    assert_eq!(charge.map(|charge| charge.house), Some(Money::ZERO));
    assert_eq!(open(900).await.expect("a store"), None, "it is resolved");
    assert_eq!(balance(store, &token).await, nanos(600));
}

/// Sandbox calls that nobody waited for are read by whoever asks next, however
/// many they are, each once.
pub async fn noted_calls_are_read_by_whoever_asks_next(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let noted = (1..=NOTED).map(|call| store.note_simulated(simulated(&token, call)));
    for noted in join_all(noted).await {
        noted.expect("a working store");
    }
    let page = StatementPage {
        token: token.id,
        before: None,
        limit: 2 * usize::try_from(NOTED).expect("a few"),
    };
    let lines = store.statement(page).await.expect("a working store");
    let calls = lines.iter().filter_map(|line| match &line.cause {
        Cause::Call(call) => Some(call.call.ordered),
        Cause::Entry { .. } => None,
    });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_unstable();
    assert_eq!(calls, (1..=NOTED).collect::<Vec<_>>());
    let one = simulated(&token, NOTED + 1);
    store.note_simulated(one).await.expect("a working store");
    let standing = store.token_standing(token.id).await;
    let standing = standing.expect("a working store").expect("a live token");
    assert_eq!(standing.last_used, Some(NOW));
    assert_eq!(balance(store, &token).await, nanos(1000), "nothing is paid");
}

/// A call that another model is to answer holds what that one costs; refused,
/// it holds what it held, and it is charged once.
pub async fn a_call_holds_anew_for_its_next_model(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let first = new_hold(store, &token, 2, 1, 300).await;
    assert_eq!(
        store.hold_anew(first.clone()).await.expect("a store"),
        None,
        "nothing is held yet"
    );
    store.hold(first).await.expect("enough money");
    let dearer = new_hold(store, &token, 2, 1, 900).await;
    let admission = store.hold_anew(dearer).await.expect("enough money");
    assert_eq!(admission.map(|given| given.amount), Some(nanos(900)));
    let mut too_dear = new_hold(store, &token, 2, 1, 1001).await;
    too_dear.request.least = nanos(1001);
    let refused = store.hold_anew(too_dear).await.expect_err("too dear");
    assert!(
        matches!(refused, HoldFailure::Refused(HoldError::Insufficient(_))),
        "{refused}"
    );
    let opened = store.open(used(1, 0).call, floor(900)).await;
    assert_eq!(opened.expect("a store"), Some(nanos(900)), "as it was");
    let again = new_hold(store, &token, 2, 1, 10).await;
    let late = store.hold_anew(again).await.expect("a store");
    assert_eq!(late, None, "something was delivered");
    let charge = store.settle(used(1, 250)).await.expect("a store");
    assert_eq!(charge.map(|charge| charge.charged), Some(nanos(250)));
    assert_eq!(store.settle(used(1, 250)).await.expect("a store"), None);
    assert_eq!(balance(store, &token).await, nanos(750));
    assert_eq!(store.open_holds().await.expect("a store"), 0);
}

/// L2: however many ask at once, no more is held than there is.
pub async fn holds_are_exclusive(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let mut holds = Vec::new();
    for call in 1..=64 {
        holds.push(new_hold(store, &token, 2, call, 100).await);
    }
    let asked = holds.into_iter().map(|hold| store.hold(hold));
    let answers = join_all(asked).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 10);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(
            matches!(refused, HoldFailure::Refused(HoldError::OnHold(_))),
            "{refused}"
        );
    }
    assert_eq!(store.open_holds().await.expect("a working store"), 10);
    for call in 1..=64 {
        store
            .settle(used(call, 100))
            .await
            .expect("a working store");
    }
    assert_eq!(balance(store, &token).await, Money::ZERO);
    let broke = new_hold(store, &token, 2, 100, 1).await;
    let refused = store.hold(broke).await.expect_err("no money left");
    assert!(
        matches!(refused, HoldFailure::Refused(HoldError::Insufficient(_))),
        "{refused}"
    );
}

/// L9: what exceeds hold and balance goes to the house, never into debt and
/// never into money that another call holds.
pub async fn l9_what_exceeds_hold_and_balance_is_the_houses(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    for (call, full) in [(1, 600), (2, 300)] {
        let hold = new_hold(store, &token, 2, call, full).await;
        store.hold(hold).await.expect("enough money");
    }
    let charge = store.settle(used(1, 900)).await.expect("a working store");
    let charge = charge.expect("a hold");
    assert_eq!((charge.charged, charge.house), (nanos(700), nanos(200)));
    assert_eq!(balance(store, &token).await, nanos(300));
    let charge = store.settle(used(2, 300)).await.expect("a working store");
    let charge = charge.expect("a hold");
    assert_eq!((charge.charged, charge.house), (nanos(300), Money::ZERO));
    assert_eq!(balance(store, &token).await, Money::ZERO);
}

/// L6, L7: the second settlement of a call changes nothing.
pub async fn l7_a_call_is_charged_once(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    store
        .hold(new_hold(store, &token, 2, 1, 600).await)
        .await
        .expect("enough money");
    let charge = store
        .settle(used(1, 250))
        .await
        .expect("a working store")
        .expect("a hold");
    assert_eq!(
        (charge.charged, charge.token_balance),
        (nanos(250), Some(nanos(750)))
    );
    assert_eq!(
        store.settle(used(1, 250)).await.expect("a working store"),
        None
    );
    let void = Settlement {
        outcome: CallOutcome::Void,
        ..used(1, 0)
    };
    assert_eq!(store.settle(void).await.expect("a working store"), None);
    assert_eq!(balance(store, &token).await, nanos(750));
    assert_eq!(store.last_call().await.expect("a working store"), Some(1));
}

/// L10: a call that broke off is resolved as after a crash: at its floor when
/// something was delivered, else at nothing.
pub async fn an_abandoned_call_is_charged_its_floor(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    for (call, floor, charged) in [(1, None, nanos(0)), (2, Some(floor(70)), nanos(70))] {
        let new = new_hold(store, &token, 2, call, 300).await;
        store.hold(new).await.expect("enough money");
        if let Some(floor) = floor {
            let opened = store.open(used(call, 0).call, floor).await;
            opened.expect("a working store");
        }
        let abandoned = Settlement {
            outcome: CallOutcome::Abandoned,
            ..used(call, 0)
        };
        let charge = store.settle(abandoned).await.expect("a working store");
        assert_eq!(charge.expect("a hold").charged, charged);
        assert_eq!(
            store.settle(abandoned).await.expect("a working store"),
            None
        );
    }
    assert_eq!(balance(store, &token).await, nanos(930));
    assert_eq!(store.open_holds().await.expect("a working store"), 0);
}

/// PATCH and charges are serialised: the sum is what a bookkeeper would say.
pub async fn a_charge_and_an_adjustment_never_lose_each_other(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 10_000).await;
    for call in 1..=50 {
        store
            .hold(new_hold(store, &token, 2, call, 100).await)
            .await
            .expect("enough money");
    }
    let settled = join_all((1..=50).map(|call| store.settle(used(call, 100))));
    let change = SettingsChange {
        balance: Some(nanos(7000)),
        ..SettingsChange::default()
    };
    let name = token.settings.name.clone();
    let update = TokenUpdate {
        account: owner,
        name,
        change,
        now: NOW,
    };
    let (charges, updated) = tokio_join(settled, store.update_token(update)).await;
    let after = charges
        .into_iter()
        .filter_map(|charge| charge.expect("a working store"))
        .filter_map(|charge| charge.token_balance)
        .filter(|seen| *seen < nanos(7000))
        .count();
    updated.expect("a working store").expect("a token");
    // Charges decided after the adjustment are subtracted from it, no other.
    let left = balance(store, &token).await;
    assert!(left <= nanos(7000) && left >= nanos(2000));
    assert_eq!((nanos(7000) - left).nanos() % 100, 0);
    assert!(i64::try_from(after).expect("small") * 100 >= (nanos(7000) - left).nanos());
}

/// Token and account pay the same charge, or neither.
pub async fn the_account_is_charged_with_the_token(store: &dyn Store) {
    let owner = limited_account(store, "owner", 1, Some(nanos(150))).await;
    let token = token(store, owner, "t", 2, 1000).await;
    store
        .hold(new_hold(store, &token, 2, 1, 100).await)
        .await
        .expect("enough money");
    let refused = store.hold(new_hold(store, &token, 2, 2, 100).await).await;
    let Err(HoldFailure::Refused(HoldError::OnHold(short))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(short.purse, PurseId::Account(owner));
    store.settle(used(1, 100)).await.expect("a working store");
    let credits = store
        .account(owner)
        .await
        .expect("a working store")
        .expect("an account");
    assert_eq!(
        (credits.balance, balance(store, &token).await),
        (nanos(50), nanos(900))
    );
}

/// L11, as soon as the change is acknowledged.
pub async fn deletion_rotation_and_expiry_end_admission(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let name = &token.settings.name;
    let old = new_hold(store, &token, 2, 1, 1).await;
    assert!(
        !store
            .was_retired(&digest(2))
            .await
            .expect("a working store")
    );
    rotate(store, &token, 3).await;
    assert!(
        store
            .was_retired(&digest(2))
            .await
            .expect("a working store")
    );
    assert!(
        store
            .credential(&digest(2))
            .await
            .expect("a working store")
            .is_none()
    );
    assert!(matches!(refusal(store, old).await, HoldError::Revoked));

    let late = new_hold(store, &token, 3, 2, 1).await;
    let expiry = SettingsChange {
        expires_at: Some(Some(NOW)),
        ..SettingsChange::default()
    };
    let update = TokenUpdate {
        account: owner,
        name: name.clone(),
        change: expiry,
        now: NOW,
    };
    store
        .update_token(update)
        .await
        .expect("a working store")
        .expect("a token");
    assert!(matches!(
        refusal(store, late.clone()).await,
        HoldError::Expired
    ));

    store
        .delete_token(owner, name, NOW)
        .await
        .expect("a working store")
        .expect("a token");
    assert!(
        store
            .credential(&digest(3))
            .await
            .expect("a working store")
            .is_none()
    );
    assert!(matches!(refusal(store, late).await, HoldError::Revoked));
}

async fn rotate(store: &dyn Store, token: &Token, secret: u8) {
    let rotation = Rotation {
        account: token.account,
        name: token.settings.name.clone(),
        digest: digest(secret),
        sealed: None,
        keys: KeyVersions::FIRST,
        old_until: NOW,
        now: NOW,
    };
    store
        .rotate_token(rotation)
        .await
        .expect("a working store")
        .expect("a token");
}

async fn refusal(store: &dyn Store, hold: NewHold) -> HoldError {
    match store.hold(hold).await.expect_err("refused") {
        HoldFailure::Refused(refused) => refused,
        HoldFailure::Repeated(error) => panic!("{error}"),
        HoldFailure::Store(error) => panic!("{error}"),
    }
}

/// A foreign name is absent, whatever is asked of it.
pub async fn two_accounts_do_not_see_each_other(store: &dyn Store) {
    let (one, two) = (
        account(store, "one", 1).await,
        account(store, "two", 2).await,
    );
    let token = token(store, one, "t", 3, 1000).await;
    let name = token.settings.name.clone();
    assert!(
        store
            .token(two, &name)
            .await
            .expect("a working store")
            .is_none()
    );
    assert!(store.tokens(two).await.expect("a working store").is_empty());
    let change = SettingsChange {
        balance: Some(Money::ZERO),
        ..SettingsChange::default()
    };
    let update = TokenUpdate {
        account: two,
        name: name.clone(),
        change,
        now: NOW,
    };
    assert!(
        store
            .update_token(update)
            .await
            .expect("a working store")
            .is_none()
    );
    assert!(
        store
            .delete_token(two, &name, NOW)
            .await
            .expect("a working store")
            .is_none()
    );
    assert_eq!(balance(store, &token).await, nanos(1000));
}

async fn tokio_join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    enum Either<A, B> {
        A(A),
        B(B),
    }
    let a = async { Either::A(a.await) };
    let b = async { Either::B(b.await) };
    let futures: [std::pin::Pin<Box<dyn Future<Output = _>>>; 2] = [Box::pin(a), Box::pin(b)];
    let mut outputs = join_all(futures).await.into_iter();
    match (outputs.next(), outputs.next()) {
        (Some(Either::A(a)), Some(Either::B(b))) => (a, b),
        _ => unreachable!("joined in order"),
    }
}
