//! What is told to be written.

use super::*;

fn id() -> PurseId {
    PurseId::Token(TOKEN)
}

#[test]
fn an_adjustment_is_an_entry_of_the_difference() {
    let settings = settings(Overdraft::Clamp);
    let mut ledger = ledger_with(&settings, 100);
    for (balance, amount) in [(30, -70), (-5, -35), (80, 85), (80, 0)] {
        let wanted = Some(Money::from_nanos(balance));
        ledger.apply_settings(TOKEN, &settings, wanted, at(7));
        let changes = ledger.take_changes();
        let entry = Entry {
            purse: id(),
            kind: EntryKind::Adjust,
            amount: Money::from_nanos(amount),
            balance_after: Money::from_nanos(balance),
            note: None,
            at: at(7),
        };
        assert_eq!(changes.entries, [entry]);
        assert_eq!(changes.purses.into_iter().collect::<Vec<_>>(), [id()]);
    }
    ledger.apply_settings(TOKEN, &settings, None, at(8));
    assert!(ledger.take_changes().entries.is_empty(), "no balance given");
}

#[test]
fn a_charge_changes_both_purses_and_a_free_call_none() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    ledger.void(call(1), at(0)).unwrap();
    assert!(ledger.take_changes().purses.is_empty(), "nothing was taken");
    ledger.hold(&request(2, 60, 60), at(0)).unwrap();
    ledger.settle(call(2), Money::from_nanos(1), at(0)).unwrap();
    let changes = ledger.take_changes();
    let both = [PurseId::Account(ACCOUNT), id()];
    assert_eq!(changes.purses.into_iter().collect::<Vec<_>>(), both);
    assert!(changes.entries.is_empty(), "a charge is its call's row");
    assert!(ledger.take_changes().purses.is_empty(), "told once");
}
