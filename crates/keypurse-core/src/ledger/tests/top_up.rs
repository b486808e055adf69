//! Money an operator adds.

use super::*;

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
