//! A node that runs somewhere, over HTTP: no redirects, no proxies.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keypurse_server::http::client_tls;

use crate::hint::Hint;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The longest report takes much less.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// A running node's address.
#[derive(Debug)]
pub(crate) struct HttpNode {
    base: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpNode {
    /// The node at an address such as `https://keys.example.com`.
    pub(crate) fn at(url: &str) -> anyhow::Result<Self> {
        let base = parse(url).with_context(|| Hint("write it like http://127.0.0.1:8787".into()));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_LIMIT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(client_tls::config()?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(connector);
        Ok(Self {
            base: base.with_context(|| format!("`{url}` is no address of a server"))?,
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// Whether keys travel where others could read them.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        let host = self.base.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
        self.base.scheme() == Some(&Scheme::HTTP)
            && host != "localhost"
            && !host.parse().is_ok_and(is_loopback)
    }

    /// Sends a request whose URI is a path here, and waits for the answer.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        *request.uri_mut() = self.beneath(request.uri())?;
        let exchange = tokio::time::timeout(ANSWER_LIMIT, self.exchange(request));
        exchange.await.unwrap_or_else(|_| {
            let hint = Hint("look into the server's log, then try again".to_owned());
            let late = format!("{} did not answer within {ANSWER_LIMIT:?}", self.base);
            Err(anyhow::Error::new(hint).context(late))
        })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let response = self.client.request(request).await;
        let (parts, body) = response
            .map_err(|error| self.unreachable(&error))?
            .into_parts();
        let body = body.collect().await.context("the answer was cut off")?;
        Ok((parts.status, body.to_bytes()))
    }

    /// The path of a request beneath the node's own.
    fn beneath(&self, path: &Uri) -> anyhow::Result<Uri> {
        let mut parts = self.base.clone().into_parts();
        let prefix = self.base.path().trim_end_matches('/');
        let path = path.path_and_query().map_or("/", PathAndQuery::as_str);
        parts.path_and_query = Some(PathAndQuery::try_from(format!("{prefix}{path}"))?);
        Ok(Uri::from_parts(parts)?)
    }

    fn unreachable(&self, error: &hyper_util::client::legacy::Error) -> anyhow::Error {
        let hint = "start it with `keypurse serve`, name its address with --url, or work on the data \
                    directory itself with `--data-dir keypurse-data`";
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        anyhow::Error::new(Hint(hint.to_owned()))
            .context(cause.to_string())
            .context(format!("there is no server at {}", self.base))
    }
}

fn parse(url: &str) -> anyhow::Result<Uri> {
    let uri: Uri = url.parse()?;
    if !uri
        .scheme()
        .is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)
    {
        bail!("it has to start with http:// or https://");
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        bail!("the key does not belong into the address");
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::HttpNode;

    #[test]
    fn an_address_may_have_a_path_of_its_own() {
        for (url, expected) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787/v2/x?a=b"),
            (
                "https://example.com/keys/",
                "https://example.com/keys/v2/x?a=b",
            ),
        ] {
            let node = HttpNode::at(url).unwrap();
            let path = "/v2/x?a=b".parse().unwrap();
            assert_eq!(node.beneath(&path).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "127.0.0.1:8787",
            "ftp://a",
            "",
            "http://key@host",
            "http://",
        ] {
            let error = format!("{:#}", HttpNode::at(url).unwrap_err());
            assert!(
                error.contains("is no address of a server"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn keys_are_in_the_clear_off_this_machine_without_tls() {
        for (url, expected) in [
            ("http://127.0.0.1:8787", false),
            ("http://[::1]:8787", false),
            ("http://localhost:1", false),
            ("https://example.com", false),
            ("http://example.com", true),
            ("http://10.0.0.1", true),
        ] {
            assert_eq!(
                HttpNode::at(url).unwrap().is_in_the_clear(),
                expected,
                "{url}"
            );
        }
    }
}
