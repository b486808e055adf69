//! What costs are told apart by, and narrowed to.

use std::collections::HashMap;
use std::sync::Arc;

use keypurse_core::id::TokenId;
use keypurse_store::{Dimension, Feature, StatusClass, TokenLabel, UsageKey, Whose};

/// What costs are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) enum GroupBy {
    Token,
    Provider,
    Model,
    Feature,
    Tag,
    Status,
}

/// What costs are narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Filters {
    /// A token's name, or `base_token` for the account's own key.
    pub(in crate::dashboard) token: Option<String>,
    pub(in crate::dashboard) provider: Option<String>,
    /// As `provider/model`.
    pub(in crate::dashboard) model: Option<String>,
    pub(in crate::dashboard) feature: Option<Feature>,
    pub(in crate::dashboard) tag: Option<String>,
    pub(in crate::dashboard) status: Option<StatusClass>,
}

/// What the account's own key is called in reports.
pub(in crate::dashboard) const ACCOUNT_KEY: &str = "base_token";

impl GroupBy {
    pub(in crate::dashboard) const ALL: [Self; 6] = [
        Self::Provider,
        Self::Model,
        Self::Token,
        Self::Tag,
        Self::Feature,
        Self::Status,
    ];

    /// The word in addresses.
    pub(in crate::dashboard) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Feature => "feature",
            Self::Tag => "tag",
            Self::Status => "status",
        }
    }

    pub(in crate::dashboard) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }

    /// The word on pages.
    pub(in crate::dashboard) const fn title(self) -> &'static str {
        match self {
            Self::Token => "Token",
            Self::Provider => "Provider",
            Self::Model => "Model",
            Self::Feature => "Feature",
            Self::Tag => "Tag",
            Self::Status => "Status",
        }
    }

    /// Whether lines are made of tokens.
    pub(super) const fn is_of_tokens(self) -> bool {
        matches!(self, Self::Token | Self::Tag)
    }

    /// Whether calls of the account's own key are summed up under a name.
    pub(super) fn shows_account_key_as(self, name: &str) -> bool {
        match self {
            Self::Token => name == ACCOUNT_KEY,
            Self::Tag => name == UNTAGGED,
            Self::Provider | Self::Model | Self::Feature | Self::Status => false,
        }
    }

    /// A line's name as people read it.
    pub(in crate::dashboard) fn shown(self, name: &str) -> &str {
        if self == Self::Tag && name == UNTAGGED {
            "(no tag)"
        } else {
            name
        }
    }

    pub(super) const fn dimension(self) -> Dimension {
        match self {
            Self::Token | Self::Tag => Dimension::Token,
            Self::Provider => Dimension::Provider,
            Self::Model => Dimension::Model,
            Self::Feature => Dimension::Feature,
            Self::Status => Dimension::Status,
        }
    }

    /// What a sum of this key is shown under: more than one line for a token
    /// with several tags.
    pub(super) fn names(self, key: &UsageKey, labels: &Labels) -> Vec<String> {
        let or_unknown = |name: &Option<Arc<str>>| name.as_deref().unwrap_or("–").to_owned();
        let name = match self {
            Self::Token => labels.name(key.token),
            Self::Provider => or_unknown(&key.provider),
            Self::Model => or_unknown(&key.model),
            Self::Feature => key.feature.map_or("–", feature_name).to_owned(),
            Self::Status => key.status.map_or("–", status_name).to_owned(),
            Self::Tag => return labels.tags(key.token),
        };
        vec![name]
    }
}

impl Filters {
    /// Whose calls are meant. `None`: nobody's, as no token has that name or
    /// tag.
    pub(super) fn whose(&self, labels: &Labels) -> Option<Whose> {
        if self.token.as_deref() == Some(ACCOUNT_KEY) {
            return self.tag.is_none().then_some(Whose::AccountKey);
        }
        if self.token.is_none() && self.tag.is_none() {
            return Some(Whose::All);
        }
        let is_meant = |label: &&TokenLabel| {
            self.token.as_ref().is_none_or(|name| label.name == *name)
                && self.tag.as_ref().is_none_or(|tag| label.tags.contains(tag))
        };
        let meant = labels.all.iter().filter(is_meant);
        let ids: Vec<TokenId> = meant.map(|label| label.id).collect();
        (!ids.is_empty()).then_some(Whose::Tokens(ids))
    }

    /// Whether tokens have to be known by name.
    pub(super) const fn name_tokens(&self) -> bool {
        self.token.is_some() || self.tag.is_some()
    }
}

/// What tokens are called, deleted ones too.
#[derive(Debug)]
pub(super) struct Labels {
    /// Ascending by id.
    all: Vec<TokenLabel>,
}

impl Labels {
    pub(super) fn new(mut all: Vec<TokenLabel>) -> Self {
        all.sort_unstable_by_key(|label| label.id);
        Self { all }
    }

    fn find(&self, id: TokenId) -> Option<&TokenLabel> {
        let at = self.all.binary_search_by_key(&id, |label| label.id).ok();
        at.map(|at| &self.all[at])
    }

    fn name(&self, id: Option<TokenId>) -> String {
        let Some(id) = id else {
            return ACCOUNT_KEY.to_owned();
        };
        self.find(id)
            .map_or_else(|| id.to_string(), |label| label.name.clone())
    }

    fn tags(&self, id: Option<TokenId>) -> Vec<String> {
        let tags = id.and_then(|id| self.find(id)).map(|label| &label.tags);
        match tags {
            Some(tags) if !tags.is_empty() => tags.clone(),
            Some(_) | None => vec![UNTAGGED.to_owned()],
        }
    }

    /// The live tokens by name.
    pub(super) fn live(&self) -> HashMap<&str, TokenId> {
        let live = self.all.iter().filter(|label| label.deleted_at.is_none());
        live.map(|label| (&*label.name, label.id)).collect()
    }

    /// All tokens that are shown under a name.
    pub(super) fn ids(&self, by: GroupBy, name: &str) -> impl Iterator<Item = TokenId> {
        let is_shown = move |label: &&TokenLabel| match by {
            GroupBy::Tag if name == UNTAGGED => label.tags.is_empty(),
            GroupBy::Tag => label.tags.iter().any(|tag| tag == name),
            _ => label.name == name,
        };
        self.all.iter().filter(is_shown).map(|label| label.id)
    }
}

/// What calls of tokens without a tag are summed up under; no tag is blank.
pub(super) const UNTAGGED: &str = "";

/// What people call a kind of work.
pub(in crate::dashboard) const fn feature_name(feature: Feature) -> &'static str {
    match feature {
        Feature::Chat => "Chat",
        Feature::Embeddings => "Embeddings",
        Feature::Moderation => "Moderation",
        Feature::ImageGeneration => "Images",
        Feature::TextToSpeech => "Text to speech",
        Feature::SpeechToText => "Speech to text",
    }
}

/// How people say a call ended.
pub(in crate::dashboard) const fn status_name(status: StatusClass) -> &'static str {
    match status {
        StatusClass::Success => "Success",
        StatusClass::ClientError => "Client error",
        StatusClass::ServerError => "Server error",
        StatusClass::Unanswered => "Unanswered",
    }
}
