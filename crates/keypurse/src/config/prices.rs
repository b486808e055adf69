//! Prices of the file.

use anyhow::{Context, bail};
use keypurse_core::money::Money;
use keypurse_core::price::{ImageKind, ImagePrices, Price, Rate, Rates};
use keypurse_server::gateway::ModelPrice;

use super::file::{ConfigFile, ImagePriceSection, PriceSection};

const SECONDS_PER_MINUTE: u32 = 60;

/// Every price of the file.
pub(super) fn prices(file: &ConfigFile) -> anyhow::Result<Vec<ModelPrice>> {
    file.prices
        .iter()
        .map(|section| {
            price(section).with_context(|| {
                let place = file.place(&["model", &section.model]);
                format!("{place}: the price of `{}` cannot be used", section.model)
            })
        })
        .collect()
}

fn price(section: &PriceSection) -> anyhow::Result<ModelPrice> {
    let (provider, model) = section
        .model
        .split_once('/')
        .context("a model is named `provider/model`, as in `openai/gpt-4o`")?;
    let images = images(&section.images)?;
    let price = Price::flat(rates(section)?);
    let price = match images.dearest(ImageKind::default()) {
        Some(dearest) => price.with_images_at(dearest),
        None => price,
    };
    let of_tokens = section.input_per_million.is_some() && section.output_per_million.is_some();
    if !of_tokens && !price.has_unit_rates() {
        bail!(
            "give input_per_million and output_per_million, or what its calls are measured in: \
             per_million_characters, input_per_minute, output_per_minute, per_image, images"
        );
    }
    if section.per_image.is_some() && !images.is_empty() {
        bail!("give per_image or images by quality and size, not both");
    }
    Ok(ModelPrice {
        provider: provider.to_owned(),
        model: model.to_owned(),
        price,
        images,
        max_input_tokens: section.max_input_tokens,
        max_output_tokens: section.max_output_tokens,
    })
}

fn rates(section: &PriceSection) -> anyhow::Result<Rates> {
    let million = |name, text: &Option<String>| rate(name, text.as_deref(), Rate::per_million);
    let each = |name, text: &Option<String>| rate(name, text.as_deref(), Rate::per_unit);
    let minute = |name, text: &Option<String>| {
        let per_second = |dollars| Rate::per_units(dollars, SECONDS_PER_MINUTE);
        rate(name, text.as_deref(), per_second)
    };
    let (input, output) = (&section.input_per_million, &section.output_per_million);
    Ok(Rates {
        input: million("input_per_million", input)?.unwrap_or_default(),
        output: million("output_per_million", output)?.unwrap_or_default(),
        cached_input: million(
            "cached_input_per_million",
            &section.cached_input_per_million,
        )?,
        cache_write: million("cache_write_per_million", &section.cache_write_per_million)?,
        input_audio: million("input_audio_per_million", &section.input_audio_per_million)?,
        input_image: million("input_image_per_million", &section.input_image_per_million)?,
        output_audio: million(
            "output_audio_per_million",
            &section.output_audio_per_million,
        )?,
        output_image: million(
            "output_image_per_million",
            &section.output_image_per_million,
        )?,
        request: each("per_call", &section.per_call)?,
        characters: million("per_million_characters", &section.per_million_characters)?,
        input_seconds: minute("input_per_minute", &section.input_per_minute)?,
        output_seconds: minute("output_per_minute", &section.output_per_minute)?,
        images: each("per_image", &section.per_image)?,
        ..Rates::default()
    })
}

fn images(sections: &[ImagePriceSection]) -> anyhow::Result<ImagePrices> {
    let mut prices = ImagePrices::default();
    for section in sections {
        let kind = ImageKind {
            quality: section.quality.as_deref(),
            size: section.size.as_deref(),
        };
        let price = rate("price", Some(&section.price), Rate::per_unit)?;
        prices = prices.with(kind, price.unwrap_or_default());
    }
    Ok(prices)
}

/// A rate where one is stated; `as_rate` is `None` for dollars that are none.
fn rate(
    name: &str,
    text: Option<&str>,
    as_rate: impl Fn(Money) -> Option<Rate>,
) -> anyhow::Result<Option<Rate>> {
    let Some(text) = text else { return Ok(None) };
    let dollars = Money::parse_text(text).map_err(|error| {
        anyhow::anyhow!("{name} = \"{text}\": {error}; write dollars as text, like \"0.50\"")
    })?;
    as_rate(dollars)
        .with_context(|| format!("{name} = \"{text}\" is negative or too large"))
        .map(Some)
}
