//! What every backend has to keep, whatever it stores in. A backend's tests
//! run each promise on a fresh store.

mod calls;
mod fixtures;
mod tokens;

pub use calls::{
    a_call_is_charged_once, a_charge_and_an_adjustment_never_lose_each_other,
    an_abandoned_call_is_charged_its_floor, deletion_rotation_and_expiry_end_admission,
    holds_are_exclusive, the_account_is_charged_with_the_token, two_accounts_do_not_see_each_other,
};
pub use fixtures::*;
pub use tokens::{
    a_change_is_seen_by_the_next_caller, a_deleted_name_is_free_and_its_history_is_not,
    a_reset_is_applied_once, names_are_unique_in_an_account,
};
