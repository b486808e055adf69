//! The promises every backend keeps, on a real SQLite file.

use keypurse_store::conformance;

use crate::harness::TestStore;

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
    an_alert_fires_once_until_it_is_over,
    an_alert_that_changed_does_not_fire_for_what_it_was,
    a_deleted_alert_leaves_its_events_and_nothing_to_deliver,
    a_delivery_is_due_until_it_is_taken_or_given_up,
    no_alert_stands_in_anothers_way,
    an_alert_without_a_webhook_is_only_listed,
    an_alert_asked_for_twice_is_one_and_there_is_an_end_to_them,
    what_alerts_are_about_is_read_as_it_is_now,
    a_webhook_moves_to_a_newer_master_key,
    a_call_holds_anew_for_its_next_model,
    noted_calls_are_read_by_whoever_asks_next,
    a_call_with_a_key_is_made_once,
    a_change_asked_for_twice_is_made_once,
    a_condition_is_decided_with_the_change,
    a_refused_change_leaves_its_key_free,
    a_top_up_adds_to_a_balance_or_changes_nothing,
    a_change_is_seen_by_the_next_caller,
    a_charge_and_an_adjustment_never_lose_each_other,
    a_deleted_name_is_free_and_its_history_is_not,
    a_due_reset_counts_in_lists,
    a_reset_is_applied_once,
    a_secret_moves_to_newer_keys_and_stays_itself,
    a_session_does_not_outlive_its_key,
    a_session_ends_when_it_should,
    a_session_has_the_rights_of_its_key,
    a_token_stands_as_its_calls_left_it,
    an_account_has_one_viewer_key,
    a_session_is_recorded_as_it_begins_and_ends,
    an_account_sees_its_own_records,
    an_overrun_is_recorded_and_a_flood_of_them_is_not,
    every_change_is_recorded_once_and_no_other,
    an_abandoned_call_is_charged_its_floor,
    deleted_tokens_stay_in_reports,
    deletion_rotation_and_expiry_end_admission,
    holds_are_exclusive,
    holds_grow_as_far_as_the_money_goes,
    l7_a_call_is_charged_once,
    l9_what_exceeds_hold_and_balance_is_the_houses,
    names_are_unique_in_an_account,
    rules_are_kept_and_read_with_the_credential,
    the_account_is_charged_with_the_token,
    two_accounts_do_not_see_each_other,
    tokens_are_found_by_what_is_remembered_of_them,
    tokens_are_listed_in_order_and_in_pages,
    what_is_no_token_is_kept_and_recomputed,
);
