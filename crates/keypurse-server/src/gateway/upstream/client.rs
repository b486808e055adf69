//! The client that reaches upstreams: no redirects, no proxies, no delays.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::gateway::endpoint::splice::Pieces;
use crate::http::client_tls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than most servers keep idle connections, so that we rarely write
/// into one they are closing.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 256;
/// Bounds what one stalled stream keeps in memory, and a block of headers.
const READ_BUFFER: usize = 64 * 1024;

pub(in crate::gateway) type UpstreamClient = Client<HttpsConnector<HttpConnector>, RequestBody>;

/// A client with Mozilla's roots and the machine's own.
pub(in crate::gateway) fn client() -> Result<UpstreamClient, rustls::Error> {
    let mut connector = HttpConnector::new();
    // Without it a small write waits 40 ms for the other side's ACK.
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(client_tls::config()?)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector);
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .http1_max_buf_size(READ_BUFFER)
        .build(connector);
    Ok(client)
}

/// A request's body, which stays here when its token was deleted while the
/// call waited for a connection.
#[derive(Debug)]
pub(in crate::gateway) struct RequestBody {
    left: Pieces,
    /// Nobody asks any more once it has begun to leave.
    revoked: Option<CancellationToken>,
}

/// The token was deleted before the call left.
#[derive(Debug, Error)]
#[error("the token was deleted before the call left")]
pub(in crate::gateway) struct RevokedBeforeSending;

impl RequestBody {
    /// Of a request that has none.
    pub(in crate::gateway) fn empty() -> Self {
        Self {
            left: Pieces::default(),
            revoked: None,
        }
    }

    pub(in crate::gateway) fn new(body: Pieces, revoked: Option<CancellationToken>) -> Self {
        Self {
            left: body,
            revoked,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RevokedBeforeSending;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RevokedBeforeSending>>> {
        let revoked = self.revoked.take();
        if revoked.is_some_and(|revoked| revoked.is_cancelled()) {
            return Poll::Ready(Some(Err(RevokedBeforeSending)));
        }
        Poll::Ready(self.left.take_first().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.left.length();
        SizeHint::with_exact(u64::try_from(length).expect("a body fits in u64"))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tokio_util::sync::CancellationToken;

    use super::RequestBody;

    #[tokio::test]
    async fn l11_a_call_that_waited_for_its_connection_does_not_leave_after_a_deletion() {
        let revoked = CancellationToken::new();
        let waiting = RequestBody::new(Bytes::from_static(b"{}").into(), Some(revoked.clone()));
        let in_time = RequestBody::new(Bytes::from_static(b"{}").into(), Some(revoked.clone()));
        assert_eq!(in_time.collect().await.unwrap().to_bytes(), "{}");
        revoked.cancel();
        assert!(waiting.collect().await.is_err());
    }
}
