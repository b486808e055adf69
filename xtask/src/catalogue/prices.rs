//! From the source's rates by unit to the catalogue's rows and bands.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use keypurse_core::money::Money;
use keypurse_providers::catalogue::{Extra, Mode, wire};
use serde_json::value::RawValue;

use super::report::Report;
use super::source::{Conditional, Constraint, Rates, Tiers};

/// What a unit we do not carry means for a call's price.
enum Beside {
    /// A call must ask for it.
    Asked(Extra),
    /// The call need not ask, but it only matters where this unit costs more
    /// than the unit it would be charged as.
    Dearer {
        than: &'static str,
        extra: Option<Extra>,
    },
}

/// Units we carry; all others are looked up by [`beside`].
const CARRIED: [&str; 10] = [
    "input_mtok",
    "output_mtok",
    "cache_read_mtok",
    "cache_write_mtok",
    "input_audio_mtok",
    "output_audio_mtok",
    "output_reasoning_mtok",
    "cache_write_1h_mtok",
    "cache_audio_read_mtok",
    "requests_kcount",
];

/// Carried too, but not for models that answer messages: their providers do
/// not say how many of a chat's tokens were images.
const IMAGES: [&str; 2] = ["input_image_mtok", "output_image_mtok"];

/// Every row of one model, and what it prices beside them.
pub(super) fn build(
    prices: &RawValue,
    mode: Mode,
    report: &mut Report,
) -> Result<(Vec<wire::Row>, BTreeSet<Extra>)> {
    let rows = if prices.get().starts_with('[') {
        serde_json::from_str::<Vec<Conditional>>(prices.get())?
    } else {
        let prices = serde_json::from_str::<Rates>(prices.get())?;
        vec![Conditional {
            constraint: Constraint::default(),
            prices,
        }]
    };
    let mut extras = BTreeSet::new();
    let mut built = Vec::with_capacity(rows.len());
    for row in &rows {
        let (from, daily) = when(&row.constraint)?;
        let (unpriced, bands) = match beside(&row.prices, mode, &mut extras)? {
            Some(reason) => (Some(reason), Vec::new()),
            None => (None, bands(&row.prices, report)?),
        };
        built.push(wire::Row {
            from,
            daily,
            unpriced,
            bands,
            ..wire::Row::default()
        });
    }
    Ok((built, extras))
}

type When = (Option<String>, Option<[String; 2]>);

fn when(constraint: &Constraint) -> Result<When> {
    let time = |text: &str| {
        let utc = text
            .strip_suffix('Z')
            .context("a time of day that is not UTC")?;
        anyhow::Ok(utc.to_owned())
    };
    match (
        constraint.start_date,
        constraint.start_time,
        constraint.end_time,
    ) {
        (None, None, None) => Ok((None, None)),
        (Some(day), None, None) => Ok((Some(day.to_owned()), None)),
        (None, Some(start), Some(end)) => Ok((None, Some([time(start)?, time(end)?]))),
        _ => bail!("a constraint that is new: {constraint:?}"),
    }
}

/// The first unit that makes token counts insufficient, if any; units a call
/// has to ask for are added to `extras`.
pub(super) fn beside(
    rates: &Rates,
    mode: Mode,
    extras: &mut BTreeSet<Extra>,
) -> Result<Option<String>> {
    if rates.is_empty() {
        return Ok(Some("no known price".to_owned()));
    }
    let is_chat = matches!(mode, Mode::Chat | Mode::Responses | Mode::Completion);
    let is_carried = |unit: &&str| {
        CARRIED.contains(unit)
            || (!is_chat && IMAGES.contains(unit))
            || units_of(mode).contains(unit)
    };
    for unit in rates.keys().filter(|unit| !is_carried(unit)) {
        let Some(beside) = meaning(unit, mode) else {
            return Ok(Some((*unit).to_owned()));
        };
        match beside {
            Beside::Asked(extra) => {
                extras.insert(extra);
            }
            Beside::Dearer { than, extra } if is_dearer(rates, unit, than)? => match extra {
                Some(extra) => {
                    extras.insert(extra);
                }
                None => return Ok(Some((*unit).to_owned())),
            },
            Beside::Dearer { .. } => {}
        }
    }
    let missing = |unit: &str| !rates.contains_key(unit);
    if units_of(mode).iter().any(|unit| !missing(unit)) {
        return units_alone(rates, mode);
    }
    if missing("input_mtok") {
        return Ok(Some("input_mtok".to_owned()));
    }
    Ok((is_chat && missing("output_mtok")).then(|| "output_mtok".to_owned()))
}

/// Units that are no tokens, of the models whose calls are measured in them.
fn units_of(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Speech => &["input_mchars"],
        // The source gives both where what is listened to is all there is.
        Mode::Transcription => &["input_audio_hours", "audio_hours"],
        _ => &[],
    }
}

/// Why a price in units that are no tokens cannot be used: there are tokens
/// beside them, or sound that is not listened to.
fn units_alone(rates: &Rates, mode: Mode) -> Result<Option<String>> {
    if let Some(other) = rates.keys().find(|unit| !units_of(mode).contains(unit)) {
        return Ok(Some((*other).to_owned()));
    }
    let hour = |unit| rates.get(unit).map(|rate| dollars(rate)).transpose();
    let (heard, all) = (hour("input_audio_hours")?, hour("audio_hours")?);
    Ok((mode == Mode::Transcription && heard != all).then(|| "audio_hours".to_owned()))
}

/// `None`: no count of tokens can express this unit.
fn meaning(unit: &str, mode: Mode) -> Option<Beside> {
    // Chat messages carry images as a matter of course; our embedding route
    // takes text alone, and the image routes look at the extras.
    let asks_for_images = matches!(mode, Mode::Embedding | Mode::Image);
    let images = |extra| asks_for_images.then_some(extra);
    Some(match unit {
        "web_searches_kcount" => Beside::Asked(Extra::WebSearch),
        "storage_searches_kcount" => Beside::Asked(Extra::StorageSearch),
        "cache_image_read_mtok" => Beside::Dearer {
            than: "cache_read_mtok",
            extra: Some(Extra::CachedImage),
        },
        "input_image_mtok" => Beside::Dearer {
            than: "input_mtok",
            extra: None,
        },
        "input_video_mtok" => Beside::Dearer {
            than: "input_mtok",
            extra: images(Extra::InputVideo),
        },
        "output_image_mtok" | "output_video_mtok" | "output_citation_mtok" => Beside::Dearer {
            than: "output_mtok",
            extra: None,
        },
        _ => return None,
    })
}

fn is_dearer(rates: &Rates, unit: &str, than: &str) -> Result<bool> {
    let starts = starts(rates)?;
    for above in starts {
        let this = rate_above(rates, unit, above)?;
        let charged = rate_above(rates, than, above)?;
        if this > charged.or(rate_above(rates, "input_mtok", above)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn bands(rates: &Rates, report: &mut Report) -> Result<Vec<wire::Band>> {
    let mut bands = Vec::new();
    for above in starts(rates)? {
        let rate = |unit| rate_above(rates, unit, above);
        bands.push(wire::Band {
            above,
            input: rate("input_mtok")?.unwrap_or_default(),
            cached_input: rate("cache_read_mtok")?,
            cache_write: rate("cache_write_mtok")?,
            input_audio: rate("input_audio_mtok")?,
            output: rate("output_mtok")?.unwrap_or_default(),
            reasoning: rate("output_reasoning_mtok")?,
            output_audio: rate("output_audio_mtok")?,
            cached_audio: rate("cache_audio_read_mtok")?,
            cache_write_long: rate("cache_write_1h_mtok")?,
            input_image: rate("input_image_mtok")?,
            output_image: rate("output_image_mtok")?,
            request: rate("requests_kcount")?.map(a_thousandth).transpose()?,
            characters: rate("input_mchars")?,
            input_hour: rate("input_audio_hours")?,
        });
    }
    report.rounded += rates
        .values()
        .map(|rate| rounded(rate.get()))
        .sum::<usize>();
    Ok(bands)
}

/// What one costs of which a thousand cost this.
fn a_thousandth(dollars: Money) -> Result<Money> {
    ensure!(dollars.nanos() % 1000 == 0, "a price finer than money");
    Ok(Money::from_nanos(dollars.nanos() / 1000))
}

/// Input lengths above which any unit's rate changes, 0 first.
fn starts(rates: &Rates) -> Result<BTreeSet<u64>> {
    let mut starts = BTreeSet::from([0]);
    for rate in rates.values().filter(|rate| is_tiered(rate)) {
        let tiered: Tiers = serde_json::from_str(rate.get())?;
        starts.extend(tiered.tiers.iter().map(|tier| tier.start));
    }
    Ok(starts)
}

/// What a unit costs in calls with more input tokens than `above`.
fn rate_above(rates: &Rates, unit: &str, above: u64) -> Result<Option<Money>> {
    let Some(rate) = rates.get(unit) else {
        return Ok(None);
    };
    if !is_tiered(rate) {
        return dollars(rate).map(Some);
    }
    let Tiers { base, mut tiers } = serde_json::from_str(rate.get())?;
    tiers.sort_by_key(|tier| tier.start);
    let reached = tiers.iter().rev().find(|tier| tier.start <= above);
    dollars(reached.map_or(base, |tier| tier.price)).map(Some)
}

fn is_tiered(rate: &RawValue) -> bool {
    rate.get().starts_with('{')
}

/// The number's own text, rounded half-even to nano-dollars.
fn dollars(number: &RawValue) -> Result<Money> {
    let text = number.get();
    let money = Money::parse_number(text).with_context(|| format!("the price {text}"))?;
    ensure!(money >= Money::ZERO, "the price {text} is negative");
    Ok(money)
}

/// How many numbers in this JSON have more than nine decimals.
fn rounded(json: &str) -> usize {
    let numbers = json.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    numbers
        .filter(|text| {
            text.split_once('.')
                .is_some_and(|(_, digits)| digits.len() > 9)
        })
        .count()
}
