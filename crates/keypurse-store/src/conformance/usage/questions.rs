//! Questions of all kinds, the same in every run.

use jiff::civil::Date;
use keypurse_core::id::{AccountId, TokenId};

use crate::{Dimension, Feature, StatusClass, Step, UsageQuery, Whose};

/// Draws from a fixed sequence.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX; the low bits repeat too soon.
        let (factor, more) = (6_364_136_223_846_793_005, 1_442_695_040_888_963_407);
        self.0 = self.0.wrapping_mul(factor).wrapping_add(more);
        (self.0 >> 33) % sides
    }

    pub(super) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        let sides = u64::try_from(all.len()).expect("a few");
        let at = usize::try_from(self.roll(sides)).expect("a few");
        all[at].clone()
    }

    /// One of them, now and then.
    fn perhaps<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (self.roll(4) == 0).then(|| self.pick(all))
    }
}

const STEPS: [Step; 5] = [Step::Day, Step::Week, Step::Month, Step::Year, Step::Whole];
const DIMENSIONS: [Dimension; 5] = [
    Dimension::Token,
    Dimension::Provider,
    Dimension::Model,
    Dimension::Feature,
    Dimension::Status,
];

/// Whom and what can be asked for.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) account: AccountId,
    pub(super) tokens: Vec<TokenId>,
    pub(super) models: Vec<(&'static str, &'static str)>,
    /// Days with calls, hours of all of these.
    pub(super) days: Vec<Date>,
    pub(super) days_with_hours: Vec<Date>,
}

impl Known {
    /// Everything, in one period.
    pub(super) fn everything(&self) -> UsageQuery {
        UsageQuery {
            account: self.account,
            whose: Whose::All,
            begin: Date::constant(1, 1, 1),
            end: Date::constant(9999, 12, 31),
            step: Step::Whole,
            by: Vec::new(),
            provider: None,
            model: None,
            feature: None,
            status: None,
            detail: true,
        }
    }

    pub(super) fn any_question(&self, dice: &mut Dice) -> UsageQuery {
        let is_by_hour = dice.roll(5) == 0;
        let days = if is_by_hour {
            &self.days_with_hours
        } else {
            &self.days
        };
        let (one, other) = (dice.pick(days), dice.pick(days));
        let mut by = DIMENSIONS.to_vec();
        by.retain(|_| dice.roll(3) == 0);
        let whose = match dice.roll(4) {
            0 => Whose::AccountKey,
            1 => Whose::Tokens(vec![dice.pick(&self.tokens), dice.pick(&self.tokens)]),
            2 => Whose::Tokens(self.more_than_there_are()),
            _ => Whose::All,
        };
        UsageQuery {
            whose,
            begin: one.min(other),
            end: one.max(other),
            step: if is_by_hour {
                Step::Hour
            } else {
                dice.pick(&STEPS)
            },
            by,
            provider: dice
                .perhaps(&self.models)
                .map(|(provider, _)| provider.to_owned()),
            model: dice
                .perhaps(&self.models)
                .map(|(provider, model)| format!("{provider}/{model}")),
            feature: dice.perhaps(&Feature::ALL),
            status: dice.perhaps(&StatusClass::ALL),
            detail: dice.roll(2) == 0,
            ..self.everything()
        }
    }

    /// So many that nobody looks them up one by one.
    fn more_than_there_are(&self) -> Vec<TokenId> {
        let strangers = (1_000_000..1_000_100).map(TokenId);
        self.tokens[1..].iter().copied().chain(strangers).collect()
    }
}
