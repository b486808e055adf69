use super::*;
use crate::id::{AccountId, CallId, SecretId, TokenId};
use crate::money::Money;
use crate::period::{Reset, ResetPeriod};
use crate::time::Timestamp;
use crate::token::{Overdraft, TokenKind, TokenName, TokenSettings};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const ACCOUNT: AccountId = AccountId(1);
const TOKEN: TokenId = TokenId(1);
const SECRET: SecretId = SecretId(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn call(number: i64) -> CallId {
    CallId {
        ordered: number,
        random: 0,
    }
}

fn settings(overdraft: Overdraft) -> TokenSettings {
    let mut settings = TokenSettings::new(TokenName::parse("t").unwrap(), TokenKind::Live);
    settings.has_budget = true;
    settings.overdraft = overdraft;
    settings
}

fn ledger_with(settings: &TokenSettings, balance: i64) -> Ledger {
    let mut ledger = Ledger::new(TimeZone::UTC);
    let purse = Purse::default();
    ledger.load_account(AccountState {
        id: ACCOUNT,
        purse,
        unlimited: true,
    });
    let secrets = vec![SecretState {
        id: SECRET,
        valid_until: None,
    }];
    let balance = Money::from_nanos(balance);
    ledger.load_token(TokenState::new(TOKEN, ACCOUNT, balance, settings, secrets));
    ledger
}

/// A hold that is to grow from `first`.
fn growing(number: i64, full: i64, first: i64) -> HoldRequest {
    HoldRequest {
        first: Money::from_nanos(first),
        ..request(number, full, first)
    }
}

fn request(number: i64, full: i64, least: i64) -> HoldRequest {
    HoldRequest {
        call: call(number),
        account: ACCOUNT,
        token: Some(TokenUse {
            token: TOKEN,
            secret: SECRET,
        }),
        full: Money::from_nanos(full),
        least: Money::from_nanos(least),
        first: Money::from_nanos(full),
    }
}

/// Runs a script like a bank statement against a token, one line a step:
/// `hold h1 60` or `hold h1 60 least 20`, `settle h1 25`, `void h1`,
/// `adjust 10`; after `->` what it answers.
fn check(overdraft: Overdraft, balance: i64, script: &str) {
    let mut ledger = ledger_with(&settings(overdraft), balance);
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (step, expected) = line.split_once("->").expect("a step and what it answers");
        let outcome = step_outcome(&mut ledger, step);
        let available = ledger.token(TOKEN).unwrap().purse.available().nanos();
        assert_eq!(
            format!("{outcome}, available {available}"),
            expected.trim(),
            "in `{line}`"
        );
    }
}

fn step_outcome(ledger: &mut Ledger, step: &str) -> String {
    let words: Vec<&str> = step.split_whitespace().collect();
    let number = |index: usize| words[index].trim_start_matches('h').parse::<i64>().unwrap();
    match words[0] {
        "stream" => match ledger.hold(&growing(number(1), number(2), number(4)), at(0)) {
            Ok(admission) => format!(
                "held {} of {}",
                admission.amount.nanos(),
                admission.budget.nanos()
            ),
            Err(error) => format!("{error:?}"),
        },
        "open" => {
            let reached = ledger.open(call(number(1)), Money::from_nanos(number(2)));
            reached.map_or("not open".to_owned(), |floor| {
                format!("floor {}", floor.nanos())
            })
        }
        "hold" => {
            let least = if words.len() > 3 {
                number(4)
            } else {
                number(2)
            };
            match ledger.hold(&request(number(1), number(2), least), at(0)) {
                Ok(admission) => format!("held {}", admission.amount.nanos()),
                Err(HoldError::Insufficient(short)) => {
                    format!("402 needs {}", short.needed.nanos())
                }
                Err(HoldError::OnHold(short)) => format!("429 held {}", short.held.nanos()),
                Err(other) => format!("{other:?}"),
            }
        }
        "settle" => match ledger.settle(call(number(1)), Money::from_nanos(number(2)), at(0)) {
            Ok(charge) => {
                format!(
                    "charged {} house {}",
                    charge.charged.nanos(),
                    charge.house.nanos()
                )
            }
            Err(error) => format!("{error:?}"),
        },
        "void" => match ledger.void(call(number(1)), at(0)) {
            Ok(charge) => format!("charged {}", charge.charged.nanos()),
            Err(error) => format!("{error:?}"),
        },
        "adjust" => {
            let mut settings = settings(ledger.token(TOKEN).unwrap().overdraft);
            settings.expires_at = None;
            ledger.apply_settings(TOKEN, &settings, Some(Money::from_nanos(number(1))), at(0));
            "adjusted".to_owned()
        }
        other => panic!("unknown step {other}"),
    }
}

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
fn l2_a_hold_is_clamped_to_what_is_available_and_never_below_the_least() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 160 least 20  -> held 100, available 0
         hold h2 160 least 20  -> 429 held 100, available 0
         settle h1 85          -> charged 85 house 0, available 15
         hold h3 160 least 20  -> 402 needs 20, available 15
         hold h4 160 least 15  -> held 15, available 0",
    );
}

#[test]
fn refuse_does_not_clamp() {
    check(
        Overdraft::Refuse,
        100,
        "hold h1 101 least 1   -> 402 needs 101, available 100
         hold h2 100 least 1   -> held 100, available 0
         hold h3 1             -> 429 held 100, available 0",
    );
}

#[test]
fn allow_lets_one_call_at_a_time_go_beyond() {
    check(
        Overdraft::Allow,
        10,
        "hold h1 100           -> held 100, available -90
         hold h2 1             -> 429 held 100, available -90
         settle h1 120         -> charged 120 house 0, available -110
         hold h3 1             -> 402 needs 1, available -110",
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
fn l2_a_growing_hold_takes_what_is_there_and_no_more() {
    check(
        Overdraft::Clamp,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         stream h2 90 first 20 -> held 20 of 80, available 60
         open h1 10            -> floor 10, available 60
         open h1 50            -> floor 50, available 30
         open h1 40            -> floor 50, available 30
         open h2 70            -> floor 50, available 0
         open h1 60            -> floor 50, available 0
         settle h1 55          -> charged 50 house 5, available 0
         open h2 70            -> floor 50, available 0
         settle h2 30          -> charged 30 house 0, available 20
         open h2 70            -> not open, available 20",
    );
}

#[test]
fn a_call_that_may_not_be_clamped_is_held_in_full() {
    check(
        Overdraft::Refuse,
        100,
        "stream h1 90 first 20 -> held 90 of 90, available 10",
    );
}

#[test]
fn allow_lets_one_growing_hold_at_a_time_go_beyond() {
    check(
        Overdraft::Allow,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         stream h2 90 first 20 -> held 90 of 90, available -10
         open h1 50            -> floor 20, available -10
         void h2               -> charged 0, available 80
         stream h2 70 first 20 -> held 20 of 70, available 60
         open h1 120           -> floor 120, available -40
         open h2 50            -> floor 20, available -40
         open h1 130           -> floor 130, available -50
         settle h1 130         -> charged 130 house 0, available -50",
    );
}

#[test]
fn what_was_counted_is_never_charged_above_the_hold() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&growing(1, 90, 20), at(0)).unwrap();
    let charge = ledger.settle_counted(call(1), Money::from_nanos(50), at(0));
    let charge = charge.unwrap();
    assert_eq!(
        (charge.cost.nanos(), charge.charged.nanos(), charge.house),
        (20, 20, Money::ZERO)
    );
}

#[test]
fn a_free_call_needs_no_money() {
    check(
        Overdraft::Clamp,
        0,
        "hold h1 0             -> held 0, available 0
         hold h2 1             -> 402 needs 1, available 0
         settle h1 0           -> charged 0 house 0, available 0",
    );
}

#[test]
fn the_account_purse_is_drawn_on_with_the_tokens() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.accounts.get_mut(&ACCOUNT).unwrap().unlimited = false;
    ledger.accounts.get_mut(&ACCOUNT).unwrap().purse.balance = Money::from_nanos(30);
    let error = ledger.hold(&request(1, 60, 40), at(0)).unwrap_err();
    let HoldError::Insufficient(short) = error else {
        panic!("{error:?}")
    };
    assert_eq!(short.purse, PurseId::Account(ACCOUNT));
    assert_eq!(
        ledger.token(TOKEN).unwrap().purse.held,
        Money::ZERO,
        "neither purse changed"
    );
    let granted = ledger.hold(&request(2, 60, 20), at(0)).unwrap();
    assert_eq!(
        granted.amount,
        Money::from_nanos(30),
        "clamped by the smaller purse"
    );
    ledger
        .settle(call(2), Money::from_nanos(25), at(0))
        .unwrap();
    assert_eq!(
        ledger.account(ACCOUNT).unwrap().purse.balance,
        Money::from_nanos(5)
    );
    assert_eq!(
        ledger.token(TOKEN).unwrap().purse.balance,
        Money::from_nanos(75)
    );
}

#[test]
fn an_inhas_budget_is_neither_checked_nor_changed() {
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
    ledger.rotate_token(TOKEN, new, at(50));
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
    ledger.rotate_token(TOKEN, newest, at(90));
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

#[derive(Clone, Debug)]
enum Step {
    Hold { full: i64, least: i64 },
    Settle { which: usize, cost: i64 },
    Void { which: usize },
    Open { which: usize, floor: i64 },
    Adjust { balance: i64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_i64..500, 0_i64..500).prop_map(|(a, b)| Step::Hold { full: a.max(b), least: a.min(b) }),
        3 => (any::<usize>(), 0_i64..700).prop_map(|(which, cost)| Step::Settle { which, cost }),
        1 => any::<usize>().prop_map(|which| Step::Void { which }),
        1 => (any::<usize>(), 0_i64..500).prop_map(|(which, floor)| Step::Open { which, floor }),
        1 => (-100_i64..1000).prop_map(|balance| Step::Adjust { balance }),
    ]
}

proptest! {
    /// L1: credits − charges − open holds = available, for every purse, after
    /// every step. L2: no step but an operator's takes it below zero.
    #[test]
    fn l1_l2_the_books_balance_after_every_step(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut ledger = ledger_with(&settings(Overdraft::Clamp), 1000);
        let (mut credits, mut charges) = (1000_i64, 0_i64);
        let mut open: Vec<(CallId, i64)> = Vec::new();
        for (number, step) in (1_i64..).zip(&steps) {
            let before = ledger.token(TOKEN).unwrap().purse.available().nanos();
            match *step {
                Step::Hold { full, least } => {
                    if let Ok(admission) = ledger.hold(&request(number, full, least), at(0)) {
                        prop_assert!(full == 0 || admission.amount.nanos() <= before);
                        open.push((call(number), admission.amount.nanos()));
                    }
                }
                Step::Settle { which, cost } if !open.is_empty() => {
                    let (id, held) = open.remove(which % open.len());
                    let charge = ledger.settle(id, Money::from_nanos(cost), at(0)).unwrap();
                    prop_assert_eq!(charge.charged + charge.house, Money::from_nanos(cost));
                    prop_assert!(charge.charged.nanos() >= cost.min(held));
                    charges += charge.charged.nanos();
                    prop_assert!(before < 0 || ledger.token(TOKEN).unwrap().purse.available() >= Money::ZERO);
                }
                Step::Void { which } if !open.is_empty() => {
                    let (id, _) = open.remove(which % open.len());
                    ledger.void(id, at(0)).unwrap();
                }
                Step::Open { which, floor } if !open.is_empty() => {
                    let slot = which % open.len();
                    let (id, held) = open[slot];
                    let reached = ledger.open(id, Money::from_nanos(floor)).unwrap();
                    let hold = *ledger.open_hold(id).unwrap();
                    let growth = hold.amount.nanos() - held;
                    prop_assert!(growth == 0 || growth == before.min(floor - held));
                    prop_assert!(reached == hold.floor.unwrap() && reached <= hold.amount);
                    open[slot].1 = hold.amount.nanos();
                }
                Step::Adjust { balance } => {
                    ledger.apply_settings(TOKEN, &settings(Overdraft::Clamp), Some(Money::from_nanos(balance)), at(0));
                    credits = balance + charges;
                }
                _ => {}
            }
            let held: i64 = open.iter().map(|(_, amount)| amount).sum();
            let purse = ledger.token(TOKEN).unwrap().purse;
            prop_assert_eq!(purse.available().nanos(), credits - charges - held);
            let account = ledger.account(ACCOUNT).unwrap().purse;
            prop_assert_eq!(account.available().nanos(), -charges - held);
            prop_assert_eq!(ledger.open_holds(), open.len());
        }
    }
}

fn top_up(amount: i64) -> TopUp {
    TopUp {
        amount: Money::from_nanos(amount),
        note: Note::parse("why").unwrap(),
    }
}

#[test]
fn a_top_up_is_one_entry_and_frees_nothing_that_is_held() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 60);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    for (purse, before) in [(PurseId::Token(TOKEN), 60), (PurseId::Account(ACCOUNT), 0)] {
        let after = ledger.top_up(purse, top_up(25), at(3)).unwrap();
        assert_eq!(after, Money::from_nanos(before + 25));
        let changes = ledger.take_changes();
        let entry = Entry {
            purse,
            kind: EntryKind::TopUp,
            amount: Money::from_nanos(25),
            balance_after: after,
            note: Note::parse("why").unwrap(),
            at: at(3),
        };
        assert_eq!(changes.entries, [entry]);
        assert!(changes.purses.contains(&purse) && changes.purses.len() == 1);
    }
    let purse = ledger.token(TOKEN).unwrap().purse;
    assert_eq!(purse.held, Money::from_nanos(60));
    assert_eq!(purse.available(), Money::from_nanos(25));
}

#[test]
fn a_top_up_that_does_not_fit_changes_nothing() {
    const DOLLAR: i64 = 1_000_000_000;
    for (purse, limit) in [
        (PurseId::Token(TOKEN), 100_000 * DOLLAR),
        (PurseId::Account(ACCOUNT), 1_000_000_000 * DOLLAR),
    ] {
        let mut ledger = ledger_with(&settings(Overdraft::Clamp), 0);
        for amount in [limit, limit + 1, i64::MAX] {
            let refused = ledger.top_up(purse, top_up(amount), at(0));
            assert_eq!(refused, Err(TopUpError::OutOfRange), "{amount}");
        }
        assert!(ledger.take_changes().entries.is_empty());
        let most = Money::from_nanos(limit - 1);
        assert_eq!(ledger.top_up(purse, top_up(limit - 1), at(0)), Ok(most));
        let refused = ledger.top_up(purse, top_up(1), at(0));
        assert_eq!(refused, Err(TopUpError::OutOfRange));
    }
}

#[test]
fn a_due_reset_comes_before_a_top_up() {
    let mut settings = settings(Overdraft::Clamp);
    settings.reset = Some(Reset {
        period: ResetPeriod::Daily,
        amount: Money::from_nanos(50),
        next_at: at(10),
    });
    let mut ledger = ledger_with(&settings, 20);
    let purse = PurseId::Token(TOKEN);
    let topped = ledger.top_up(purse, top_up(1), at(9));
    assert_eq!(topped, Ok(Money::from_nanos(21)));
    let topped = ledger.top_up(purse, top_up(1), at(10));
    assert_eq!(topped, Ok(Money::from_nanos(51)));
    let kinds: Vec<EntryKind> = ledger
        .take_changes()
        .entries
        .iter()
        .map(|entry| entry.kind)
        .collect();
    assert_eq!(
        kinds,
        [EntryKind::TopUp, EntryKind::Reset, EntryKind::TopUp]
    );
}

#[test]
fn a_note_is_at_most_500_printable_characters() {
    assert_eq!(Note::parse(""), Ok(None));
    let longest = "é".repeat(MAX_NOTE_CHARS);
    let note = Note::parse(&longest).unwrap().unwrap();
    assert_eq!(note.as_str(), longest);
    assert_eq!(Note::parse(&(longest + "x")), Err(NoteError::TooLong));
    for bad in ["a\nb", "\u{0}", "\u{7f}", "\u{85}"] {
        assert_eq!(
            Note::parse(bad),
            Err(NoteError::ControlCharacter),
            "{bad:?}"
        );
    }
}
