//! What is charged.

use super::script::check;
use super::*;

#[test]
fn l6_a_hold_resolves_once() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         hold h2 60            -> 429 held 60, available 40
         settle h1 25          -> charged 25 house 0, available 75
         settle h1 25          -> NotOpen, available 75
         void h1               -> NotOpen, available 75
         hold h3 75            -> held 75, available 0
         void h3               -> charged 0, available 75
         hold h4 76            -> 402 needs 76, available 75",
    );
}

#[test]
fn l9_what_exceeds_hold_and_balance_goes_to_the_house() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         hold h2 30            -> held 30, available 10
         settle h1 90          -> charged 70 house 20, available 0
         settle h2 30          -> charged 30 house 0, available 0",
    );
}

#[test]
fn an_operator_may_lower_the_balance_and_open_holds_are_still_charged_in_full() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         adjust 10             -> adjusted, available -50
         hold h2 1             -> 429 held 60, available -50
         settle h1 60          -> charged 60 house 0, available -50
         hold h3 1             -> 402 needs 1, available -50",
    );
}

#[test]
fn a_balance_that_is_off_is_neither_checked_nor_changed() {
    let mut inactive = settings(Overdraft::Clamp);
    inactive.has_budget = false;
    let mut ledger = ledger_with(&inactive, 0);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    let charge = ledger
        .settle(call(1), Money::from_nanos(60), at(0))
        .unwrap();
    assert_eq!((charge.from_token, charge.token_balance), (false, None));
    assert_eq!(ledger.token(TOKEN).unwrap().purse.balance, Money::ZERO);
    assert_eq!(
        ledger.account(ACCOUNT).unwrap().purse.balance,
        Money::from_nanos(-60)
    );
}

#[test]
fn a_hold_is_charged_where_it_was_set_aside() {
    let mut off = settings(Overdraft::Clamp);
    off.has_budget = false;
    let mut ledger = ledger_with(&off, 100);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    // Switched on while the call runs: it set nothing aside in this purse.
    ledger.apply_settings(TOKEN, &settings(Overdraft::Clamp), None, at(0));
    let charge = ledger.settle(call(1), Money::from_nanos(40), at(0));
    let charge = charge.unwrap();
    assert!(!charge.from_token);
    assert_eq!(charge.token_balance, Some(Money::from_nanos(100)));
    // Switched off while the call runs: from here on it is not changed.
    ledger.hold(&request(2, 60, 60), at(0)).unwrap();
    ledger.apply_settings(TOKEN, &off, None, at(0));
    let charge = ledger.settle(call(2), Money::from_nanos(40), at(0));
    let charge = charge.unwrap();
    assert_eq!((charge.from_token, charge.token_balance), (false, None));
    let purse = ledger.token(TOKEN).unwrap().purse;
    assert_eq!(purse, Purse::with(Money::from_nanos(100)));
}

#[test]
fn a_limited_account_bounds_what_goes_beyond_the_hold() {
    let mut ledger = ledger_with(&settings(Overdraft::Allow), 1000);
    let account = ledger.accounts.get_mut(&ACCOUNT).unwrap();
    account.unlimited = false;
    account.purse.balance = Money::from_nanos(50);
    ledger.hold(&request(1, 30, 30), at(0)).unwrap();
    ledger.hold(&request(2, 15, 15), at(0)).unwrap();
    let charge = ledger.settle(call(1), Money::from_nanos(90), at(0));
    let charge = charge.unwrap();
    let paid = (charge.charged.nanos(), charge.house.nanos());
    assert_eq!(paid, (35, 55), "the hold and the five nobody holds");
}

#[test]
#[should_panic(expected = "a cost never credits")]
fn a_negative_cost_is_a_bug() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 30, 30), at(0)).unwrap();
    let _ = ledger.settle(call(1), Money::from_nanos(-1), at(0));
}

/// A sandbox token that rehearses, beside an account without credits.
fn rehearsing(balance: i64) -> Ledger {
    let mut settings = settings(Overdraft::Clamp);
    settings.kind = TokenKind::Sandbox;
    settings.simulate_budget = true;
    let mut ledger = Ledger::new(TimeZone::UTC, Timestamp::from_micros(i64::MAX));
    ledger.load_account(AccountState {
        id: ACCOUNT,
        purse: Purse::default(),
        unlimited: false,
    });
    let secrets = vec![SecretState {
        id: SECRET,
        valid_until: None,
    }];
    let balance = Money::from_nanos(balance);
    ledger.load_token(TokenState::new(TOKEN, ACCOUNT, balance, &settings, secrets));
    ledger
}

#[test]
fn l12_a_rehearsal_draws_on_its_tokens_balance_alone() {
    let mut ledger = rehearsing(100);
    let nanos = Money::from_nanos;
    let admitted = ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    assert_eq!(admitted.amount, nanos(60));
    let purse = ledger.token(TOKEN).unwrap().purse;
    assert_eq!((purse.balance, purse.held), (nanos(100), nanos(60)));
    assert_eq!(ledger.open(call(1), nanos(70)), Some(nanos(70)));
    // Clamped and refused as a live one would be, by its own balance.
    let clamped = ledger.hold(&request(2, 60, 10), at(0)).unwrap();
    assert_eq!(clamped.budget, nanos(30));
    let refused = ledger.hold(&request(3, 60, 60), at(0)).unwrap_err();
    assert!(matches!(refused, HoldError::OnHold(short) if short.purse == PurseId::Token(TOKEN)));
    let charge = ledger.settle(call(1), nanos(90), at(0)).unwrap();
    // Beyond its hold nothing is left that is not held.
    assert_eq!((charge.charged, charge.house), (nanos(70), nanos(20)));
    assert!(charge.rehearsed && charge.from_token);
    assert_eq!(charge.token_balance, Some(nanos(30)));
    ledger.void(call(2), at(0)).unwrap();
    assert_eq!(ledger.token(TOKEN).unwrap().purse, Purse::with(nanos(30)));
    assert_eq!(ledger.account(ACCOUNT).unwrap().purse, Purse::default());
    let changes = ledger.take_changes();
    assert!(!changes.purses.contains(&PurseId::Account(ACCOUNT)));
}

#[test]
fn l12_a_sandbox_token_that_does_not_rehearse_is_never_charged() {
    let mut ledger = rehearsing(100);
    let mut settings = settings(Overdraft::Clamp);
    settings.kind = TokenKind::Sandbox;
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    ledger.apply_settings(TOKEN, &settings, None, at(0));
    ledger
        .settle(call(1), Money::from_nanos(60), at(0))
        .unwrap();
    ledger.hold(&request(2, 600, 600), at(0)).unwrap();
    ledger
        .settle(call(2), Money::from_nanos(600), at(0))
        .unwrap();
    let purse = ledger.token(TOKEN).unwrap().purse;
    assert_eq!(purse, Purse::with(Money::from_nanos(100)));
    assert_eq!(ledger.account(ACCOUNT).unwrap().purse, Purse::default());
}
