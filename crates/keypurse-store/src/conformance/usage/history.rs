//! A history of calls, and whether a store's reports tell it.

use jiff::tz::TimeZone;
use keypurse_core::id::{AccountId, CallId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;

use super::costs::{flat, in_order_of_costs};
use super::labels::tagged_token;
use super::made::{Made, expected, local_day};
use super::planned::{Ending, Planned};
use super::questions::{Dice, Known};
use crate::conformance::{NOW, account, join_all};
use crate::{CallsPage, Dimension, Feature, StatusClass, Step, Store, Token, UsageQuery, Whose};

const DAY_SECONDS: i64 = 24 * 3600;
/// Calls are of so many days; hours are asked for of fewer.
const DAYS: i64 = 430;
const DAYS_WITH_HOURS: i64 = 60;
const QUESTIONS: usize = 150;
const COSTS_BY: [Dimension; 3] = [Dimension::Token, Dimension::Feature, Dimension::Provider];
/// Calls that are made at once.
const AT_ONCE: usize = 5;
const MODELS: [(&str, &str); 4] = [
    ("north", "small"),
    ("north", "large"),
    ("south", "small"),
    ("east", "its/own"),
];

/// Calls of all kinds, and the store they were made in.
#[derive(Debug)]
pub struct History {
    zone: TimeZone,
    account: AccountId,
    tokens: Vec<Token>,
    dice: Dice,
    last_call: i64,
    made: Vec<Made>,
}

impl History {
    /// Makes an account with tokens in a fresh store whose days are `zone`'s.
    pub async fn begin(store: &dyn Store, zone: TimeZone) -> Self {
        let reported = account(store, "reported", 1).await;
        // Somebody else's calls are in nobody's report.
        let other = account(store, "other", 9).await;
        let mut tokens = Vec::new();
        for (name, secret, kind, of) in [
            ("first", 2, TokenKind::Live, reported),
            ("second", 3, TokenKind::Live, reported),
            ("rehearsing", 4, TokenKind::Sandbox, reported),
            ("stranger", 5, TokenKind::Live, other),
        ] {
            tokens.push(tagged_token(store, of, name, secret, kind).await);
        }
        Self {
            zone,
            account: reported,
            tokens,
            dice: Dice::seeded(7),
            last_call: 0,
            made: Vec::new(),
        }
    }

    /// The tokens: two live ones and one that rehearses, and another account's.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Makes some more calls, asking after each few whether all are told.
    pub async fn go_on(&mut self, store: &dyn Store, calls: usize) {
        for _ in 0..calls.div_ceil(AT_ONCE) {
            self.make_calls(store, AT_ONCE).await;
            self.everything_is_told(store).await;
        }
    }

    /// Makes some more calls at once.
    pub async fn make_calls(&mut self, store: &dyn Store, calls: usize) {
        let some: Vec<_> = (0..calls).map(|_| self.any_call()).collect();
        join_all(some.iter().map(|call| call.make(store))).await;
        let counting = some.into_iter().filter_map(Planned::made);
        let ours = counting.filter(|(of, _)| *of == self.account);
        self.made.extend(ours.map(|(_, made)| made));
    }

    async fn everything_is_told(&self, store: &dyn Store) {
        let query = self.known().everything();
        let rows = store.usage(query.clone()).await.expect("a report");
        assert_eq!(rows, expected(&self.made, &query, &self.zone));
    }

    /// Asks all kinds of questions.
    pub async fn is_told(&self, store: &dyn Store) {
        self.questions(store, |_| true).await;
    }

    async fn questions(&self, store: &dyn Store, ask: impl Fn(Step) -> bool) {
        self.everything_is_told(store).await;
        let (known, mut dice) = (self.known(), Dice::seeded(11));
        for _ in 0..QUESTIONS {
            let query = known.any_question(&mut dice);
            if !ask(query.step) {
                continue;
            }
            let rows = store.usage(query.clone()).await.expect("a report");
            let expected = expected(&self.made, &query, &self.zone);
            assert_eq!(rows, expected, "{query:?}");
            self.costs_are_told(store, query).await;
        }
    }

    async fn costs_are_told(&self, store: &dyn Store, query: UsageQuery) {
        let told = store.costs(query.clone()).await.expect("a report");
        let query = UsageQuery {
            by: COSTS_BY.to_vec(),
            detail: false,
            ..query
        };
        let expected = expected(&self.made, &query, &self.zone);
        assert_eq!(flat(&told), in_order_of_costs(expected), "{query:?}");
    }

    /// Asks questions of days and longer, when hours may be gone.
    pub async fn is_told_by_day(&self, store: &dyn Store) {
        self.questions(store, |step| step != Step::Hour).await;
    }

    /// Reads all pages of all kinds of lists.
    pub async fn is_listed(&self, store: &dyn Store) {
        let token = Whose::Tokens(vec![self.tokens[0].id]);
        let first = CallsPage {
            account: self.account,
            whose: Whose::All,
            from: None,
            until: None,
            provider: None,
            model: None,
            feature: None,
            status: None,
            before: None,
            limit: 37,
        };
        let south = Some("south".to_owned());
        for page in [
            first.clone(),
            CallsPage {
                whose: token.clone(),
                ..first.clone()
            },
            CallsPage {
                whose: Whose::AccountKey,
                limit: 5,
                ..first.clone()
            },
            CallsPage {
                whose: token,
                provider: south,
                ..first.clone()
            },
            CallsPage {
                status: Some(StatusClass::ServerError),
                ..first.clone()
            },
            CallsPage {
                feature: Some(Feature::Embeddings),
                ..first.clone()
            },
            CallsPage {
                model: Some("east/its/own".to_owned()),
                ..first.clone()
            },
            CallsPage {
                from: Some(NOW.plus_seconds(-90 * DAY_SECONDS)),
                until: Some(NOW.plus_seconds(-30 * DAY_SECONDS)),
                ..first
            },
        ] {
            self.all_pages_are_there(store, page).await;
        }
    }

    async fn all_pages_are_there(&self, store: &dyn Store, mut page: CallsPage) {
        let mut expected: Vec<_> = self.made.iter().filter(|call| call.is_on(&page)).collect();
        expected.sort_by_key(|call| std::cmp::Reverse(call.call));
        let mut listed = Vec::new();
        loop {
            let some = store.calls(page.clone()).await.expect("a page");
            assert!(some.len() <= page.limit);
            let Some(last) = some.last() else { break };
            page.before = Some(last.record.call.ordered);
            listed.extend(some);
        }
        assert_eq!(listed.len(), expected.len(), "{page:?}");
        for (call, made) in listed.iter().zip(expected) {
            let Made { call: id, .. } = made;
            assert_eq!((call.record.call, call.token), (*id, made.token));
            assert_eq!(call.record.counts, made.counts, "{id}");
            assert_eq!(call.finished_at, made.finished_at, "{id}");
            let cost = if call.rehearsed {
                Money::ZERO
            } else {
                call.charged
            };
            assert_eq!(cost, made.cost, "{id}");
        }
    }

    fn known(&self) -> Known {
        let day = |ago: i64| local_day(NOW.plus_seconds(-ago * DAY_SECONDS), &self.zone);
        let ours = self
            .tokens
            .iter()
            .filter(|token| token.account == self.account);
        Known {
            account: self.account,
            tokens: ours.map(|token| token.id).collect(),
            models: MODELS.to_vec(),
            days: (-1..DAYS).map(day).collect(),
            days_with_hours: (-1..DAYS_WITH_HOURS).map(day).collect(),
        }
    }

    /// A call of a random kind, at a random time, mostly of late.
    fn any_call(&mut self) -> Planned {
        self.last_call += 1;
        let dice = &mut self.dice;
        let ago = match dice.roll(4) {
            0 => dice.roll(2 * 3600),
            1 => dice.roll(3 * 24 * 3600),
            _ => dice.roll(DAYS.unsigned_abs() * 24 * 3600),
        };
        let finished_at = NOW.plus_seconds(1800 - i64::try_from(ago).expect("some years"));
        let took = i64::try_from(dice.roll(700_000)).expect("some minutes") * 1000;
        let started_at = Timestamp::from_micros(finished_at.micros() - took);
        let payer = usize::try_from(dice.roll(5)).expect("a few");
        let (provider, model) = dice.pick(&MODELS);
        let status = dice.pick(&[200, 200, 200, 404, 500, 503, 0]);
        let ending = match dice.roll(6) {
            0 => Ending::Void,
            1 => Ending::Counted,
            2 if payer == 2 => Ending::Simulated,
            _ => Ending::Used,
        };
        // As real ids are: what arrived earlier has a lower one.
        let millis = started_at.micros() / 1000;
        let call = CallId {
            ordered: (millis << 21) + self.last_call,
            random: self.last_call,
        };
        Planned {
            call,
            payer: self.tokens.get(payer).cloned(),
            account: self
                .tokens
                .get(payer)
                .map_or(self.account, |token| token.account),
            provider,
            model,
            feature: dice.pick(&Feature::ALL),
            status,
            ending,
            output: u32::try_from(dice.roll(1000)).expect("small"),
            started_at,
            finished_at,
        }
    }
}
