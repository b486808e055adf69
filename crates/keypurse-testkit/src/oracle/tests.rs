//! Each promise, broken on purpose: the oracle has to notice, and to name it.

use std::time::{Duration, Instant};

use keypurse_core::id::CallId;
use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_store_sqlite::{AuditReport, BookedEntry, BookedPurse, CallState, FinishedCall};

use super::{Act, ActKind, Books, ClientSaw, Oracle, Reading, Rules, Verdict, Witnesses};
use crate::hostile::{Behaviour, Billed, Served};

/// What a run left: one whole answer, one stream cut by a crash, one call that
/// never left, for one token that started with a dollar.
struct Story {
    start: Instant,
    provider: Vec<Served>,
    clients: Vec<ClientSaw>,
    operator: Vec<Act>,
    books: Books,
}

const WHOLE: usize = 0;
const CUT: usize = 1;
const UNSENT: usize = 2;
const BLOCK: u64 = 100;

fn dollars(text: &str) -> Money {
    Money::parse_text(text).unwrap()
}

/// $1 per million tokens in, $10 out.
fn rules() -> Rules {
    let rate = |text| Rate::per_million(dollars(text)).unwrap();
    Rules {
        price: Price::flat(Rates {
            input: rate("1"),
            output: rate("10"),
            ..Rates::default()
        }),
        block_tokens: BLOCK,
        dispatch_grace: Duration::from_millis(100),
    }
}

fn cost(input: i64, output: i64) -> Money {
    Money::from_nanos(input * 1_000 + output * 10_000)
}

fn id(number: usize) -> CallId {
    CallId {
        ordered: i64::try_from(number).unwrap() + 1,
        random: 7,
    }
}

fn row(number: usize, state: CallState, charged: Money) -> FinishedCall {
    FinishedCall {
        call: id(number),
        state,
        estimated: state == CallState::Recovered,
        charged,
        house: Money::ZERO,
        status: 200,
    }
}

fn saw(number: usize, start: Instant, tokens: u64) -> ClientSaw {
    ClientSaw {
        call: Some(id(number).to_string()),
        token: "t".to_owned(),
        sent: start,
        status: 200,
        tokens,
        is_whole: false,
        cost: None,
    }
}

fn served(number: usize, start: Instant) -> Served {
    Served {
        call: id(number).to_string(),
        user: "t".to_owned(),
        behaviour: Behaviour::Good,
        streamed: number == CUT,
        arrived: start,
        request_bytes: 50,
        limit: 1000,
        tokens: 20,
        text_bytes: 80,
        billed: None,
        is_whole: false,
    }
}

impl Story {
    fn honest() -> Self {
        let start = Instant::now();
        let created = Act {
            token: "t".to_owned(),
            kind: ActKind::Create(dollars("1")),
            acked: Some(start),
        };
        let mut story = Self {
            start,
            provider: vec![served(WHOLE, start), served(CUT, start)],
            clients: vec![saw(WHOLE, start, 20), saw(CUT, start, 12)],
            operator: vec![created],
            books: Books {
                rows: vec![
                    row(WHOLE, CallState::Settled, cost(5, 20)),
                    row(CUT, CallState::Recovered, cost(50, 100)),
                    row(UNSENT, CallState::Void, Money::ZERO),
                ],
                entries: Vec::new(),
                purses: Vec::new(),
                open: Vec::new(),
                audit: Ok(AuditReport::default()),
            },
        };
        story.provider[WHOLE].billed = Some(Billed {
            input: 5,
            output: 20,
        });
        story.clients[WHOLE].is_whole = true;
        story.clients[WHOLE].cost = Some(cost(5, 20));
        story.entry(1, None, Money::ZERO);
        story.entry(2, Some("t"), dollars("1"));
        story.balance_books();
        story
    }

    fn entry(&mut self, id: i64, token: Option<&str>, amount: Money) {
        self.books.entries.push(BookedEntry {
            id,
            token: token.map(str::to_owned),
            amount,
            balance_after: amount,
        });
    }

    /// Makes balances what entries and rows say.
    fn balance_books(&mut self) {
        let charged: Money = self.books.rows.iter().map(|row| row.charged).sum();
        let credits = |token: Option<&str>| -> Money {
            let of = self
                .books
                .entries
                .iter()
                .filter(|entry| entry.token.as_deref() == token);
            of.map(|entry| entry.amount).sum()
        };
        let purse = |token: Option<&str>| BookedPurse {
            token: token.map(str::to_owned),
            balance: credits(token) - charged,
            is_deleted: false,
        };
        self.books.purses = vec![purse(None), purse(Some("t"))];
    }

    /// Another charge for a call, in books that balance.
    fn charge(&mut self, call: usize, charged: Money) {
        self.books.rows[call].charged = charged;
        self.balance_books();
    }

    fn judge(&self, oracle: &mut Oracle) -> Verdict {
        let said = Witnesses {
            provider: &self.provider,
            clients: &self.clients,
            operator: &self.operator,
        };
        oracle.judge(said, &self.books)
    }

    /// Which invariants a new oracle finds broken.
    fn broken(&self) -> Vec<&'static str> {
        let verdict = self.judge(&mut Oracle::new(rules()));
        let mut broken: Vec<_> = verdict
            .violations
            .iter()
            .map(|fault| fault.invariant)
            .collect();
        broken.dedup();
        broken
    }
}

/// What is broken after a change to an honest story.
fn after(change: impl FnOnce(&mut Story)) -> Vec<&'static str> {
    let mut story = Story::honest();
    change(&mut story);
    story.broken()
}

#[test]
fn an_honest_story_is_clean_and_counted() {
    let verdict = Story::honest().judge(&mut Oracle::new(rules()));
    assert_eq!(verdict.violations, []);
    assert_eq!((verdict.whole, verdict.cut), (1, 1));
    assert_eq!((verdict.provider_calls, verdict.rows), (2, 3));
    assert_eq!(verdict.recovered, 1);
    assert_eq!(verdict.charged, cost(5, 20) + cost(50, 100));
}

#[test]
fn l1_a_balance_that_is_not_credits_minus_charges_is_found() {
    for purse in [0, 1] {
        let change = |story: &mut Story| {
            story.books.purses[purse].balance += Money::from_nanos(1);
        };
        assert_eq!(after(change), ["L1"]);
    }
    // Charged to another purse than the one that called.
    assert_eq!(
        after(|story| {
            story.clients[WHOLE].token = "u".to_owned();
            story.provider[WHOLE].user = "u".to_owned();
        }),
        ["L1"]
    );
}

#[test]
fn l1_an_acknowledged_act_that_is_lost_and_an_entry_nobody_asked_for_are_found() {
    let lost = |story: &mut Story| {
        let kind = ActKind::SetBalance(dollars("3"));
        let (token, acked) = ("t".to_owned(), Some(story.start));
        story.operator.push(Act { token, kind, acked });
    };
    assert_eq!(after(lost), ["L1"]);
    let unasked = |story: &mut Story| {
        story.entry(3, Some("t"), dollars("5"));
        story.balance_books();
    };
    assert_eq!(after(unasked), ["L1"]);
    // One that was asked for and never answered may have happened or not.
    let unanswered = |story: &mut Story| {
        lost(story);
        story.operator[1].acked = None;
    };
    assert_eq!(after(unanswered), [""; 0]);
}

#[test]
fn l2_a_negative_balance_and_a_charge_beyond_any_hold_are_found() {
    let negative = |story: &mut Story| {
        story.books.entries[1].amount = Money::from_nanos(1);
        story.balance_books();
    };
    assert_eq!(after(negative), ["L2"]);
    let beyond = |story: &mut Story| story.charge(CUT, cost(1000, 1000));
    assert_eq!(after(beyond), ["L2"]);
}

#[test]
fn l3_a_provider_call_without_a_row_is_found() {
    let unbooked = |story: &mut Story| {
        story.clients.pop();
        story.books.rows.remove(CUT);
        story.balance_books();
    };
    assert_eq!(after(unbooked), ["L3"]);
}

#[test]
fn l4_a_delivery_that_costs_too_little_is_found() {
    let too_little = |story: &mut Story| story.charge(CUT, cost(5, 11));
    assert_eq!(after(too_little), ["L4"]);
    let free = |story: &mut Story| {
        story.books.rows[CUT].state = CallState::Void;
        story.charge(CUT, Money::ZERO);
    };
    assert_eq!(after(free), ["L4"]);
    let refused = |story: &mut Story| story.clients[CUT].status = 502;
    assert_eq!(after(refused), ["L4"]);
}

#[test]
fn r3_more_than_a_block_beyond_what_was_produced_is_found() {
    // 50 + 64 + 48 tokens in at most, 80 + 100 out.
    let at_most = |story: &mut Story| story.charge(CUT, cost(162, 180));
    assert_eq!(after(at_most), [""; 0]);
    let more = |story: &mut Story| story.charge(CUT, cost(162, 181));
    assert_eq!(after(more), ["R-3"]);
    // A settlement needs no block.
    let settled = |story: &mut Story| {
        story.books.rows[CUT].state = CallState::Settled;
        story.charge(CUT, cost(162, 81));
    };
    assert_eq!(after(settled), ["R-3"]);
}

#[test]
fn l5_a_whole_answer_at_another_price_is_found() {
    for charged in [cost(5, 19), cost(5, 21), Money::ZERO] {
        let change = |story: &mut Story| {
            story.clients[WHOLE].cost = None;
            story.charge(WHOLE, charged);
        };
        assert_eq!(after(change), ["L5"], "{charged}");
    }
    let estimated = |story: &mut Story| story.books.rows[WHOLE].estimated = true;
    assert_eq!(after(estimated), ["L5"]);
    let not_flagged = |story: &mut Story| story.provider[WHOLE].billed = None;
    assert_eq!(after(not_flagged), ["L5"]);
    let recovered = |story: &mut Story| story.books.rows[WHOLE].state = CallState::Recovered;
    assert_eq!(after(recovered), ["L5"]);
    let told = |story: &mut Story| story.clients[WHOLE].cost = Some(cost(5, 19));
    assert_eq!(after(told), ["L5"]);
    let unbooked = |story: &mut Story| {
        story.provider.remove(WHOLE);
        story.books.rows.remove(WHOLE);
        story.balance_books();
    };
    assert_eq!(after(unbooked), ["L5"]);
}

#[test]
fn l6_a_resolved_call_that_changes_is_found() {
    let mut oracle = Oracle::new(rules());
    let mut story = Story::honest();
    assert_eq!(story.judge(&mut oracle).violations, []);
    story.charge(CUT, cost(51, 100));
    let verdict = story.judge(&mut oracle);
    assert_eq!(verdict.violations[0].invariant, "L6");
    assert_eq!(verdict.violations[0].whose, id(CUT).to_string());
    assert!(verdict.to_string().contains("1 violations"), "{verdict}");
}

#[test]
fn l7_two_of_one_id_and_a_charge_without_a_provider_call_are_found() {
    let two_rows = |story: &mut Story| {
        let again = story.books.rows[UNSENT];
        story.books.rows.push(again);
    };
    assert_eq!(after(two_rows), ["L7"]);
    let two_dispatches = |story: &mut Story| {
        let again = story.provider[WHOLE].clone();
        story.provider.push(again);
    };
    assert_eq!(after(two_dispatches), ["L7"]);
    let two_answers = |story: &mut Story| {
        let again = story.clients[WHOLE].clone();
        story.clients.push(again);
    };
    assert_eq!(after(two_answers), ["L7"]);
    let phantom = |story: &mut Story| {
        let start = story.start;
        story.clients.push(saw(UNSENT, start, 0));
        story.charge(UNSENT, cost(5, 5));
    };
    assert_eq!(after(phantom), ["L7"]);
}

#[test]
fn l8_books_that_cannot_be_proved_are_found() {
    let unproved = |story: &mut Story| story.books.audit = Err("call 7 differs".to_owned());
    assert_eq!(after(unproved), ["L8"]);
    let void = |story: &mut Story| {
        story.clients.remove(CUT);
        story.books.rows[CUT].state = CallState::Void;
    };
    assert_eq!(after(void), ["L8"]);
}

#[test]
fn l10_an_open_hold_is_found() {
    let open = |story: &mut Story| story.books.open.push(id(9));
    assert_eq!(after(open), ["L10"]);
}

#[test]
fn l11_a_call_after_an_acknowledged_deletion_is_found() {
    let delete = |story: &mut Story| {
        let (token, acked) = ("t".to_owned(), Some(story.start));
        let kind = ActKind::Delete;
        story.operator.push(Act { token, kind, acked });
        story.books.purses[1].is_deleted = true;
    };
    assert_eq!(after(delete), [""; 0]);
    // Admitted before, it may leave within the grace.
    for (later, expected) in [(100, vec![]), (101, vec!["L11"])] {
        let leaves = |story: &mut Story| {
            delete(story);
            story.provider[WHOLE].arrived += Duration::from_millis(later);
        };
        assert_eq!(after(leaves), expected, "{later} ms");
    }
    // Sent after the answer, it may not even arrive.
    let sent_after = |story: &mut Story| {
        delete(story);
        story.clients[WHOLE].sent += Duration::from_millis(1);
    };
    assert_eq!(after(sent_after), ["L11"]);
    let not_deleted = |story: &mut Story| {
        delete(story);
        story.books.purses[1].is_deleted = false;
    };
    assert_eq!(after(not_deleted), ["L1"]);
}

#[test]
fn l12_a_simulated_call_at_a_provider_is_found() {
    let simulated = |story: &mut Story| story.books.rows[CUT].state = CallState::Simulated;
    assert_eq!(after(simulated), ["L12"]);
}

#[test]
fn l18_an_entry_that_changes_is_found() {
    let mut oracle = Oracle::new(rules());
    let mut story = Story::honest();
    assert_eq!(story.judge(&mut oracle).violations, []);
    story.books.entries[0].id = 5;
    let verdict = story.judge(&mut oracle);
    assert_eq!(verdict.violations[0].invariant, "L18");
    assert_eq!(after(|story| story.books.entries[0].id = 5), ["L18"]);
}

#[test]
#[should_panic(expected = "after kill 7: 1 promises were not kept")]
fn a_verdict_fails_the_test_that_asks() {
    let mut story = Story::honest();
    story.books.open.push(id(9));
    let verdict = story.judge(&mut Oracle::new(rules()));
    verdict.assert_clean("after kill 7");
}

#[test]
fn a_client_counts_what_has_come_whole() {
    let mut stream = Reading::default();
    stream.take_in(b": ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\" the of\"}}]}\n\n");
    stream.take_in(b"data: {\"choices\":[{\"delta\":{\"content\":\" to\"}}]}");
    assert_eq!((stream.tokens(true), stream.has_done()), (2, false));
    stream.take_in(b"\n\n: keypurse-cost=0.000001\n\ndata: [DONE]\n\n");
    assert_eq!((stream.tokens(true), stream.has_done()), (3, true));
    assert_eq!(stream.cost(true), Some(dollars("0.000001")));
    let mut whole = Reading::default();
    whole.take_in(br#"{"choices":[{"message":{"content":" a b c"}}],"cost":0.5,"provider":"p"}"#);
    assert_eq!(
        (whole.tokens(false), whole.cost(false)),
        (3, Some(dollars("0.5")))
    );
}
