//! Settings of a token that share a column, as one JSON object.
//!
//! A member that this version does not know makes the token unreadable instead
//! of being left out: it may forbid something.

use std::num::NonZeroU32;
use std::sync::Arc;

use keypurse_core::rules::{Limits, ModelPattern, Network, Rules, Tag};
use keypurse_core::token::TokenSettings;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

/// The object. What is not there is no rule.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Further {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_models: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied_models: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_networks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulate_budget: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_cache_seconds: Option<NonZeroU32>,
}

/// What the column tells.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) simulate_budget: bool,
}

/// What the column holds for these settings.
pub(crate) fn write(settings: &TokenSettings) -> Option<String> {
    let rules = settings.rules.as_deref();
    if rules.is_none() && !settings.simulate_budget {
        return None;
    }
    let further = Further {
        simulate_budget: settings.simulate_budget,
        ..rules.map(Further::from).unwrap_or_default()
    };
    Some(serde_json::to_string(&further).expect("texts and numbers are JSON"))
}

/// Reads the column.
pub(crate) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Read> {
    let Some(text) = row.get::<_, Option<String>>(column)? else {
        return Ok(Read::default());
    };
    let bad = |why| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why);
    let further: Further = serde_json::from_str(&text).map_err(|error| bad(error.into()))?;
    let simulate_budget = further.simulate_budget;
    let rules = Rules::try_from(further).map_err(|why| bad(why.into()))?;
    Ok(Read {
        rules: (!rules.is_empty()).then(|| Arc::new(rules)),
        simulate_budget,
    })
}

/// The column's tags alone: reports ask for those of ten thousand tokens.
pub(crate) fn tags(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(default)]
        tags: Vec<String>,
    }
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(Vec::new());
    };
    let tagged: Tagged = serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })?;
    Ok(tagged.tags)
}

impl From<&Rules> for Further {
    fn from(rules: &Rules) -> Self {
        let patterns = |patterns: &[ModelPattern]| {
            let texts = patterns.iter().map(|pattern| pattern.as_str().to_owned());
            texts.collect()
        };
        Self {
            allowed_models: patterns(&rules.allowed_models),
            denied_models: patterns(&rules.denied_models),
            requests_per_minute: rules.limits.requests_per_minute,
            tokens_per_minute: rules.limits.tokens_per_minute,
            max_concurrency: rules.limits.max_concurrency,
            allowed_networks: rules
                .allowed_networks
                .iter()
                .map(Network::to_string)
                .collect(),
            tags: rules
                .tags
                .iter()
                .map(|tag| tag.as_str().to_owned())
                .collect(),
            simulate_budget: false,
            response_cache_seconds: rules.response_cache_seconds,
        }
    }
}

impl TryFrom<Further> for Rules {
    type Error = &'static str;

    fn try_from(further: Further) -> Result<Self, &'static str> {
        let patterns = |texts: Vec<String>| {
            let patterns = texts.iter().map(|text| ModelPattern::parse(text));
            let patterns: Result<Vec<_>, _> = patterns.collect();
            patterns.map_err(|_| "not a pattern of models")
        };
        let networks = further.allowed_networks.iter();
        let networks: Result<Vec<_>, _> = networks.map(|text| Network::parse(text)).collect();
        let tags: Result<Vec<_>, _> = further.tags.iter().map(|text| Tag::parse(text)).collect();
        Ok(Self {
            allowed_models: patterns(further.allowed_models)?,
            denied_models: patterns(further.denied_models)?,
            limits: Limits {
                requests_per_minute: further.requests_per_minute,
                tokens_per_minute: further.tokens_per_minute,
                max_concurrency: further.max_concurrency,
            },
            allowed_networks: networks.map_err(|_| "not a network")?,
            tags: tags.map_err(|_| "not a tag")?,
            response_cache_seconds: further.response_cache_seconds,
        })
    }
}
