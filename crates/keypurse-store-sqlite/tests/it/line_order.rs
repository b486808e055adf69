//! The order of lines within one transaction.

use keypurse_core::ledger::TopUp;
use keypurse_store::conformance::{self, nanos, simulated, token};
use keypurse_store::{Guard, Store, Token, TokenChange, TokenTopUp};

use crate::harness::TestStore;

async fn top_up(store: &dyn Store, token: &Token) {
    let credit = TokenChange::TopUp(TokenTopUp {
        account: token.account,
        name: token.settings.name.clone(),
        top_up: TopUp {
            amount: nanos(5),
            note: None,
        },
    });
    let made = store.change_token(credit, Guard::default()).await;
    made.expect("a credit");
}

#[tokio::test]
async fn a_sandbox_call_beside_a_top_up_leaves_a_statement_that_adds_up() {
    let store = TestStore::new();
    let owner = conformance::account(store.get(), "owner", 1).await;
    let token = token(store.get(), owner, "t", 2, 0).await;
    // Together they are decided in one transaction, most times.
    for call in 1..=50 {
        let recorded = store.get().record_simulated(simulated(&token, call));
        let ((), recorded) = tokio::join!(top_up(store.get(), &token), recorded);
        recorded.expect("a working store");
    }
    store.finish().await;
}
