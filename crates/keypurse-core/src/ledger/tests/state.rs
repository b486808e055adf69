//! Loading, settings, resets, the end of a token.

use super::*;

#[test]
fn l11_nothing_is_admitted_after_deletion_rotation_or_expiry() {
    let mut expiring = settings(Overdraft::Clamp);
    expiring.expires_at = Some(at(100));
    let mut ledger = ledger_with(&expiring, 100);
    assert!(ledger.hold(&request(1, 1, 1), at(99)).is_ok());
    assert_eq!(
        ledger.hold(&request(2, 1, 1), at(100)),
        Err(HoldError::Expired)
    );

    let new = SecretState {
        id: SecretId(2),
        valid_until: None,
    };
    ledger.rotate_token(TOKEN, new, Some(at(50)));
    assert!(
        ledger.hold(&request(3, 1, 1), at(49)).is_ok(),
        "old secret within its grace"
    );
    assert_eq!(
        ledger.hold(&request(4, 1, 1), at(50)),
        Err(HoldError::Revoked)
    );
    let newest = SecretState {
        id: SecretId(3),
        valid_until: None,
    };
    ledger.rotate_token(TOKEN, newest, Some(at(90)));
    assert_eq!(
        ledger.token(TOKEN).unwrap().secrets.len(),
        2,
        "at most two secrets live"
    );

    ledger.delete_token(TOKEN);
    let by_newest = HoldRequest {
        token: Some(TokenUse {
            token: TOKEN,
            secret: SecretId(3),
        }),
        ..request(5, 1, 1)
    };
    assert_eq!(ledger.hold(&by_newest, at(10)), Err(HoldError::Revoked));
    assert!(
        ledger
            .settle(call(1), Money::from_nanos(1), at(120))
            .is_ok(),
        "running calls settle"
    );
}

#[test]
fn a_reset_happens_once_in_the_first_step_of_a_new_period() {
    let day = 86_400;
    let mut daily = settings(Overdraft::Clamp);
    let amount = Money::from_nanos(50);
    daily.reset = Some(Reset {
        period: ResetPeriod::Daily,
        amount,
        next_at: at(day),
    });
    let mut ledger = ledger_with(&daily, 100);
    ledger.hold(&request(1, 40, 40), at(day - 1)).unwrap();
    assert!(ledger.take_changes().entries.is_empty());
    ledger
        .settle(call(1), Money::from_nanos(30), at(3 * day))
        .unwrap();
    ledger.hold(&request(2, 20, 20), at(3 * day + 5)).unwrap();
    let changes = ledger.take_changes();
    let amounts: Vec<i64> = changes
        .entries
        .iter()
        .map(|entry| entry.amount.nanos())
        .collect();
    assert_eq!(amounts, [-50], "one entry for all missed periods");
    assert_eq!(changes.resets[&TOKEN], at(4 * day));
    assert_eq!(
        ledger.token(TOKEN).unwrap().purse.balance,
        Money::from_nanos(20)
    );
}

#[test]
fn a_reset_waits_for_certain_time_and_is_not_taken_for_astray_meanwhile() {
    let day = 86_400;
    let reset_at = |next_at| {
        let mut daily = settings(Overdraft::Clamp);
        daily.reset = Some(Reset {
            period: ResetPeriod::Daily,
            amount: Money::from_nanos(50),
            next_at,
        });
        daily
    };
    // It was off for forty days: the time is right, and not certain yet.
    let (off, now) = (at(0), at(40 * day + 5));
    for (next_at, first, last) in [
        (at(day), None, Some(at(41 * day))),
        (at(41 * day), None, None),
        // A clock that had jumped ahead set it.
        (at(90 * day), Some(at(41 * day)), None),
    ] {
        let mut ledger = ledger_with(&reset_at(next_at), 100);
        ledger.prove_until(off);
        ledger.reset_if_due(TOKEN, now);
        let moved = ledger.take_changes();
        assert_eq!(moved.resets.get(&TOKEN).copied(), first);
        assert!(moved.entries.is_empty(), "no balance is set back");
        ledger.prove_until(now);
        ledger.reset_if_due(TOKEN, now);
        let set_back = ledger.take_changes();
        assert_eq!(set_back.resets.get(&TOKEN).copied(), last);
        assert_eq!(set_back.entries.len(), usize::from(last.is_some()));
    }
}

#[test]
fn l11_a_secret_rotated_out_for_good_stays_dead_when_the_clock_steps_back() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    let new = SecretState {
        id: SecretId(2),
        valid_until: None,
    };
    ledger.rotate_token(TOKEN, new, None);
    let refused = ledger.hold(&request(1, 1, 1), Timestamp::from_micros(i64::MIN));
    assert_eq!(refused, Err(HoldError::Revoked));
    assert_eq!(ledger.token(TOKEN).unwrap().secrets, [new]);
}

#[test]
fn it_tells_what_is_loaded_and_held() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    assert_eq!((ledger.tokens(), ledger.held()), (1, Money::ZERO));
    for (number, full) in [(1, 30), (2, 12)] {
        ledger.hold(&request(number, full, full), at(0)).unwrap();
    }
    assert_eq!(ledger.held(), Money::from_nanos(42));
    let other = TokenState::new(
        TokenId(2),
        ACCOUNT,
        Money::ZERO,
        &settings(Overdraft::Clamp),
        Vec::new(),
    );
    ledger.load_token(other);
    assert_eq!(ledger.tokens(), 2);
    ledger.forget_idle(1);
    assert_eq!(ledger.tokens(), 1, "one is in use");
}

#[test]
fn entries_are_taken_once_and_are_no_longer_among_the_changes() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    let balance = Some(Money::from_nanos(70));
    ledger.apply_settings(TOKEN, &settings(Overdraft::Clamp), balance, at(0));
    let entries = ledger.take_entries();
    let adjusted: Vec<_> = entries.iter().map(|entry| entry.amount.nanos()).collect();
    assert_eq!(adjusted, [-30]);
    assert_eq!(ledger.take_entries(), []);
    assert!(ledger.take_changes().entries.is_empty());
}

#[test]
fn a_restored_hold_is_held_again_and_settles() {
    let mut ledger = ledger_with(&settings(Overdraft::Allow), 100);
    let hold = Hold {
        account: ACCOUNT,
        token: Some(TOKEN),
        amount: Money::from_nanos(130),
        draws_on_token: true,
        rehearsed: false,
        overdrawn: true,
        floor: None,
    };
    ledger.restore_hold(call(1), hold);
    assert_eq!(ledger.open_hold(call(1)), Some(&hold));
    let held = |ledger: &Ledger| ledger.token(TOKEN).unwrap().purse.held.nanos();
    assert_eq!((held(&ledger), ledger.open_holds()), (130, 1));
    let settings = settings(Overdraft::Allow);
    let more = Some(Money::from_nanos(200));
    ledger.apply_settings(TOKEN, &settings, more, at(0));
    let second = ledger.hold(&request(2, 90, 90), at(0));
    assert!(matches!(second, Err(HoldError::OnHold(_))), "{second:?}");
    let charge = ledger.settle(call(1), Money::from_nanos(130), at(0));
    assert_eq!(charge.unwrap().charged, Money::from_nanos(130));
    assert_eq!((held(&ledger), ledger.open_holds()), (0, 0));
}

#[test]
fn a_token_is_forgotten_when_it_is_idle_and_many_are_loaded() {
    let settings = settings(Overdraft::Clamp);
    let mut ledger = ledger_with(&settings, 100);
    let other = TokenState::new(TokenId(2), ACCOUNT, Money::ZERO, &settings, Vec::new());
    ledger.load_token(other.clone());
    let loaded = |ledger: &Ledger| [TOKEN, TokenId(2)].map(|id| ledger.token(id).is_some());
    ledger.forget_idle(2);
    assert_eq!(loaded(&ledger), [true, true], "two are not too many");
    ledger.hold(&request(1, 1, 1), at(0)).unwrap();
    ledger.hold(&request(2, 1, 1), at(0)).unwrap();
    ledger.forget_idle(1);
    assert_eq!(loaded(&ledger), [true, false], "the first is in use");
    ledger.void(call(1), at(0)).unwrap();
    ledger.forget_idle(0);
    assert_eq!(loaded(&ledger), [true, false], "one hold is left");
    ledger.void(call(2), at(0)).unwrap();
    ledger.forget_idle(1);
    assert_eq!(loaded(&ledger), [true, false], "one is not too many");
    ledger.forget_idle(0);
    assert_eq!(loaded(&ledger), [false, false]);
}

#[test]
fn what_is_loaded_already_is_not_loaded_over() {
    let settings = settings(Overdraft::Clamp);
    let mut ledger = ledger_with(&settings, 100);
    let stale = TokenState::new(TOKEN, ACCOUNT, Money::ZERO, &settings, Vec::new());
    ledger.load_token(stale);
    let known = ledger.token(TOKEN).unwrap();
    assert_eq!(known.purse.balance, Money::from_nanos(100));
}
