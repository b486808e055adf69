//! `keypurse.toml`, as written. The file is its operator's and trusted: a
//! `base_url` may name any host.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::cli::serve::MetricsReaders;
use crate::hint::Hint;
use crate::log::LogFormat;

/// The whole file. Every member is optional; an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    pub(crate) listen: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) demo: Option<bool>,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) behind_proxy: Option<bool>,
    pub(crate) trust_forwarded_for: Option<bool>,
    pub(crate) reveal_secrets: Option<bool>,
    pub(crate) cors_origins: Option<Vec<String>>,
    pub(crate) time_zone: Option<String>,
    pub(crate) max_body_mib: Option<NonZeroU32>,
    pub(crate) max_connections: Option<NonZeroU32>,
    pub(crate) default_max_output_tokens: Option<NonZeroU32>,
    pub(crate) drain_timeout_seconds: Option<u32>,
    pub(crate) retention_days: Option<NonZeroU32>,
    pub(crate) allow_private_webhooks: Option<Vec<String>>,
    pub(crate) log: Option<String>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) access_log: Option<bool>,
    pub(crate) metrics: Option<MetricsReaders>,
    pub(crate) share_traces: Option<bool>,
    #[serde(default)]
    pub(crate) providers: BTreeMap<String, ProviderSection>,
    #[serde(default)]
    pub(crate) prices: Vec<PriceSection>,
    #[serde(default)]
    pub(crate) aliases: BTreeMap<String, AliasSection>,
    #[serde(skip)]
    source: Source,
}

/// The text a configuration was read from, to point into.
#[derive(Clone, Debug, Default)]
struct Source {
    path: PathBuf,
    text: String,
}

/// `[providers.NAME]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderSection {
    pub(crate) kind: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) api_key_env: Option<String>,
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) free: Option<bool>,
    pub(crate) responses: Option<bool>,
    pub(crate) reasoning_content: Option<bool>,
    pub(crate) output_limit_field: Option<String>,
    pub(crate) stream_hold: Option<String>,
    pub(crate) first_byte_timeout_seconds: Option<u32>,
    pub(crate) idle_timeout_seconds: Option<u32>,
    pub(crate) total_timeout_seconds: Option<u32>,
    pub(crate) max_concurrency: Option<NonZeroU32>,
}

/// One line of `[aliases]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "an alias stands for `provider/model`, or for a list of them"
)]
pub(crate) enum AliasSection {
    Model(String),
    Models(Vec<String>),
}

/// `[[prices]]`: decimals as text, US dollars.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceSection {
    pub(crate) model: String,
    pub(crate) input_per_million: Option<String>,
    pub(crate) output_per_million: Option<String>,
    pub(crate) cached_input_per_million: Option<String>,
    pub(crate) cache_write_per_million: Option<String>,
    pub(crate) input_audio_per_million: Option<String>,
    pub(crate) input_image_per_million: Option<String>,
    pub(crate) output_audio_per_million: Option<String>,
    pub(crate) output_image_per_million: Option<String>,
    pub(crate) per_call: Option<String>,
    pub(crate) per_million_characters: Option<String>,
    pub(crate) input_per_minute: Option<String>,
    pub(crate) output_per_minute: Option<String>,
    pub(crate) per_image: Option<String>,
    #[serde(default)]
    pub(crate) images: Vec<ImagePriceSection>,
    pub(crate) max_input_tokens: Option<u64>,
    pub(crate) max_output_tokens: Option<u64>,
}

/// `[[prices.images]]`: what an image costs by quality and size.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImagePriceSection {
    pub(crate) quality: Option<String>,
    pub(crate) size: Option<String>,
    pub(crate) price: String,
}

impl ConfigFile {
    /// Reads a file; the error names file, line and remedy.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        match Self::parse(&text) {
            Ok(file) => {
                let path = path.to_owned();
                Ok(Self {
                    source: Source { path, text },
                    ..file
                })
            }
            Err(Problem { line, what, remedy }) => {
                let place = format!("{}, line {line}: {what}", path.display());
                Err(anyhow::Error::new(Hint(remedy)).context(place))
            }
        }
    }

    /// File and line of the first line that has all of `parts`.
    pub(crate) fn place(&self, parts: &[&str]) -> String {
        let path = self.source.path.display();
        let has_all = |line: &str| parts.iter().all(|part| line.contains(part));
        match self.source.text.lines().position(has_all) {
            Some(index) => format!("{path}, line {}", index + 1),
            None => path.to_string(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| Problem::of(&error, text))
    }
}

/// What is wrong with a file, where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Problem {
    fn of(error: &toml::de::Error, text: &str) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let line = text[..start.min(text.len())].lines().count().max(1);
        let line = if text[..start.min(text.len())].ends_with('\n') {
            line + 1
        } else {
            line
        };
        let message = error.message();
        let unknown = message
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once("`, expected "));
        match unknown {
            Some((name, known)) => {
                let nearest = nearest(name, known.split('`').skip(1).step_by(2));
                let remedy = nearest.map_or_else(
                    || "see docs/configuration.md for all settings".to_owned(),
                    |nearest| format!("did you mean `{nearest}`? docs/configuration.md has all"),
                );
                Self {
                    line,
                    what: format!("unknown setting `{name}`"),
                    remedy,
                }
            }
            None => Self {
                line,
                what: message.to_owned(),
                remedy: "docs/configuration.md shows every setting with its form".to_owned(),
            },
        }
    }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(4) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}
