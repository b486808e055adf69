//! Providers: from the file, or by themselves when their usual variable is
//! set.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context, bail};
use keypurse_providers::presets::{self, GEMINI_BASE_URL, PRESETS, Preset};
use keypurse_providers::translate;
use keypurse_server::gateway::{
    Dialect, HttpUpstream, OutputLimitField, ProviderConfig, ProviderKey, ProviderKind, StreamHold,
    Timeouts,
};

use super::file::{AliasSection, ConfigFile, ProviderSection};
use crate::hint::Hint;

/// Reads an environment variable; handed in, so that tests need not set any.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// All providers: those of the file, those whose variable is set, the demo.
pub(super) fn providers(
    file: &ConfigFile,
    demo: bool,
    environment: Environment<'_>,
) -> anyhow::Result<Vec<ProviderConfig>> {
    let mut providers = Vec::new();
    for (name, section) in &file.providers {
        let provider = from_file(name, section, environment).with_context(|| {
            let place = file.place(&["[providers.", name, "]"]);
            format!("{place}: provider `{name}` is not configured well")
        })?;
        providers.push(provider);
    }
    let known = PRESETS.iter().filter(|preset| !preset.is_local);
    for preset in known.filter(|preset| !file.providers.contains_key(preset.name)) {
        let key = set(environment, preset.api_key_env);
        if let Some((key, base_url)) = key.zip(own_base_url(preset, environment)) {
            providers.push(from_preset(preset, key, base_url));
        }
    }
    if demo {
        let kind = ProviderKind::Demo;
        providers.push(ProviderConfig {
            name: "demo".to_owned(),
            kind,
            free: false,
            stream_hold: StreamHold::Blocks,
        });
    }
    Ok(providers)
}

/// A variable that is set, and not to nothing.
fn set(environment: Environment<'_>, variable: &str) -> Option<String> {
    let value = environment(variable)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn from_preset(preset: &Preset, key: String, base_url: String) -> ProviderConfig {
    let upstream = HttpUpstream {
        dialect: dialect_of(preset),
        has_responses: preset.has_responses,
        wants_reasoning: preset.wants_reasoning,
        base_url,
        api_key: Some(ProviderKey::new(key)),
        output_limit_field: limit_field(preset),
        timeouts: Timeouts::default(),
    };
    let kind = ProviderKind::Http(upstream);
    ProviderConfig {
        name: preset.name.to_owned(),
        kind,
        free: false,
        stream_hold: StreamHold::ByModel,
    }
}

fn limit_field(preset: &Preset) -> OutputLimitField {
    if preset.max_completion_tokens {
        OutputLimitField::MaxCompletionTokens
    } else {
        OutputLimitField::MaxTokens
    }
}

fn from_file(
    name: &str,
    section: &ProviderSection,
    environment: Environment<'_>,
) -> anyhow::Result<ProviderConfig> {
    check_name(name)?;
    let preset = presets::find(name);
    let dialect = dialect(section, preset)?;
    let usual = || usual_base_url(preset?, dialect, environment);
    let base_url = section.base_url.clone().or_else(usual);
    let base_url = base_url.with_context(|| missing_base_url(preset))?;
    let upstream = HttpUpstream {
        dialect,
        has_responses: section
            .responses
            .unwrap_or_else(|| preset.is_none_or(|preset| preset.has_responses)),
        wants_reasoning: section
            .reasoning_content
            .unwrap_or_else(|| preset.is_some_and(|preset| preset.wants_reasoning)),
        base_url: base_url.trim_end_matches('/').to_owned(),
        api_key: api_key(section, preset, environment)?,
        output_limit_field: match section.output_limit_field.as_deref() {
            None => preset.map_or(OutputLimitField::MaxTokens, limit_field),
            Some("max_tokens") => OutputLimitField::MaxTokens,
            Some("max_completion_tokens") => OutputLimitField::MaxCompletionTokens,
            Some(other) => bail!(
                "output_limit_field `{other}` is not one of max_tokens, max_completion_tokens"
            ),
        },
        timeouts: timeouts(section),
    };
    let kind = ProviderKind::Http(upstream);
    Ok(ProviderConfig {
        name: name.to_owned(),
        kind,
        free: section.free.unwrap_or(false),
        stream_hold: stream_hold(section)?,
    })
}

fn dialect_of(preset: &Preset) -> Dialect {
    match preset.dialect {
        translate::Dialect::OpenAi | translate::Dialect::Responses => Dialect::OpenAi,
        translate::Dialect::Anthropic => Dialect::Anthropic,
        translate::Dialect::Gemini => Dialect::Gemini,
    }
}

fn dialect(section: &ProviderSection, preset: Option<&Preset>) -> anyhow::Result<Dialect> {
    match section.kind.as_deref() {
        None => Ok(preset.map_or(Dialect::OpenAi, dialect_of)),
        Some("openai") => Ok(Dialect::OpenAi),
        Some("anthropic") => Ok(Dialect::Anthropic),
        Some("gemini") => Ok(Dialect::Gemini),
        Some(kind) => {
            let hint = Hint("kind is one of openai, anthropic, gemini".to_owned());
            Err(anyhow::Error::new(hint).context(format!("kind `{kind}` is not known")))
        }
    }
}

/// Where a well-known provider speaks this dialect.
fn usual_base_url(
    preset: &Preset,
    dialect: Dialect,
    environment: Environment<'_>,
) -> Option<String> {
    match dialect {
        Dialect::Gemini if preset.name == "google" => Some(GEMINI_BASE_URL.to_owned()),
        dialect if dialect == dialect_of(preset) => own_base_url(preset, environment),
        // "OpenAI SDK compatibility": the same base URL has both.
        Dialect::OpenAi if preset.name == "anthropic" => Some(preset.base_url.to_owned()),
        Dialect::OpenAi | Dialect::Anthropic | Dialect::Gemini => None,
    }
}

/// Where a well-known provider is, as far as that is known.
fn own_base_url(preset: &Preset, environment: Environment<'_>) -> Option<String> {
    let Some(variable) = preset.endpoint_env else {
        return Some(preset.base_url.to_owned());
    };
    let endpoint = set(environment, variable)?;
    let endpoint = endpoint.trim_end_matches('/');
    // Some write down the whole of it.
    let endpoint = endpoint.strip_suffix(preset.base_url).unwrap_or(endpoint);
    Some(format!("{endpoint}{}", preset.base_url))
}

fn missing_base_url(preset: Option<&Preset>) -> String {
    match preset.and_then(|preset| preset.endpoint_env) {
        Some(variable) => format!("base_url is missing; write it, or set {variable}"),
        None => "base_url is missing".to_owned(),
    }
}

fn stream_hold(section: &ProviderSection) -> anyhow::Result<StreamHold> {
    Ok(match section.stream_hold.as_deref() {
        None | Some("by_model") => StreamHold::ByModel,
        Some("full") => StreamHold::Full,
        Some("blocks") => StreamHold::Blocks,
        Some(other) => bail!("stream_hold `{other}` is not one of by_model, full, blocks"),
    })
}

/// The name stands before the slash of a model and in reports.
fn check_name(name: &str) -> anyhow::Result<()> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        bail!(
            "a provider's name has 1 to 64 lower-case letters, digits, dots, dashes, underscores"
        );
    }
    Ok(())
}

fn api_key(
    section: &ProviderSection,
    preset: Option<&Preset>,
    environment: Environment<'_>,
) -> anyhow::Result<Option<ProviderKey>> {
    let stated = [
        section.api_key.is_some(),
        section.api_key_env.is_some(),
        section.api_key_file.is_some(),
    ];
    if stated.into_iter().filter(|stated| *stated).count() > 1 {
        bail!("give one of api_key, api_key_env and api_key_file, not several");
    }
    let text = if let Some(key) = &section.api_key {
        Some(key.clone())
    } else if let Some(path) = &section.api_key_file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read api_key_file {}", path.display()))?;
        Some(text)
    } else if let Some(variable) = &section.api_key_env {
        let text = environment(variable).with_context(|| {
            format!("the environment variable {variable} named by api_key_env is not set")
        })?;
        Some(text)
    } else {
        preset.and_then(|preset| environment(preset.api_key_env))
    };
    let key = text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    Ok(key.map(ProviderKey::new))
}

fn timeouts(section: &ProviderSection) -> Timeouts {
    let seconds = |stated: Option<u32>, default: Duration| {
        stated.map_or(default, |seconds| Duration::from_secs(u64::from(seconds)))
    };
    let usual = Timeouts::default();
    Timeouts {
        first_byte: seconds(section.first_byte_timeout_seconds, usual.first_byte),
        idle: seconds(section.idle_timeout_seconds, usual.idle),
        total: seconds(section.total_timeout_seconds, usual.total),
        ..usual
    }
}

/// Names for models, and the models they stand for.
pub(super) fn aliases(file: &ConfigFile) -> BTreeMap<String, Vec<String>> {
    let aliases = file.aliases.iter();
    aliases
        .map(|(name, stands_for)| {
            let models = match stands_for {
                AliasSection::Model(model) => vec![model.clone()],
                AliasSection::Models(models) => models.clone(),
            };
            (name.clone(), models)
        })
        .collect()
}

/// How many calls providers may have at once, where the file says.
pub(super) fn max_concurrency(file: &ConfigFile) -> BTreeMap<String, NonZeroU32> {
    let providers = file.providers.iter();
    providers
        .filter_map(|(name, section)| Some((name.clone(), section.max_concurrency?)))
        .collect()
}
