//! A price as text, stored beside every charge so that it can be recomputed.
//!
//! `above:class=rate,…` per band, bands separated by `;`, rates in
//! nano-dollars per million. Tiers follow, each as `|tier/` and its bands.
//! What was written once is read for ever: classes and tiers are added, never
//! renamed.

use std::fmt::Write as _;

use super::quote::{Band, Price};
use super::rates::{Rate, Rates};
use crate::money::Money;
use crate::usage::{Class, ServiceTier};

impl Price {
    /// A canonical text: two prices with one text are one price.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        write_bands(&mut text, self.bands());
        for (tier, bands) in self.tiers() {
            let _ = write!(text, "|{}/", tier.as_str());
            write_bands(&mut text, bands);
        }
        text
    }

    /// Reads what [`Price::to_text`] wrote, now or in any version before.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let standard = Self::banded(bands_from_text(parts.next()?)?)?;
        parts.try_fold(standard, |price, part| {
            let (tier, bands) = part.split_once('/')?;
            price.with_tier(ServiceTier::parse(tier)?, bands_from_text(bands)?)
        })
    }
}

fn write_bands(text: &mut String, bands: &[Band]) {
    for (index, band) in bands.iter().enumerate() {
        let separator = if index == 0 { "" } else { ";" };
        let _ = write!(text, "{separator}{}:", band.above);
        let rates = Class::ALL.map(|class| (class, band.rates.of(class)));
        let stated = rates
            .into_iter()
            .filter_map(|(class, rate)| Some((class, rate?)));
        for (index, (class, rate)) in stated.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{}={}", class.as_str(), rate.nanos_per_million);
        }
    }
}

fn bands_from_text(text: &str) -> Option<Vec<Band>> {
    text.split(';').map(band_from_text).collect()
}

fn band_from_text(text: &str) -> Option<Band> {
    let (above, list) = text.split_once(':')?;
    let mut rates = Rates::default();
    for item in list.split(',') {
        let (class, nanos) = item.split_once('=')?;
        let rate = Rate::per_million(Money::from_nanos(nanos.parse().ok()?))?;
        rates.set(Class::parse(class)?, Some(rate));
    }
    Some(Band {
        above: above.parse().ok()?,
        rates,
    })
}
