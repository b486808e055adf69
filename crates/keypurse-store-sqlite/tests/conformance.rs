//! The promises every backend keeps, on a real SQLite file.

mod harness;

use harness::TestStore;
use keypurse_store::conformance;

macro_rules! promises {
    ($($promise:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $promise() {
            let store = TestStore::new();
            conformance::$promise(store.get()).await;
            store.finish().await;
        }
    )*};
}

promises!(
    a_call_is_charged_once,
    a_change_is_seen_by_the_next_caller,
    a_charge_and_an_adjustment_never_lose_each_other,
    a_deleted_name_is_free_and_its_history_is_not,
    a_reset_is_applied_once,
    an_abandoned_call_is_charged_its_floor,
    deletion_rotation_and_expiry_end_admission,
    holds_are_exclusive,
    names_are_unique_in_an_account,
    the_account_is_charged_with_the_token,
    two_accounts_do_not_see_each_other,
);
