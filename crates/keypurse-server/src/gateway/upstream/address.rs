//! Where an upstream's endpoints are, and what every call to them carries.

use std::fmt;

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Uri};

use super::dialect::Api;
use crate::gateway::config::{Dialect, GatewayConfigError, HttpUpstream, ProviderKey};
use crate::gateway::endpoint::kind::Endpoint;

/// An upstream, ready to be called.
pub(in crate::gateway) struct Upstream {
    base: Base,
    pub(in crate::gateway) api: Api,
    /// Where each endpoint's calls go, in the order of [`Endpoint::ALL`], unless
    /// the model is part of it.
    urls: [Option<Uri>; Endpoint::ALL.len()],
    /// What every call carries: the credential, and what its dialect wants.
    pub(in crate::gateway) headers: Vec<(HeaderName, HeaderValue)>,
    /// To recognise it in an answer, which must not show it.
    pub(in crate::gateway) key: Option<ProviderKey>,
}

impl Upstream {
    pub(super) fn new(name: &str, config: &HttpUpstream) -> Result<Self, GatewayConfigError> {
        let base = Base::parse(&config.base_url);
        let mut base = base.ok_or_else(|| GatewayConfigError::BaseUrl(name.to_owned()))?;
        let dialect = config.dialect;
        base.path += dialect.missing_version(&base.path);
        let headers = dialect.headers(config.api_key.as_ref());
        let api = Api {
            dialect,
            has_responses: config.has_responses,
            wants_reasoning: config.wants_reasoning,
        };
        let url = |endpoint| base.join(&api.path(endpoint, "", false)?);
        Ok(Self {
            urls: Endpoint::ALL.map(url),
            headers: headers.map_err(|_| GatewayConfigError::ApiKey(name.to_owned()))?,
            key: config.api_key.clone(),
            base,
            api,
        })
    }

    /// Where a call goes. `None`: the provider has no such endpoint.
    pub(in crate::gateway) fn url(
        &self,
        endpoint: Endpoint,
        model: &str,
        streamed: bool,
    ) -> Option<Uri> {
        if self.api.dialect == Dialect::Gemini {
            let path = self.api.path(endpoint, model, streamed)?;
            return self.base.join(&path);
        }
        self.urls[endpoint as usize].clone()
    }

    /// Where something an endpoint keeps is. `None`: nothing is kept of what is
    /// translated.
    pub(in crate::gateway) fn url_below(&self, endpoint: Endpoint, rest: &str) -> Option<Uri> {
        if self.api.translates(endpoint) {
            return None;
        }
        let path = self.api.path(endpoint, "", false)?;
        self.base.join(&format!("{path}/{rest}"))
    }
}

/// A base URL, up to and including the version.
#[derive(Debug)]
struct Base {
    parts: http::uri::Parts,
    path: String,
}

impl Base {
    fn parse(base: &str) -> Option<Self> {
        let mut parts = base.trim().parse::<Uri>().ok()?.into_parts();
        let is_web = parts
            .scheme
            .as_ref()
            .is_some_and(|s| *s == Scheme::HTTP || *s == Scheme::HTTPS);
        let is_plain = parts
            .authority
            .as_ref()
            .is_some_and(|host| !host.as_str().contains('@'));
        let path = parts.path_and_query.take();
        let path = path.as_ref().map_or("/", PathAndQuery::as_str);
        if !is_web || !is_plain || path.contains('?') {
            return None;
        }
        let path = path.trim_end_matches('/').to_owned();
        Some(Self { parts, path })
    }

    fn join(&self, rest: &str) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme.clone_from(&self.parts.scheme);
        parts.authority.clone_from(&self.parts.authority);
        parts.path_and_query = Some(format!("{}/{rest}", self.path).parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Its headers carry the credential.
impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}", self.api.dialect, self.base.join(""))
    }
}

#[cfg(test)]
mod tests {
    use super::Base;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn h12_any_text_is_refused_as_a_base_url_or_leads_where_it_says(
            text in "(https?:)?/{0,3}[a-z0-9@:.\\[\\]%-]{0,12}[/?#\\\\ -~\u{e4}]{0,12}"
        ) {
            let url = Base::parse(&text).and_then(|base| base.join("chat/completions"));
            if let Some(url) = url {
                let authority = url.authority().map_or("", |it| it.as_str());
                prop_assert!(text.trim().contains(authority) && !authority.contains('@'));
                prop_assert!(url.path().ends_with("/chat/completions"), "{}", url);
                prop_assert_eq!(url.query(), None);
            }
        }
    }

    #[test]
    fn a_base_url_is_plain_and_carries_no_credential() {
        for (base, expected) in [
            (
                "https://api.openai.com/v1",
                Some("https://api.openai.com/v1/chat/completions"),
            ),
            (
                "http://127.0.0.1:8080/",
                Some("http://127.0.0.1:8080/chat/completions"),
            ),
            (
                "http://[::1]:8080",
                Some("http://[::1]:8080/chat/completions"),
            ),
            ("https://user:secret@host/v1", None),
            ("https://host/v1?key=secret", None),
            ("ftp://host/v1", None),
            ("host/v1", None),
            ("", None),
        ] {
            let url = Base::parse(base).and_then(|base| base.join("chat/completions"));
            let url = url.map(|url| url.to_string());
            assert_eq!(url.as_deref(), expected, "{base}");
        }
    }
}
