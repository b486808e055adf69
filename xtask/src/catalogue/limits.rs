//! Context and output limits, found under the names litellm gives models.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How a provider's models are named in the limits.
struct Naming {
    provider: &'static str,
    /// What stands before an id; tried first.
    prefixes: &'static [&'static str],
    /// Values of the `provider` field under which ids stand bare.
    bare: &'static [&'static str],
}

const NAMINGS: [Naming; 24] = [
    naming("anthropic", &[], &["anthropic"]),
    naming("azure", &["azure/", "azure_ai/"], &[]),
    naming("baseten", &["baseten/"], &[]),
    naming("bedrock", &["bedrock/"], &["bedrock", "bedrock_converse"]),
    naming("cerebras", &["cerebras/"], &[]),
    naming("cloudflare", &["cloudflare/"], &[]),
    naming("cohere", &["cohere/"], &["cohere", "cohere_chat"]),
    naming("databricks", &["databricks/"], &[]),
    naming("deepseek", &["deepseek/"], &["deepseek"]),
    naming("elevenlabs", &["elevenlabs/"], &[]),
    naming(
        "fireworks",
        &["fireworks_ai/accounts/fireworks/models/", "fireworks_ai/"],
        &[],
    ),
    naming("github-copilot", &["github_copilot/"], &[]),
    naming("google", &["gemini/", "vertex_ai/"], &VERTEX),
    naming("groq", &["groq/"], &[]),
    naming("meta", &["meta/"], &[]),
    naming("minimax", &["minimax/"], &[]),
    naming("mistral", &["mistral/"], &[]),
    naming("moonshotai", &["moonshot/"], &[]),
    naming("openai", &[], &["openai", "text-completion-openai"]),
    naming("perplexity", &["perplexity/"], &[]),
    naming("together", &["together_ai/"], &[]),
    naming("voyageai", &["voyage/"], &[]),
    naming("xai", &["xai/"], &[]),
    naming("zai", &["zai/"], &[]),
];

const VERTEX: [&str; 4] = [
    "gemini",
    "vertex_ai-language-models",
    "vertex_ai-embedding-models",
    "vertex_ai-anthropic_models",
];

/// Providers under the names their limits have where ours differ, or whose
/// models are written `vendor/model` by resellers.
const VENDORS: [(&str, &str); 14] = [
    ("anthropic", "anthropic"),
    ("cohere", "cohere"),
    ("deepseek", "deepseek"),
    ("deepseek-ai", "deepseek"),
    ("google", "google"),
    ("mistralai", "mistral"),
    ("minimax", "minimax"),
    ("minimaxai", "minimax"),
    ("moonshotai", "moonshotai"),
    ("openai", "openai"),
    ("perplexity", "perplexity"),
    ("x-ai", "xai"),
    ("z-ai", "zai"),
    ("zai-org", "zai"),
];

const fn naming(
    provider: &'static str,
    prefixes: &'static [&'static str],
    bare: &'static [&'static str],
) -> Naming {
    Naming {
        provider,
        prefixes,
        bare,
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Limit<'a> {
    #[serde(default)]
    provider: &'a str,
    #[serde(default)]
    pub(super) mode: Option<&'a str>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) max_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) max_output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "positive")]
    pub(super) output_vector_size: Option<u64>,
}

/// A limit of 0 says that nobody knows. Some whole numbers come as `2048.0`.
fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<&RawValue>::deserialize(from)? else {
        return Ok(None);
    };
    let whole = number
        .get()
        .trim_end_matches(".0")
        .parse::<u64>()
        .map_err(D::Error::custom)?;
    Ok((whole > 0).then_some(whole))
}

/// Limits by lower-case name.
pub(super) struct Limits<'a> {
    by_name: HashMap<String, Limit<'a>>,
}

/// A model's limits and where they stood.
pub(super) struct Found<'a> {
    pub(super) limit: Option<Limit<'a>>,
    /// Taken from the model's maker, for a reseller that has none of its own.
    pub(super) from_maker: bool,
}

impl<'a> Limits<'a> {
    pub(super) fn read(json: &'a str) -> Result<Self> {
        let limits: HashMap<&str, Limit> =
            serde_json::from_str(json).context("the limits are not in their format")?;
        let lower = |(name, limit): (&str, _)| (name.to_ascii_lowercase(), limit);
        Ok(Self {
            by_name: limits.into_iter().map(lower).collect(),
        })
    }

    /// Limits of a model by its id, else by an alias without wildcards.
    pub(super) fn find(&self, provider: &str, id: &str, rules: &[String]) -> Found<'a> {
        let exact = |rule: &'_ String| Some(rule.strip_prefix('=')?.to_owned());
        let aliases = rules
            .iter()
            .filter_map(exact)
            .filter(|name| !name.contains(['#', '!']));
        let names: Vec<String> = std::iter::once(id.to_ascii_lowercase())
            .chain(aliases)
            .collect();
        let own = names
            .iter()
            .find_map(|name| self.of_provider(provider, name));
        let from_maker = own.is_none();
        let limit = own.or_else(|| names.iter().find_map(|name| self.of_maker(name)));
        Found {
            from_maker: from_maker && limit.is_some(),
            limit: limit.cloned(),
        }
    }

    fn of_provider(&self, provider: &str, name: &str) -> Option<&Limit<'a>> {
        let naming = NAMINGS.iter().find(|naming| naming.provider == provider)?;
        let prefixed = |prefix: &&str| self.by_name.get(&format!("{prefix}{name}"));
        naming.prefixes.iter().find_map(prefixed).or_else(|| {
            self.by_name
                .get(name)
                .filter(|limit| naming.bare.contains(&limit.provider))
        })
    }

    /// `anthropic/claude-opus-4.5` is Anthropic's `claude-opus-4-5`.
    fn of_maker(&self, name: &str) -> Option<&Limit<'a>> {
        let (vendor, model) = name.split_once('/')?;
        let (_, maker) = VENDORS.iter().find(|(written, _)| *written == vendor)?;
        let model = model.split_once(':').map_or(model, |(model, _)| model);
        self.of_provider(maker, model)
            .or_else(|| self.of_provider(maker, &model.replace('.', "-")))
    }
}
