//! Prices per million tokens, and the two questions asked of them: what did
//! this cost, and how much could it cost.

use std::fmt::Write as _;

use crate::money::Money;
use crate::usage::TokenCounts;

const UNITS_PER_PRICE: i128 = 1_000_000;

/// Nano-dollars per million units. `Rate(500_000_000)` is $0.50 per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    nanos_per_million: i64,
}

impl Rate {
    /// Costs nothing.
    pub const FREE: Self = Self {
        nanos_per_million: 0,
    };

    /// A rate in dollars per million units. `None` when negative: usage must
    /// never credit.
    pub fn per_million(dollars: Money) -> Option<Self> {
        (dollars >= Money::ZERO).then_some(Self {
            nanos_per_million: dollars.nanos(),
        })
    }

    /// The rate as dollars per million units.
    pub const fn dollars_per_million(self) -> Money {
        Money::from_nanos(self.nanos_per_million)
    }

    fn times(self, units: u64) -> i128 {
        i128::from(self.nanos_per_million) * i128::from(units)
    }
}

/// What each class of tokens costs. A class without a rate of its own costs
/// what its total costs (`input` or `output`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Per million input tokens.
    pub input: Rate,
    /// Per million input tokens read from the provider's cache.
    pub cached_input: Option<Rate>,
    /// Per million input tokens written to the provider's cache.
    pub cache_write: Option<Rate>,
    /// Per million audio input tokens.
    pub input_audio: Option<Rate>,
    /// Per million output tokens.
    pub output: Rate,
    /// Per million reasoning tokens.
    pub reasoning: Option<Rate>,
    /// Per million audio output tokens.
    pub output_audio: Option<Rate>,
}

impl Rates {
    /// Every class of tokens and its own rate, if it has one.
    pub fn by_class(&self) -> [(&'static str, Option<Rate>); 7] {
        [
            ("input", Some(self.input)),
            ("output", Some(self.output)),
            ("cached_input", self.cached_input),
            ("cache_write", self.cache_write),
            ("input_audio", self.input_audio),
            ("reasoning", self.reasoning),
            ("output_audio", self.output_audio),
        ]
    }

    fn cost(&self, counts: &TokenCounts) -> i128 {
        let plain_input =
            counts.input - counts.cached_input - counts.cache_write - counts.input_audio;
        let plain_output = counts.output - counts.reasoning - counts.output_audio;
        self.input.times(plain_input)
            + self
                .cached_input
                .unwrap_or(self.input)
                .times(counts.cached_input)
            + self
                .cache_write
                .unwrap_or(self.input)
                .times(counts.cache_write)
            + self
                .input_audio
                .unwrap_or(self.input)
                .times(counts.input_audio)
            + self.output.times(plain_output)
            + self
                .reasoning
                .unwrap_or(self.output)
                .times(counts.reasoning)
            + self
                .output_audio
                .unwrap_or(self.output)
                .times(counts.output_audio)
    }

    /// The dearest rate an input token can meet.
    fn worst_input(&self) -> Rate {
        let parts = [self.cached_input, self.cache_write, self.input_audio];
        parts.into_iter().flatten().fold(self.input, Rate::max)
    }

    /// The dearest rate an output token can meet.
    fn worst_output(&self) -> Rate {
        let parts = [self.reasoning, self.output_audio];
        parts.into_iter().flatten().fold(self.output, Rate::max)
    }
}

/// Rates that apply when a call has more input tokens than `above`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Input tokens the call must exceed.
    pub above: u64,
    /// What then applies to the whole call.
    pub rates: Rates,
}

/// One price of one model: never edited, a change is a new price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Ascending in `above`; the first one's `above` is 0 and applies always.
    bands: Vec<Band>,
}

impl Price {
    /// One set of rates, whatever the length of the input.
    pub fn flat(rates: Rates) -> Self {
        Self {
            bands: vec![Band { above: 0, rates }],
        }
    }

    /// Rates that change with the length of the input. `None` unless bands
    /// ascend strictly from 0.
    pub fn banded(bands: Vec<Band>) -> Option<Self> {
        let starts_at_zero = bands.first().is_some_and(|band| band.above == 0);
        let ascends = bands.windows(2).all(|pair| pair[0].above < pair[1].above);
        (starts_at_zero && ascends).then_some(Self { bands })
    }

    /// Nothing costs anything.
    pub fn free() -> Self {
        Self::flat(Rates::default())
    }

    /// Rates by length of input, ascending.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Whether every class of tokens costs nothing.
    pub fn is_free(&self) -> bool {
        self.bands.iter().all(|band| {
            band.rates.worst_input() == Rate::FREE && band.rates.worst_output() == Rate::FREE
        })
    }

    /// Exact cost, rounded **up** once: 37.5 nanos are 38, so we never charge
    /// less than the provider charges us. `None` if it cannot fit.
    ///
    /// Panics when `counts` are not consistent: validate usage first.
    pub fn cost(&self, counts: &TokenCounts) -> Option<Money> {
        assert!(
            counts.is_consistent(),
            "token counts must be validated before pricing"
        );
        let band = self
            .reachable(counts.input)
            .last()
            .expect("a price has a first band");
        round_up(band.rates.cost(counts))
    }

    /// The most a call can cost with at most this input and output, whatever
    /// classes the tokens turn out to be. `None` if it cannot fit.
    pub fn bound(&self, input_tokens: u64, output_tokens: u64) -> Option<Money> {
        let worst = self.reachable(input_tokens).map(|band| {
            band.rates.worst_input().times(input_tokens)
                + band.rates.worst_output().times(output_tokens)
        });
        round_up(worst.max().expect("a price has a first band"))
    }

    /// The largest output for which [`Price::bound`] stays within `budget`.
    /// `None` when not even the input fits.
    pub fn affordable_output(&self, budget: Money, input_tokens: u64) -> Option<u64> {
        let budget = i128::from(budget.nanos()) * UNITS_PER_PRICE;
        self.reachable(input_tokens)
            .map(|band| {
                let left = budget - band.rates.worst_input().times(input_tokens);
                let rate = i128::from(band.rates.worst_output().nanos_per_million);
                match (left < 0, rate) {
                    (true, _) => None,
                    (false, 0) => Some(u64::MAX),
                    (false, _) => Some(u64::try_from(left / rate).unwrap_or(u64::MAX)),
                }
            })
            .min()
            .expect("a price has a first band")
    }

    /// Bands a call with at most this input can fall into, lowest first.
    fn reachable(&self, input_tokens: u64) -> impl Iterator<Item = &Band> {
        self.bands
            .iter()
            .filter(move |band| band.above == 0 || input_tokens > band.above)
    }

    /// A canonical text, stored beside every charge so that it can be
    /// recomputed: nano-dollars per million, `above:class=rate,…` per band.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for band in &self.bands {
            let separator = if text.is_empty() { "" } else { ";" };
            let _ = write!(text, "{separator}{}:", band.above);
            for (index, (class, rate)) in band.rates.by_class().into_iter().enumerate() {
                let Some(rate) = rate else { continue };
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(text, "{comma}{class}={}", rate.nanos_per_million);
            }
        }
        text
    }

    /// Reads what [`Price::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let bands = text
            .split(';')
            .map(band_from_text)
            .collect::<Option<Vec<_>>>()?;
        Self::banded(bands)
    }
}

fn band_from_text(text: &str) -> Option<Band> {
    let (above, list) = text.split_once(':')?;
    let mut rates = Rates::default();
    for item in list.split(',') {
        let (class, nanos) = item.split_once('=')?;
        let rate = Rate::per_million(Money::from_nanos(nanos.parse().ok()?))?;
        match class {
            "input" => rates.input = rate,
            "output" => rates.output = rate,
            "cached_input" => rates.cached_input = Some(rate),
            "cache_write" => rates.cache_write = Some(rate),
            "input_audio" => rates.input_audio = Some(rate),
            "reasoning" => rates.reasoning = Some(rate),
            "output_audio" => rates.output_audio = Some(rate),
            _ => return None,
        }
    }
    Some(Band {
        above: above.parse().ok()?,
        rates,
    })
}

fn round_up(nanos_times_million: i128) -> Option<Money> {
    let nanos = (nanos_times_million + UNITS_PER_PRICE - 1) / UNITS_PER_PRICE;
    i64::try_from(nanos).ok().map(Money::from_nanos)
}

#[cfg(test)]
mod tests;
