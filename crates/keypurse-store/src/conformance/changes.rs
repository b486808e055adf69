//! Promises about top-ups and about what a client asks for once.

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Note, TopUp, TopUpError};
use keypurse_core::money::Money;

use super::join_all;
use super::{account, balance, limited_account, nanos, new_hold, token, used};
use crate::{
    Account, AccountTopUp, Actor, CallOutcome, ChangeError, Claim, Guard, HoldFailure, Made,
    NewHold, Once, Repeated, Settlement, Store, Token, TokenChange, TokenTopUp,
};

fn credit(token: &Token, amount: Money) -> TokenChange {
    let note = Note::parse("thanks").expect("a short text");
    TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name.clone(),
        top_up: TopUp { amount, note },
    })
}

fn claim(key: u8, fingerprint: u8) -> Claim {
    Claim {
        key: [key; 32],
        fingerprint: [fingerprint; 32],
    }
}

/// Asks for it once; the answer that is kept is the balance it led to.
fn once(key: u8, fingerprint: u8) -> Guard {
    let once = Once {
        claim: claim(key, fingerprint),
        render: Box::new(|token: &Token| token.balance.to_string().into()),
    };
    Guard {
        once: Some(once),
        ..Guard::default()
    }
}

/// What a purse is given is there at once, and what does not fit is refused
/// whole.
pub async fn a_top_up_adds_to_a_balance_or_changes_nothing(store: &dyn Store) {
    let owner = limited_account(store, "owner", 1, Some(nanos(40))).await;
    let token = token(store, owner, "t", 2, -10).await;
    let topped = store
        .change_token(credit(&token, nanos(25)), Guard::default())
        .await
        .expect("a token");
    assert!(matches!(topped, Made::Now(token) if token.balance == nanos(15)));
    assert_eq!(balance(store, &token).await, nanos(15));
    let most = Money::parse_text("99999.999999999").expect("money");
    let refused = store
        .change_token(credit(&token, most), Guard::default())
        .await;
    assert!(matches!(
        refused,
        Err(ChangeError::TopUp(TopUpError::OutOfRange))
    ));
    assert_eq!(balance(store, &token).await, nanos(15));

    let top_up = TopUp {
        amount: nanos(2),
        note: None,
    };
    let top_up = AccountTopUp {
        account: owner,
        top_up,
        actor: Actor::SYSTEM,
    };
    let topped = store.top_up_account(top_up.clone(), None).await;
    assert!(matches!(topped, Ok(Made::Now(account)) if account.balance == nanos(42)));
    let render = Box::new(|account: &Account| account.balance.to_string().into());
    for _ in 0..2 {
        let once = Once {
            claim: claim(1, 1),
            render: render.clone(),
        };
        store
            .top_up_account(top_up.clone(), Some(once))
            .await
            .expect("an account");
    }
    let stored = store.account(owner).await.expect("a working store");
    assert_eq!(stored.expect("an account").balance, nanos(44));
}

/// One key, one change, one answer.
pub async fn a_change_asked_for_twice_is_made_once(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 0).await;
    let first = store
        .change_token(credit(&token, nanos(5)), once(7, 1))
        .await;
    assert!(matches!(first, Ok(Made::Now(_))), "{first:?}");
    store
        .change_token(credit(&token, nanos(100)), once(8, 1))
        .await
        .expect("another key");
    let second = store
        .change_token(credit(&token, nanos(5)), once(7, 1))
        .await;
    let Ok(Made::Before(answer)) = second else {
        panic!("made twice: {second:?}")
    };
    assert_eq!(answer, nanos(5).to_string().into_bytes());
    let other = store
        .change_token(credit(&token, nanos(6)), once(7, 2))
        .await;
    assert!(matches!(other, Err(ChangeError::OtherRequest)), "{other:?}");
    assert_eq!(balance(store, &token).await, nanos(105));
}

/// What was refused may be asked for again, under the same key.
pub async fn a_refused_change_leaves_its_key_free(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 0).await;
    let most = Money::parse_text("99999.999999999").expect("money");
    store
        .change_token(credit(&token, nanos(1)), Guard::default())
        .await
        .expect("a token");
    let refused = store.change_token(credit(&token, most), once(7, 1)).await;
    assert!(matches!(refused, Err(ChangeError::TopUp(_))), "{refused:?}");
    let stale = Guard {
        condition: Some(Box::new(|_| false)),
        ..once(7, 2)
    };
    let refused = store.change_token(credit(&token, nanos(1)), stale).await;
    assert!(matches!(refused, Err(ChangeError::Stale)), "{refused:?}");
    let made = store
        .change_token(credit(&token, nanos(3)), once(7, 3))
        .await;
    assert!(matches!(made, Ok(Made::Now(_))), "{made:?}");
    assert_eq!(balance(store, &token).await, nanos(4));
}

/// A condition sees the token as it is when the change is decided.
pub async fn a_condition_is_decided_with_the_change(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 0).await;
    // All in flight together: each wants the balance that only one can find.
    let take = async || {
        let guard = Guard {
            condition: Some(Box::new(|token: &Token| token.balance == nanos(0))),
            ..Guard::default()
        };
        store.change_token(credit(&token, nanos(1)), guard).await
    };
    let mut made = 0;
    for outcome in join_all([take(), take(), take()].map(Box::pin)).await {
        match outcome {
            Ok(Made::Now(_)) => made += 1,
            Err(ChangeError::Stale) => {}
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!((made, balance(store, &token).await), (1, nanos(1)));
}

fn void(call: i64) -> Settlement {
    Settlement {
        outcome: CallOutcome::Void,
        ..used(call, 0)
    }
}

/// A call with a key is made once; its outcome is told to whoever repeats it,
/// and a call that did not happen frees its key.
pub async fn a_call_with_a_key_is_made_once(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let ask = async |call: i64, fingerprint: u8| {
        let hold = NewHold {
            claim: Some(claim(7, fingerprint)),
            ..new_hold(store, &token, 2, call, 400).await
        };
        match store.hold(hold).await {
            Ok(_) => None,
            Err(HoldFailure::Repeated(repeated)) => Some(repeated),
            Err(other) => panic!("unexpected: {other}"),
        }
    };
    assert_eq!(ask(1, 1).await, None);
    assert_eq!(ask(2, 1).await, Some(Repeated::Running));
    assert_eq!(ask(3, 2).await, Some(Repeated::OtherRequest));
    store.settle(void(1)).await.expect("a hold");
    assert_eq!(ask(4, 2).await, None, "it did not happen");
    store.settle(used(4, 30)).await.expect("a hold");
    let finished = Repeated::Finished {
        call: CallId {
            ordered: 4,
            random: 4,
        },
        cost: nanos(30),
        status: 200,
    };
    assert_eq!(ask(5, 2).await, Some(finished));
    assert_eq!(ask(6, 1).await, Some(Repeated::OtherRequest));
    assert_eq!(balance(store, &token).await, nanos(970));
    assert_eq!(store.open_holds().await.expect("a working store"), 0);
}
