//! From the vendored file to a [`Catalogue`]: everything is checked here, so
//! that lookups cannot fail.

use std::collections::HashMap;

use keypurse_core::money::Money;
use keypurse_core::price::{Band, Price, Rate, Rates};
use keypurse_core::time::Timestamp;
use keypurse_core::usage::ServiceTier;
use thiserror::Error;

use super::lookup::{Catalogue, Model, Provider, VENDORS};
use super::rules::Rule;
use super::schedule::{Row, Schedule, When};
use super::wire;

const SECONDS_PER_HOUR: u32 = 3600;

/// Why a catalogue's file does not read.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// Not JSON of the shape `wire` describes.
    #[error("the catalogue is not in its format")]
    Format(#[from] serde_json::Error),
    /// A provider names another one that is not there.
    #[error("provider `{provider}` falls back to the unknown provider `{fallback}`")]
    UnknownFallback {
        /// Whose entry is wrong.
        provider: String,
        /// What it names.
        fallback: String,
    },
    /// One model's entry contradicts itself.
    #[error("model `{model}`: {fault}")]
    Model {
        /// The model's id.
        model: String,
        /// What is wrong with it.
        fault: ModelFault,
    },
}

/// What can be wrong with one model.
#[derive(Debug, Error)]
pub enum ModelFault {
    /// Not a way to name a model.
    #[error("`{0}` is no match rule")]
    Rule(String),
    /// Not a date or time of day.
    #[error("`{0}` is no time")]
    Time(String),
    /// Bands that do not ascend from 0, or a negative rate.
    #[error("its rates are no price")]
    Price,
    /// No row without a time.
    #[error("it has no price that always applies")]
    Gap,
}

impl Catalogue {
    /// Reads a catalogue written by `cargo xtask catalogue`.
    pub fn parse(json: &[u8]) -> Result<Self, CatalogueError> {
        let file: wire::File = serde_json::from_slice(json)?;
        let ids = file.providers.iter().enumerate();
        let by_id: HashMap<_, _> = ids.map(|(index, p)| (p.id.clone(), index)).collect();
        let mut providers = Vec::with_capacity(file.providers.len());
        for provider in file.providers {
            providers.push(read_provider(provider, &by_id)?);
        }
        let mut by_rank: Vec<usize> = (0..providers.len()).collect();
        by_rank.sort_by_key(|index| rank(&providers[*index].id));
        Ok(Self {
            date: file.date,
            providers,
            by_id,
            by_rank,
        })
    }
}

fn rank(provider: &str) -> usize {
    VENDORS
        .iter()
        .position(|vendor| *vendor == provider)
        .unwrap_or(VENDORS.len())
}

fn read_provider(
    provider: wire::Provider,
    by_id: &HashMap<String, usize>,
) -> Result<Provider, CatalogueError> {
    let find = |fallback: &String| {
        by_id
            .get(fallback)
            .copied()
            .ok_or_else(|| CatalogueError::UnknownFallback {
                provider: provider.id.clone(),
                fallback: fallback.clone(),
            })
    };
    let fallback = provider
        .fallback
        .iter()
        .map(find)
        .collect::<Result<_, _>>()?;
    let mut read = Provider {
        id: provider.id,
        fallback,
        models: Vec::with_capacity(provider.models.len()),
        by_name: HashMap::with_capacity(provider.models.len() * 2),
        rules: Vec::new(),
    };
    for model in provider.models {
        let id = model.id.clone();
        read.add(model)
            .map_err(|fault| CatalogueError::Model { model: id, fault })?;
    }
    Ok(read)
}

impl Provider {
    fn add(&mut self, model: wire::Model) -> Result<(), ModelFault> {
        let index = self.models.len();
        self.by_name
            .insert(model.id.to_ascii_lowercase().into(), index);
        for written in model.rules {
            let rule = Rule::parse(&written).ok_or(ModelFault::Rule(written))?;
            match rule.as_exact() {
                // An id outranks an alias, and the first of two aliases wins.
                Some(name) => {
                    self.by_name.entry(name.into()).or_insert(index);
                }
                None => self.rules.push((rule, index)),
            }
        }
        let rows = model
            .prices
            .iter()
            .map(read_row)
            .collect::<Result<_, _>>()?;
        self.models.push(Model {
            id: model.id,
            mode: model.mode,
            max_input_tokens: model.max_input,
            max_output_tokens: model.max_output,
            dimensions: model.dimensions,
            schedule: Schedule::new(rows).ok_or(ModelFault::Gap)?,
            also: model.also,
        });
        Ok(())
    }
}

fn read_row(row: &wire::Row) -> Result<Row, ModelFault> {
    let when = match (row.from.clone(), row.daily.clone()) {
        (None, None) => When::Always,
        (Some(day), None) => When::From(Timestamp::parse(&day).map_err(|_| ModelFault::Time(day))?),
        (None, Some([start, end])) => When::Daily(second_of_day(start)?, second_of_day(end)?),
        (Some(day), Some(_)) => return Err(ModelFault::Time(day)),
    };
    let price = match &row.unpriced {
        Some(reason) => Err(reason.clone()),
        None => Ok(read_price(row).ok_or(ModelFault::Price)?),
    };
    Ok(Row { when, price })
}

fn second_of_day(text: String) -> Result<i64, ModelFault> {
    let time: jiff::civil::Time = text.parse().map_err(|_| ModelFault::Time(text))?;
    let (hour, minute) = (i64::from(time.hour()), i64::from(time.minute()));
    Ok(hour * 3600 + minute * 60 + i64::from(time.second()))
}

fn read_price(row: &wire::Row) -> Option<Price> {
    let standard = Price::banded(read_bands(&row.bands)?)?;
    row.tiers.iter().try_fold(standard, |price, (tier, bands)| {
        price.with_tier(ServiceTier::parse(tier)?, read_bands(bands)?)
    })
}

fn read_bands(bands: &[wire::Band]) -> Option<Vec<Band>> {
    bands.iter().map(read_band).collect()
}

fn read_band(band: &wire::Band) -> Option<Band> {
    let rates = Rates {
        input: Rate::per_million(band.input)?,
        cached_input: read_rate(band.cached_input)?,
        cache_write: read_rate(band.cache_write)?,
        input_audio: read_rate(band.input_audio)?,
        output: Rate::per_million(band.output)?,
        reasoning: read_rate(band.reasoning)?,
        output_audio: read_rate(band.output_audio)?,
        cached_audio: read_rate(band.cached_audio)?,
        cache_write_long: read_rate(band.cache_write_long)?,
        input_image: read_rate(band.input_image)?,
        output_image: read_rate(band.output_image)?,
        request: match band.request {
            Some(dollars) => Some(Rate::per_unit(dollars)?),
            None => None,
        },
        characters: read_rate(band.characters)?,
        input_seconds: match band.input_hour {
            Some(dollars) => Some(Rate::per_units(dollars, SECONDS_PER_HOUR)?),
            None => None,
        },
        ..Rates::default()
    };
    Some(Band {
        above: band.above,
        rates,
    })
}

/// `None` when negative; a class may well have no rate of its own.
#[expect(clippy::option_option, reason = "absent and wrong are different")]
fn read_rate(dollars: Option<Money>) -> Option<Option<Rate>> {
    dollars.map_or(Some(None), |dollars| Rate::per_million(dollars).map(Some))
}
