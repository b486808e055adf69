//! The judge: everything that must hold between witnesses and books.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_store_sqlite::{BookedEntry, CallState, FinishedCall};

use super::books::Books;
use super::calls::Call;
use super::logs::{ClientSaw, Witnesses};
use super::operator;
use crate::hostile::Served;

/// What the run was made with.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The price of every call.
    pub price: Price,
    /// The most output tokens a crash may charge beyond what was produced.
    pub block_tokens: u64,
    /// How long after an acknowledged deletion an admitted call may still
    /// arrive at the provider.
    pub dispatch_grace: Duration,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which: an invariant's name.
    pub invariant: &'static str,
    /// Of which call or token.
    pub whose: String,
    /// What happened, with all that is known about it.
    pub what: String,
}

/// What was judged, and what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Promises that were not kept.
    pub violations: Vec<Violation>,
    /// Answers that arrived whole.
    pub whole: usize,
    /// Streams that delivered something and did not arrive whole.
    pub cut: usize,
    /// Requests that reached the provider.
    pub provider_calls: usize,
    /// Finished calls in the books.
    pub rows: usize,
    /// Those a crash left open after something was delivered.
    pub recovered: usize,
    /// What they were charged.
    pub charged: Money,
}

/// Follows a run; see the module.
#[derive(Debug)]
pub struct Oracle {
    rules: Rules,
    /// What the books said the last time.
    rows: HashMap<String, FinishedCall>,
    entries: Vec<BookedEntry>,
}

/// Everything about one moment of a run.
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) said: Witnesses<'a>,
    pub(super) books: &'a Books,
    pub(super) rows: &'a HashMap<String, FinishedCall>,
    pub(super) verdict: Verdict,
}

impl Oracle {
    /// A run that begins with empty books.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            rows: HashMap::new(),
            entries: Vec::new(),
        }
    }

    /// Judges a moment at which the gateway runs and nobody calls it: whatever
    /// a crash left open is resolved.
    pub fn judge(&mut self, said: Witnesses<'_>, books: &Books) -> Verdict {
        let rows = books.by_call();
        let mut case = Case {
            rules: &self.rules,
            said,
            books,
            rows: &rows,
            verdict: Verdict {
                provider_calls: said.provider.len(),
                rows: books.rows.len(),
                recovered: (books.rows.iter())
                    .filter(|row| row.state == CallState::Recovered)
                    .count(),
                charged: books.rows.iter().map(|row| row.charged).sum(),
                ..Verdict::default()
            },
        };
        case.books_are_proven();
        case.nothing_written_changed(&self.rows, &self.entries);
        case.ids_are_unique();
        case.every_call_is_charged_right();
        operator::judge(&mut case);
        let verdict = case.verdict;
        self.rows = rows;
        self.entries.clone_from(&books.entries);
        verdict
    }
}

impl Case<'_> {
    pub(super) fn violated(&mut self, invariant: &'static str, whose: &str, what: String) {
        self.verdict.violations.push(Violation {
            invariant,
            whose: whose.to_owned(),
            what,
        });
    }

    fn books_are_proven(&mut self) {
        if let Err(difference) = &self.books.audit {
            self.violated("L8", "audit", difference.clone());
        }
        for call in self.books.open.clone() {
            let what = "its hold is open, and nobody works on it".to_owned();
            self.violated("L10", &call.to_string(), what);
        }
    }

    /// A resolved call and an entry stay as they are (L6, and entries only
    /// grow).
    fn nothing_written_changed(
        &mut self,
        rows: &HashMap<String, FinishedCall>,
        entries: &[BookedEntry],
    ) {
        for (call, before) in rows {
            if self.rows.get(call) != Some(before) {
                let what = format!("was {before:?} and became {:?}", self.rows.get(call));
                self.violated("L6", call, what);
            }
        }
        let kept = self.books.entries.get(..entries.len());
        let ascend = self.books.entries.is_sorted_by_key(|entry| entry.id);
        if kept != Some(entries) || !ascend {
            let what = "entries that were written changed, went or moved".to_owned();
            self.violated("L18", "entries", what);
        }
    }

    /// One call, one dispatch, one answer, one row (L7).
    fn ids_are_unique(&mut self) {
        let rows: Vec<String> = (self.books.rows.iter())
            .map(|row| row.call.to_string())
            .collect();
        let provider = self.said.provider.iter().map(|served| served.call.clone());
        let clients = self.said.clients.iter().filter_map(|saw| saw.call.clone());
        for (where_, ids) in [
            ("rows", rows),
            ("provider calls", provider.collect()),
            ("answers", clients.collect()),
        ] {
            let mut known = HashSet::new();
            for id in ids {
                if !known.insert(id.clone()) {
                    self.violated("L7", &id, format!("has two {where_}"));
                }
            }
        }
    }

    fn every_call_is_charged_right(&mut self) {
        let clients: HashMap<&str, &ClientSaw> = (self.said.clients.iter())
            .filter_map(|saw| Some((saw.call.as_deref()?, saw)))
            .collect();
        let provider: HashMap<&str, &Served> = (self.said.provider.iter())
            .map(|served| (served.call.as_str(), served))
            .collect();
        let mut calls: Vec<&str> = self.rows.keys().map(String::as_str).collect();
        calls.extend(clients.keys().chain(provider.keys()));
        calls.sort_unstable();
        calls.dedup();
        for id in calls {
            let call = Call {
                rules: self.rules,
                saw: clients.get(id).copied(),
                served: provider.get(id).copied(),
                row: self.rows.get(id),
            };
            self.verdict.whole += usize::from(call.is_whole());
            self.verdict.cut += usize::from(call.is_cut());
            for (invariant, what) in call.faults() {
                self.violated(invariant, id, format!("{what}; {call}"));
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.invariant, self.whose, self.what)
    }
}

impl Verdict {
    /// Fails the test that asks, with everything that is wrong.
    pub fn assert_clean(&self, when: &str) {
        let listed: Vec<String> = (self.violations.iter().take(20))
            .map(ToString::to_string)
            .collect();
        assert!(
            listed.is_empty(),
            "{when}: {} promises were not kept:\n{}",
            self.violations.len(),
            listed.join("\n")
        );
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} whole answers, {} streams cut after a part, {} provider calls, {} rows, \
             {} of them recovered, ${} charged, {} violations",
            self.whole,
            self.cut,
            self.provider_calls,
            self.rows,
            self.recovered,
            self.charged,
            self.violations.len()
        )
    }
}
