//! What providers' dialects differ in around a body: where a credential
//! stands, and which path leads where.

use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};

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
    pub(in crate::gateway) const fn path(self, endpoint: Endpoint) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some(endpoint.path()),
            Self::Anthropic | Self::Gemini => None,
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
}
