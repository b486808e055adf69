//! Finding a model by the name a client gives it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::entry::{Extra, Mode, ModelEntry};
use super::rules::Rule;
use super::schedule::Schedule;

/// Longer names than any provider gives, and cheap to search for.
const MAX_NAME_BYTES: usize = 256;

/// Who made a model comes before who resells it: a bare `gpt-4o` is OpenAI's
/// even where Azure is configured too. Providers not named here resell.
pub(super) const VENDORS: [&str; 16] = [
    "openai",
    "anthropic",
    "google",
    "mistral",
    "xai",
    "deepseek",
    "cohere",
    "meta",
    "moonshotai",
    "minimax",
    "zai",
    "zhipuai",
    "voyageai",
    "perplexity",
    "elevenlabs",
    "typesafe",
];

/// Every model we know, by provider. Immutable: share it.
#[derive(Debug)]
pub struct Catalogue {
    pub(super) date: String,
    /// Ascending by id.
    pub(super) providers: Vec<Provider>,
    pub(super) by_id: HashMap<String, usize>,
    /// Indices of `providers`, vendors first.
    pub(super) by_rank: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) fallback: Vec<usize>,
    /// Ascending by id.
    pub(super) models: Vec<Model>,
    /// Ids and exact aliases, in lower case.
    pub(super) by_name: HashMap<Box<str>, usize>,
    /// Tried in this order when no name fits.
    pub(super) rules: Vec<(Rule, usize)>,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) mode: Mode,
    pub(super) max_input_tokens: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
    pub(super) dimensions: Option<u64>,
    pub(super) schedule: Schedule,
    pub(super) also: Vec<Extra>,
}

impl Catalogue {
    /// The catalogue this program was built with.
    ///
    /// Panics when the embedded file does not read: a broken build.
    pub fn bundled() -> Self {
        Self::parse(include_bytes!("../../data/catalogue.json"))
            .expect("the embedded catalogue is tested")
    }

    /// The day its prices were published, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The model that `provider` means by this name: its id, else an alias
    /// such as a dated snapshot. Upper and lower case are the same.
    ///
    /// Rules about models must hold for [`ModelEntry::id`] as well as for the
    /// name a client sent, or an alias slips past them.
    pub fn find(&self, provider: &str, model: &str) -> Option<ModelEntry<'_>> {
        let provider = self.provider(provider)?;
        let name = searchable(model)?;
        self.find_in(provider, &name)
    }

    /// Providers that serve a model named without one, most original first.
    ///
    /// Some models' names have a prefix of their own (`meta-llama/llama-3-8b`). One
    /// that a provider does not know may name another provider: nobody serves that.
    pub fn providers_serving(&self, bare_model: &str) -> impl Iterator<Item = &str> {
        let name = searchable(bare_model);
        self.by_rank
            .iter()
            .map(|index| &self.providers[*index])
            .filter(move |provider| {
                let mut sources = self.sources(provider);
                let serves = |name| sources.any(|source| source.knows_all_of(name));
                name.as_deref().is_some_and(serves)
            })
            .map(|provider| provider.id.as_str())
    }

    /// Every model, ascending by provider and id.
    pub fn models(&self) -> impl Iterator<Item = ModelEntry<'_>> {
        self.providers.iter().flat_map(|provider| {
            provider
                .models
                .iter()
                .map(|model| ModelEntry::new(&provider.id, model))
        })
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        let index = self.by_id.get(searchable(id)?.as_ref())?;
        Some(&self.providers[*index])
    }

    fn find_in<'a>(&'a self, provider: &'a Provider, name: &str) -> Option<ModelEntry<'a>> {
        self.sources(provider)
            .find_map(|source| source.model(name))
            .map(|model| ModelEntry::new(&provider.id, model))
    }

    /// A provider, and those whose models it serves too.
    fn sources<'a>(&'a self, provider: &'a Provider) -> impl Iterator<Item = &'a Provider> {
        let fallback = provider.fallback.iter();
        std::iter::once(provider).chain(fallback.map(|index| &self.providers[*index]))
    }
}

impl Provider {
    fn model(&self, name: &str) -> Option<&Model> {
        let exact = self.by_name.get(name).copied();
        let by_rule = || self.rules.iter().find(|(rule, _)| rule.matches(name));
        let index = exact.or_else(|| by_rule().map(|(_, index)| *index))?;
        Some(&self.models[index])
    }

    /// Whether a name means a model here, its prefix included if it has one.
    fn knows_all_of(&self, name: &str) -> bool {
        let has_prefix = name.contains('/');
        let mut rules = self.rules.iter().map(|(rule, _)| rule);
        self.by_name.contains_key(name)
            || rules.any(|rule| rule.matches(name) && (rule.fixes_beginning() || !has_prefix))
    }
}

fn searchable(name: &str) -> Option<Cow<'_, str>> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let has_upper = name.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if has_upper {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    })
}
