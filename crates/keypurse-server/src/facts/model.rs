//! A model.

use keypurse_core::price::Price;
use keypurse_providers::catalogue::Mode;

/// Where a model's price is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The catalogue that is part of the program.
    Catalogue(Price),
    /// The operator's configuration, which comes first.
    Operator(Price),
    /// Its provider's models cost nothing.
    Free,
    /// Nowhere: calls to it are refused, for this reason.
    Unpriced(String),
}

/// What is known of a model.
#[derive(Clone, Debug)]
pub struct ModelFacts {
    /// Who serves it.
    pub provider: String,
    /// Its name there.
    pub model: String,
    /// What it does; `None`: the catalogue does not know it.
    pub mode: Option<Mode>,
    /// What it costs.
    pub price: PriceSource,
    /// The most input tokens one call can have.
    pub max_input_tokens: Option<u64>,
    /// The most output tokens one call can have.
    pub max_output_tokens: Option<u64>,
    /// Whether its provider is configured.
    pub is_available: bool,
}
