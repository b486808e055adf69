//! Providers, and who answers in their place.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use keypurse_providers::{presets, translate};

use super::address::Upstream;
use super::dialect::{Api, client_dialect};
use crate::gateway::config::{
    Dialect, GatewayConfigError, OutputLimitField, ProviderConfig, ProviderKind, StreamHold,
    Timeouts,
};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::routing::health::Health;

/// A configured provider.
#[derive(Debug)]
pub(in crate::gateway) struct Provider {
    pub(in crate::gateway) name: Arc<str>,
    pub(in crate::gateway) free: bool,
    pub(in crate::gateway) timeouts: Timeouts,
    pub(in crate::gateway) output_limit_field: OutputLimitField,
    pub(in crate::gateway) stream_hold: StreamHold,
    pub(in crate::gateway) reached: Reached,
    pub(in crate::gateway) health: Health,
}

/// How a provider is reached.
pub(in crate::gateway) enum Reached {
    Http(Box<Upstream>),
    /// The demo.
    InProcess,
    /// By nobody: the simulator answers in its place.
    Simulated(Place),
}

/// Whose place the simulator takes: what that one refuses it refuses, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Place {
    /// A provider's that can be asked for this.
    Provider(Api),
    Demo,
    /// Nobody's: it answers whatever it can.
    Nobody,
}

impl Provider {
    /// Stands for a provider that is not configured.
    pub(in crate::gateway) fn unconfigured(name: &str) -> Self {
        Self::simulating(name, false, Place::of_unconfigured(name))
    }

    /// Stands for a name of the simulator's own.
    pub(in crate::gateway) fn simulator(name: &str) -> Self {
        Self::simulating(name, true, Place::Nobody)
    }

    fn simulating(name: &str, free: bool, place: Place) -> Self {
        Self {
            name: name.into(),
            free,
            timeouts: Timeouts::default(),
            output_limit_field: OutputLimitField::MaxTokens,
            stream_hold: StreamHold::ByModel,
            reached: Reached::Simulated(place),
            health: Health::new(None),
        }
    }

    /// The same provider, simulated: nobody can be reached through it.
    pub(in crate::gateway) fn simulated(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            reached: Reached::Simulated(self.reached.place()),
            health: Health::new(None),
            ..*self
        }
    }

    /// One as it is configured.
    pub(in crate::gateway) fn new(
        config: ProviderConfig,
        max_concurrency: Option<NonZeroU32>,
    ) -> Result<Self, GatewayConfigError> {
        let max_concurrency = max_concurrency
            .map(|most| usize::try_from(most.get()).expect("a 32-bit number fits in usize"));
        let ProviderConfig {
            name,
            kind,
            free,
            stream_hold,
        } = config;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(GatewayConfigError::ProviderName(name));
        }
        let (reached, output_limit_field, timeouts) = match kind {
            ProviderKind::Demo => (
                Reached::InProcess,
                OutputLimitField::MaxTokens,
                Timeouts::default(),
            ),
            ProviderKind::Http(upstream) => (
                Reached::Http(Box::new(Upstream::new(&name, &upstream)?)),
                upstream.output_limit_field,
                upstream.timeouts,
            ),
        };
        Ok(Self {
            name: name.into(),
            free,
            timeouts,
            output_limit_field,
            stream_hold,
            reached,
            health: Health::new(max_concurrency),
        })
    }
}

impl Reached {
    /// Whether calls of this endpoint lead anywhere.
    pub(in crate::gateway) fn offers(&self, endpoint: Endpoint) -> bool {
        self.place().offers(endpoint)
    }

    /// Whose API it speaks, if calls of this endpoint are translated to it.
    pub(in crate::gateway) fn foreign_dialect(&self, endpoint: Endpoint) -> Option<Dialect> {
        let api = self.place().api()?;
        api.translates(endpoint).then_some(api.dialect)
    }

    /// Whether what its model thought is for it to see again.
    pub(in crate::gateway) fn wants_reasoning(&self) -> bool {
        self.place().api().is_some_and(|api| api.wants_reasoning)
    }

    pub(in crate::gateway) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// Whose place it is, who takes it left aside.
    pub(in crate::gateway) fn place(&self) -> Place {
        match self {
            Self::Http(upstream) => Place::Provider(upstream.api),
            Self::InProcess => Place::Demo,
            Self::Simulated(place) => *place,
        }
    }
}

impl Place {
    /// That of a provider of this name, were it configured.
    pub(in crate::gateway) fn of_unconfigured(name: &str) -> Self {
        let preset = presets::find(name);
        Self::Provider(Api {
            dialect: match preset.map(|preset| preset.dialect) {
                Some(translate::Dialect::Anthropic) => Dialect::Anthropic,
                Some(translate::Dialect::Gemini) => Dialect::Gemini,
                None | Some(translate::Dialect::OpenAi | translate::Dialect::Responses) => {
                    Dialect::OpenAi
                }
            },
            has_responses: preset.is_none_or(|preset| preset.has_responses),
            wants_reasoning: preset.is_some_and(|preset| preset.wants_reasoning),
        })
    }

    /// What can be asked for here. `None`: anything.
    fn api(self) -> Option<Api> {
        match self {
            Self::Provider(api) => Some(api),
            Self::Demo => Some(Api {
                dialect: Dialect::OpenAi,
                has_responses: false,
                wants_reasoning: false,
            }),
            Self::Nobody => None,
        }
    }

    /// Whether calls of this endpoint lead anywhere.
    pub(in crate::gateway) fn offers(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Provider(api) => api.path(endpoint, "", false).is_some(),
            Self::Demo => client_dialect(endpoint).is_some(),
            Self::Nobody => true,
        }
    }
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(upstream) => {
                write!(f, "Http({upstream:?})")
            }
            Self::InProcess => f.write_str("InProcess"),
            Self::Simulated(place) => write!(f, "Simulated({place:?})"),
        }
    }
}
