//! How the vendored `data/catalogue.json` is written. `cargo xtask catalogue`
//! writes it and [`Catalogue`](super::Catalogue) reads it; nobody else.

use std::collections::BTreeMap;

use keypurse_core::money::Money;
use serde::{Deserialize, Serialize};

use super::{Extra, Mode};

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The day the prices were published, `YYYY-MM-DD`.
    pub date: String,
    /// Ascending by id.
    pub providers: Vec<Provider>,
}

/// One provider and what it serves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// As clients write it before the slash.
    pub id: String,
    /// Providers whose models this one serves too, at their prices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Ascending by id; their rules are tried in this order.
    pub models: Vec<Model>,
}

/// One model of one provider.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As clients write it after the slash.
    pub id: String,
    /// What it does.
    pub mode: Mode,
    /// The most input tokens one call can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_input: Option<u64>,
    /// The most output tokens one call can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Length of the vectors an embedding model answers with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u64>,
    /// Other names that mean this model, in the form `rules.rs` describes.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The last one that applies at an instant counts.
    pub prices: Vec<Row>,
    /// What is priced beside the token classes of the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Extra>,
}

/// One price and when it applies. Without `from` and `daily`: always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// From the first instant of this UTC day on, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Every day from the first time of day to before the second, UTC,
    /// `HH:MM:SS`; over midnight when the second is the earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<[String; 2]>,
    /// Why token counts alone cannot price a call, as the source names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpriced: Option<String>,
    /// By length of the input, ascending; empty when unpriced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<Band>,
    /// The same for tiers of service with a price of their own, by their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, Vec<Band>>,
}

/// US dollars per million tokens or characters, as decimal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Applies to calls with more input tokens than this; 0 applies always.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub above: u64,
    /// Input tokens.
    #[serde(with = "decimal")]
    pub input: Money,
    /// Input tokens read from the provider's cache.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached_input: Option<Money>,
    /// Input tokens written to the provider's cache.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_write: Option<Money>,
    /// Audio input tokens.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub input_audio: Option<Money>,
    /// Output tokens.
    #[serde(with = "decimal")]
    pub output: Money,
    /// Reasoning tokens.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub reasoning: Option<Money>,
    /// Audio output tokens.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub output_audio: Option<Money>,
    /// Audio input tokens read from the provider's cache.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached_audio: Option<Money>,
    /// Input tokens written to the provider's cache for an hour.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_write_long: Option<Money>,
    /// Image input tokens.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub input_image: Option<Money>,
    /// Image output tokens.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub output_image: Option<Money>,
    /// The call itself: dollars each, not per million.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub request: Option<Money>,
    /// Characters that are spoken.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub characters: Option<Money>,
    /// Sound listened to: dollars an hour.
    #[serde(
        default,
        with = "decimal_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub input_hour: Option<Money>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Money as decimal text: a JSON number would invite a binary float.
mod decimal {
    use std::borrow::Cow;

    use keypurse_core::money::Money;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    pub(super) fn serialize<S: Serializer>(money: &Money, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(money.to_string().trim_end_matches(".0"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        Money::parse_text(&text).map_err(D::Error::custom)
    }
}

mod decimal_option {
    use keypurse_core::money::Money;
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands over a reference")]
    pub(super) fn serialize<S: Serializer>(
        money: &Option<Money>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match money {
            Some(money) => super::decimal::serialize(money, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Money>, D::Error> {
        super::decimal::deserialize(from).map(Some)
    }
}
