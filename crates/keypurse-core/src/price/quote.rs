//! One price of one model.

use super::rates::{Rate, Rates};
use super::reach::Reach;
use crate::money::Money;
use crate::usage::{Class, ServiceTier, TokenCounts, UNITS, Units};

const UNITS_PER_PRICE: i128 = 1_000_000;

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
    /// Bands of the tiers that cost something else, ascending by tier; never
    /// [`ServiceTier::Standard`].
    tiers: Vec<(ServiceTier, Vec<Band>)>,
}

impl Price {
    /// One set of rates, whatever the length of the input.
    pub fn flat(rates: Rates) -> Self {
        Self {
            bands: vec![Band { above: 0, rates }],
            tiers: Vec::new(),
        }
    }

    /// Rates that change with the length of the input. `None` unless bands
    /// ascend strictly from 0.
    pub fn banded(bands: Vec<Band>) -> Option<Self> {
        is_banded(&bands).then_some(Self {
            bands,
            tiers: Vec::new(),
        })
    }

    /// The same price with a further tier. `None` when it has that tier
    /// already, or its bands do not ascend strictly from 0.
    pub fn with_tier(mut self, tier: ServiceTier, bands: Vec<Band>) -> Option<Self> {
        if self.has_tier(tier) || !is_banded(&bands) {
            return None;
        }
        self.tiers.push((tier, bands));
        self.tiers.sort_by_key(|(tier, _)| *tier);
        Some(self)
    }

    /// Nothing costs anything.
    pub fn free() -> Self {
        Self::flat(Rates::default())
    }

    /// Rates by length of input, ascending.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Tiers other than the standard one, and their rates by length of input.
    pub fn tiers(&self) -> impl Iterator<Item = (ServiceTier, &[Band])> {
        let tiers = self.tiers.iter();
        tiers.map(|(tier, bands)| (*tier, bands.as_slice()))
    }

    /// Whether calls of this tier have a price.
    pub fn has_tier(&self, tier: ServiceTier) -> bool {
        self.bands_of(tier).is_some()
    }

    /// Whether a call costs something beside its tokens.
    pub fn has_request_rate(&self) -> bool {
        self.all_bands().any(|band| band.rates.request.is_some())
    }

    /// Whether this class of units has a rate of its own.
    pub fn has_rate(&self, class: Class) -> bool {
        self.all_bands().any(|band| band.rates.of(class).is_some())
    }

    /// Whether anything that is no token has a rate. Such a price does not
    /// tell what a call of tokens alone costs.
    pub fn has_unit_rates(&self) -> bool {
        UNITS.into_iter().any(|class| self.has_rate(class))
    }

    /// Whether nothing costs anything.
    pub fn is_free(&self) -> bool {
        self.all_bands().all(|band| {
            let Rates { request, .. } = band.rates;
            let tokens = band.rates.worst_input().max(band.rates.worst_output());
            let units = band.rates.worst_unit();
            tokens.max(units).max(request.unwrap_or_default()) == Rate::FREE
        })
    }

    /// This price with every image at this rate, whatever its size: of a model
    /// whose images have several prices, the price of one call.
    #[must_use]
    pub fn with_images_at(mut self, rate: Rate) -> Self {
        let tiers = self.tiers.iter_mut().flat_map(|(_, bands)| bands);
        for band in self.bands.iter_mut().chain(tiers) {
            band.rates.images = Some(rate);
        }
        self
    }

    /// This price without what a call cannot reach. Its bounds hold for calls
    /// within that reach alone.
    #[must_use]
    pub fn within(&self, reach: &Reach) -> Self {
        let narrowed = |bands: &[Band]| bands.iter().map(|band| reach.narrow(band)).collect();
        let reached = self.tiers.iter().filter(|(tier, _)| reach.has_tier(*tier));
        Self {
            bands: narrowed(&self.bands),
            tiers: reached
                .map(|(tier, bands)| (*tier, narrowed(bands)))
                .collect(),
        }
    }

    /// Exact cost, rounded **up** once: 37.5 nanos are 38, so we never charge
    /// less than the provider charges us. `None` if it cannot fit, or if the
    /// counts are of a tier that has no price.
    ///
    /// Panics when `counts` are not consistent: validate usage first.
    pub fn cost(&self, counts: &TokenCounts) -> Option<Money> {
        assert!(
            counts.is_consistent(),
            "token counts must be validated before pricing"
        );
        let bands = self.bands_of(counts.tier)?;
        let band = reachable(bands, counts.input)
            .last()
            .expect("a price has a first band");
        round_up(band.rates.cost(counts))
    }

    /// The most a call can cost with at most this input and output, whatever
    /// classes the tokens turn out to be. `None` if it cannot fit.
    pub fn bound(&self, input_tokens: u64, output_tokens: u64) -> Option<Money> {
        self.bound_with(input_tokens, output_tokens, &Units::NONE)
    }

    /// The same for a call that uses at most these units beside its tokens.
    pub fn bound_with(
        &self,
        input_tokens: u64,
        output_tokens: u64,
        units: &Units,
    ) -> Option<Money> {
        let worst = self.reachable(input_tokens).map(|band| {
            let output = band.rates.worst_output().times(output_tokens);
            before_output(band, input_tokens)
                .saturating_add(output)
                .saturating_add(band.rates.cost_of_units(units))
        });
        round_up(worst.max().expect("a price has a first band"))
    }

    /// The largest output for which [`Price::bound`] stays within `budget`.
    /// `None` when not even the input fits.
    pub fn affordable_output(&self, budget: Money, input_tokens: u64) -> Option<u64> {
        let budget = i128::from(budget.nanos()) * UNITS_PER_PRICE;
        self.reachable(input_tokens)
            .map(|band| {
                let left = budget - before_output(band, input_tokens);
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

    /// Rates of a tier by length of input, ascending; none when it has no
    /// price.
    pub fn bands_at(&self, tier: ServiceTier) -> &[Band] {
        self.bands_of(tier).unwrap_or_default()
    }

    fn bands_of(&self, tier: ServiceTier) -> Option<&[Band]> {
        if tier == ServiceTier::Standard {
            return Some(&self.bands);
        }
        self.tiers()
            .find_map(|(known, bands)| (known == tier).then_some(bands))
    }

    fn all_bands(&self) -> impl Iterator<Item = &Band> {
        let tiers = self.tiers.iter().flat_map(|(_, bands)| bands);
        self.bands.iter().chain(tiers)
    }

    /// Bands a call with at most this input can fall into, in any tier.
    fn reachable(&self, input_tokens: u64) -> impl Iterator<Item = &Band> {
        let tiers = self.tiers.iter();
        let tiers = tiers.flat_map(move |(_, bands)| reachable(bands, input_tokens));
        reachable(&self.bands, input_tokens).chain(tiers)
    }
}

fn is_banded(bands: &[Band]) -> bool {
    let starts_at_zero = bands.first().is_some_and(|band| band.above == 0);
    let ascends = bands.windows(2).all(|pair| pair[0].above < pair[1].above);
    starts_at_zero && ascends
}

/// Bands a call with at most this input can fall into, lowest first.
fn reachable(bands: &[Band], input_tokens: u64) -> impl Iterator<Item = &Band> {
    bands
        .iter()
        .filter(move |band| band.above == 0 || input_tokens > band.above)
}

/// What a call costs at most before it answers anything.
fn before_output(band: &Band, input_tokens: u64) -> i128 {
    let request = band.rates.request.unwrap_or_default();
    let input = band.rates.worst_input().times(input_tokens);
    input.saturating_add(request.times(1))
}

fn round_up(nanos_times_million: i128) -> Option<Money> {
    let nanos = nanos_times_million.saturating_add(UNITS_PER_PRICE - 1) / UNITS_PER_PRICE;
    i64::try_from(nanos).ok().map(Money::from_nanos)
}
