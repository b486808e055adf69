//! What providers' dialects differ in around a body: where a credential
//! stands, and which path leads where.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};

use keypurse_providers::{gemini, translate};

use crate::gateway::config::{Dialect, ProviderKey};
use crate::gateway::endpoint::kind::Endpoint;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// The version of Anthropic's API whose bodies are read and written here.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

impl Dialect {
    /// The headers every call carries.
    pub(in crate::gateway) fn headers(
        self,
        key: Option<&ProviderKey>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
        let (name, scheme) = match self {
            Self::OpenAi => (AUTHORIZATION, "Bearer "),
            Self::Anthropic => (X_API_KEY, ""),
            Self::Gemini => (X_GOOG_API_KEY, ""),
        };
        let mut headers = Vec::new();
        if let Some(key) = key {
            let mut value = HeaderValue::try_from(format!("{scheme}{}", key.expose()))?;
            value.set_sensitive(true);
            headers.push((name, value));
        }
        if self == Self::Anthropic {
            headers.push((ANTHROPIC_VERSION, VERSION));
        }
        Ok(headers)
    }

    /// What a base URL's path lacks of the version. Anthropic's SDKs leave it
    /// to the caller's path, and Google's too.
    pub(in crate::gateway) fn missing_version(self, path: &str) -> &'static str {
        let last = path.rsplit('/').next().unwrap_or_default();
        let has_version = last
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        match self {
            Self::Anthropic if !has_version => "/v1",
            Self::Gemini if !has_version => "/v1beta",
            Self::OpenAi | Self::Anthropic | Self::Gemini => "",
        }
    }
}

/// What a provider can be asked for, and in which words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Api {
    pub(in crate::gateway) dialect: Dialect,
    /// Whether OpenAI's dialect includes `responses` here.
    pub(in crate::gateway) has_responses: bool,
    /// Whether a translated conversation has what its model thought.
    pub(in crate::gateway) wants_reasoning: bool,
}

impl Api {
    /// Where an endpoint's calls go, below the base URL. `None`: the provider
    /// has nothing like it.
    pub(in crate::gateway) fn path(
        self,
        endpoint: Endpoint,
        model: &str,
        streamed: bool,
    ) -> Option<Cow<'static, str>> {
        let is_chat = client_dialect(endpoint).is_some();
        match self.dialect {
            Dialect::OpenAi if self.translates(endpoint) => Some(Endpoint::Chat.path().into()),
            Dialect::OpenAi => Some(endpoint.path().into()),
            Dialect::Anthropic if is_chat => Some(Endpoint::Messages.path().into()),
            Dialect::Gemini if is_chat => Some(gemini::path(model, streamed).into()),
            Dialect::Anthropic | Dialect::Gemini => None,
        }
    }

    /// Whether calls of an endpoint are translated for it.
    pub(in crate::gateway) fn translates(self, endpoint: Endpoint) -> bool {
        match (client_dialect(endpoint), self.dialect) {
            (Some(translate::Dialect::Responses), Dialect::OpenAi) => !self.has_responses,
            (Some(client), provider) => client != provider.into(),
            (None, _) => false,
        }
    }
}

/// In whose words the clients of an endpoint chat. `None`: they do not.
pub(in crate::gateway) fn client_dialect(endpoint: Endpoint) -> Option<translate::Dialect> {
    match endpoint {
        Endpoint::Chat => Some(translate::Dialect::OpenAi),
        Endpoint::Messages => Some(translate::Dialect::Anthropic),
        Endpoint::Responses => Some(translate::Dialect::Responses),
        Endpoint::Embeddings
        | Endpoint::Moderations
        | Endpoint::ImageGenerations
        | Endpoint::ImageEdits
        | Endpoint::Speech
        | Endpoint::Transcriptions => None,
    }
}

impl From<Dialect> for translate::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self::OpenAi,
            Dialect::Anthropic => Self::Anthropic,
            Dialect::Gemini => Self::Gemini,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::gateway::config::{Dialect, ProviderKey};

    #[test]
    fn a_credential_stands_where_its_dialect_has_it() {
        let key = ProviderKey::new("secret".to_owned());
        for (dialect, expected) in [
            (Dialect::OpenAi, &[("authorization", "Bearer secret")][..]),
            (
                Dialect::Anthropic,
                &[("x-api-key", "secret"), ("anthropic-version", "2023-06-01")],
            ),
            (Dialect::Gemini, &[("x-goog-api-key", "secret")]),
        ] {
            let headers = dialect.headers(Some(&key)).unwrap();
            assert!(headers[0].1.is_sensitive());
            let headers = headers.iter();
            let written: Vec<_> = headers
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            assert_eq!(written, expected);
        }
        let bad = ProviderKey::new("line\nbreak".to_owned());
        assert!(Dialect::OpenAi.headers(Some(&bad)).is_err());
        assert!(Dialect::Gemini.headers(None).unwrap().is_empty());
    }

    #[test]
    fn a_base_url_may_leave_out_the_version_where_vendors_do() {
        for (dialect, path, expected) in [
            (Dialect::OpenAi, "", ""),
            (Dialect::Anthropic, "", "/v1"),
            (Dialect::Anthropic, "/v1", ""),
            (Dialect::Anthropic, "/anthropic", "/v1"),
            (Dialect::Anthropic, "/anthropic/v1", ""),
            (Dialect::Gemini, "", "/v1beta"),
            (Dialect::Gemini, "/v1beta", ""),
            (Dialect::Gemini, "/v1", ""),
            (Dialect::Gemini, "/vertex", "/v1beta"),
        ] {
            assert_eq!(
                dialect.missing_version(path),
                expected,
                "{dialect:?} {path}"
            );
        }
    }
}
