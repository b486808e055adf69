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

    /// Where an endpoint's calls go, below the base URL. `None`: the dialect
    /// has nothing like it.
    pub(in crate::gateway) fn path(
        self,
        endpoint: Endpoint,
        model: &str,
        streamed: bool,
    ) -> Option<Cow<'static, str>> {
        let is_translated = matches!(endpoint, Endpoint::Chat | Endpoint::Messages);
        match self {
            Self::OpenAi if is_translated => Some(Endpoint::Chat.path().into()),
            Self::OpenAi => Some(endpoint.path().into()),
            Self::Anthropic if is_translated => Some(Endpoint::Messages.path().into()),
            Self::Gemini if is_translated => Some(gemini::path(model, streamed).into()),
            Self::Anthropic | Self::Gemini => None,
        }
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

impl From<Dialect> for translate::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self::OpenAi,
            Dialect::Anthropic => Self::Anthropic,
            Dialect::Gemini => Self::Gemini,
        }
    }
}

impl From<translate::Dialect> for Dialect {
    fn from(dialect: translate::Dialect) -> Self {
        match dialect {
            translate::Dialect::OpenAi => Self::OpenAi,
            translate::Dialect::Anthropic => Self::Anthropic,
            translate::Dialect::Gemini => Self::Gemini,
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
