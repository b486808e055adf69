//! The part of genai-prices' format that we read. Numbers stay text.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Where clients' names for a provider differ from the source's.
const RENAMED: [(&str, &str); 2] = [("aws", "bedrock"), ("x-ai", "xai")];

#[derive(Debug, Deserialize)]
pub(super) struct Provider<'a> {
    pub(super) id: &'a str,
    #[serde(default, borrow)]
    pub(super) fallback_model_providers: Vec<&'a str>,
    pub(super) models: Vec<Model<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Model<'a> {
    pub(super) id: &'a str,
    #[serde(rename = "match")]
    pub(super) rule: Rule,
    #[serde(default)]
    pub(super) context_window: Option<u64>,
    /// Rates, or a list of [`Conditional`] rates.
    #[serde(borrow)]
    pub(super) prices: &'a RawValue,
    #[serde(default, borrow)]
    pub(super) price_variants: Vec<Variant<'a>>,
    #[serde(default)]
    pub(super) deprecated: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
    Or(Vec<Rule>),
    And(Vec<Rule>),
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditional<'a> {
    #[serde(default, borrow)]
    pub(super) constraint: Constraint<'a>,
    #[serde(borrow)]
    pub(super) prices: Rates<'a>,
}

/// Rates of calls that ask for something: batches, a tier of service, a route.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant<'a> {
    #[serde(borrow)]
    pub(super) when: BTreeMap<&'a str, &'a str>,
    #[serde(default, borrow)]
    pub(super) constraint: Constraint<'a>,
    #[serde(borrow)]
    pub(super) prices: Rates<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Constraint<'a> {
    #[serde(default)]
    pub(super) start_date: Option<&'a str>,
    #[serde(default)]
    pub(super) start_time: Option<&'a str>,
    #[serde(default)]
    pub(super) end_time: Option<&'a str>,
}

/// By unit: a number, or [`Tiers`].
pub(super) type Rates<'a> = BTreeMap<&'a str, &'a RawValue>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tiers<'a> {
    #[serde(borrow)]
    pub(super) base: &'a RawValue,
    #[serde(borrow)]
    pub(super) tiers: Vec<Tier<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier<'a> {
    pub(super) start: u64,
    #[serde(borrow)]
    pub(super) price: &'a RawValue,
}

pub(super) fn rename(provider: &str) -> &str {
    RENAMED
        .iter()
        .find(|(from, _)| *from == provider)
        .map_or(provider, |(_, to)| to)
}
