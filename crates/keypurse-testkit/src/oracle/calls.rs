//! One call: what it may be charged, by what was seen of it.

use std::fmt;

use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use keypurse_store_sqlite::{CallState, FinishedCall};

use super::judge::Rules;
use super::logs::ClientSaw;
use crate::hostile::{INPUT_TOKENS, Served};

/// What a provider may put around what it was sent, in tokens.
const TEMPLATE_TOKENS: u64 = 64;
/// How long a member that states a limit is at most, in bytes.
const LIMIT_MEMBER: u64 = 48;

/// Everything that is known about one call.
pub(super) struct Call<'a> {
    pub(super) rules: &'a Rules,
    pub(super) saw: Option<&'a ClientSaw>,
    pub(super) served: Option<&'a Served>,
    pub(super) row: Option<&'a FinishedCall>,
}

type Fault = (&'static str, String);

impl Call<'_> {
    /// Whether the client has the whole answer.
    pub(super) fn is_whole(&self) -> bool {
        self.saw
            .is_some_and(|saw| saw.status == 200 && saw.is_whole)
    }

    /// Whether the client has a part of an answer, and knows that it is one.
    pub(super) fn is_cut(&self) -> bool {
        self.delivered() > 0 && !self.is_whole()
    }

    fn delivered(&self) -> u64 {
        self.saw.map_or(0, |saw| saw.tokens)
    }

    /// Which promises this call breaks.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let Some(row) = self.row else {
            if self.served.is_some() {
                faults.push((
                    "L3",
                    "the provider was called, and nothing is booked".into(),
                ));
            }
            if self.is_whole() || self.is_cut() {
                faults.push((
                    "L5",
                    "an answer was delivered, and nothing is booked".into(),
                ));
            }
            return faults;
        };
        if row.charged > Money::ZERO && self.served.is_none() {
            faults.push(("L7", "charged, though no provider was called".into()));
        }
        if let Some(served) = self.served {
            faults.extend(self.wrong_amount(row, served));
        }
        faults.extend(self.wrong_words(row));
        faults
    }

    /// The charge against what the provider knows.
    fn wrong_amount(&self, row: &FinishedCall, served: &Served) -> Option<Fault> {
        let charged = row.charged;
        let most = self.most(served, served.limit);
        if charged > most {
            return Some(("L2", format!("charged {charged}, a hold is {most} at most")));
        }
        let billed = served
            .billed
            .map(|billed| self.price(billed.input, billed.output));
        // Beyond its limit nothing is paid for, whoever sends it.
        let least = self.price(INPUT_TOKENS, self.delivered().min(served.limit));
        match row.state {
            CallState::Void if self.delivered() > 0 => Some((
                "L4",
                format!("void, and {} tokens arrived", self.delivered()),
            )),
            CallState::Void if charged > Money::ZERO => {
                Some(("L8", format!("void, and charged {charged}")))
            }
            CallState::Simulated => Some(("L12", "simulated, and the provider was called".into())),
            CallState::Settled if self.is_whole() => match billed {
                Some(billed) => (charged + row.house != billed || row.estimated).then(|| {
                    (
                        "L5",
                        format!("the provider billed {billed}, charged is {charged}"),
                    )
                }),
                None => self.outside(row, least, self.most(served, served.text_bytes), "L5"),
            },
            CallState::Settled if billed == Some(charged + row.house) => None,
            CallState::Settled => {
                self.outside(row, least, self.most(served, served.text_bytes), "L4")
            }
            CallState::Recovered if self.is_whole() => {
                Some(("L5", "the whole answer arrived before its charge".into()))
            }
            CallState::Recovered => {
                let covered = served.text_bytes + self.rules.block_tokens;
                self.outside(row, least, self.most(served, covered), "L4")
            }
            CallState::Void => None,
        }
    }

    /// An estimate that is too low or too high.
    fn outside(
        &self,
        row: &FinishedCall,
        least: Money,
        most: Money,
        invariant: &'static str,
    ) -> Option<Fault> {
        let charged = row.charged;
        if charged + row.house < least {
            return Some((
                invariant,
                format!("charged {charged}, delivered were {least}"),
            ));
        }
        if charged > most {
            return Some((
                "R-3",
                format!("charged {charged}, covered were {most} at most"),
            ));
        }
        (self.is_whole() && !row.estimated)
            .then(|| (invariant, "counted, and not flagged as estimated".into()))
    }

    /// What the client was told against what is booked.
    fn wrong_words(&self, row: &FinishedCall) -> Option<Fault> {
        let saw = self.saw?;
        let charged = row.charged;
        if saw.status != 200 && saw.status != 0 && charged > Money::ZERO {
            let what = format!("answered {} and charged {charged}", saw.status);
            return Some(("L4", what));
        }
        let told = saw.cost?;
        (told != charged + row.house).then(|| ("L5", format!("told {told}, charged {charged}")))
    }

    fn price(&self, input: u64, output: u64) -> Money {
        let counts = TokenCounts {
            input,
            output,
            ..TokenCounts::default()
        };
        let cost = self.rules.price.cost(&counts);
        cost.expect("what a test uses has a price")
    }

    /// The most a call can cost that was sent this and has so much output.
    fn most(&self, served: &Served, output: u64) -> Money {
        let input = served.request_bytes + TEMPLATE_TOKENS + LIMIT_MEMBER;
        let most = self.rules.price.bound(input, output.min(served.limit));
        most.expect("what a test uses has a price")
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "client {:?}; provider {:?}; row {:?}",
            self.saw, self.served, self.row
        )
    }
}
