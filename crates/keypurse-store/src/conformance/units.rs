//! What is paid by something else than tokens.

use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_core::usage::{Certainty, TokenCounts, Units};

use super::fixtures::{account, balance, nanos, new_hold, token, used};
use crate::{CallMeta, CallOutcome, Cause, NewHold, Settlement, StatementPage, Store};

/// L8: characters, seconds and images are kept with the price they were
/// charged at, and lead to the charge again.
pub async fn what_is_no_token_is_kept_and_recomputed(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 100_000).await;
    let each = |nanos: i64| Rate::per_unit(Money::from_nanos(nanos));
    let price = Price::flat(Rates {
        characters: each(1),
        input_seconds: each(20),
        output_seconds: each(300),
        images: each(4000),
        ..Rates::default()
    });
    let counts = TokenCounts {
        units: Units {
            characters: 5,
            input_seconds: 4,
            output_seconds: 3,
            images: 2,
        },
        ..TokenCounts::NONE
    };
    let cost = price.cost(&counts).expect("a small cost");
    assert_eq!(cost, nanos(8985));
    let hold = new_hold(store, &token, 2, 1, 10_000).await;
    let meta = CallMeta {
        price: Arc::new(price.clone()),
        ..hold.meta
    };
    store
        .hold(NewHold { meta, ..hold })
        .await
        .expect("enough money");
    let outcome = CallOutcome::Used {
        cost,
        counts,
        certainty: Certainty::Reported,
    };
    let settlement = Settlement {
        outcome,
        ..used(1, 0)
    };
    store.settle(settlement).await.expect("a working store");
    assert_eq!(balance(store, &token).await, nanos(91_015));
    let page = StatementPage {
        token: token.id,
        before: None,
        limit: 1,
    };
    let lines = store.statement(page).await.expect("a working store");
    let Cause::Call(call) = &lines[0].cause else {
        panic!("the newest line is the call: {lines:?}");
    };
    assert_eq!((call.counts, &*call.price), (counts, &price));
    assert_eq!(call.price.cost(&call.counts), Some(call.cost));
}
