//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::head_timer::HeadTimer;
use super::limits::Limits;
use super::socket::{Arrivals, Socket};
use super::streams::{Streams, Watched};
use crate::http::peer::PeerAddr;

const MAX_HEADER_BYTES: usize = 32 << 10;
/// Of a body that is read at once, and of an answer that waits for its client.
const MAX_BUFFER_BYTES: usize = 128 << 10;
const MAX_H2_STREAMS: u32 = 100;
const MAX_H2_HEADER_BYTES: u32 = 16 << 10;

pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    pub(super) watcher: Watcher,
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) async fn serve(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        let arrivals = Arrivals::default();
        let socket = Socket::new(stream, self.limits.write_stall, arrivals.clone());
        match acceptor {
            None => self.http1(socket, arrivals).await,
            Some(acceptor) => self.tls(acceptor, socket, arrivals).await,
        }
    }

    async fn tls(self, acceptor: TlsAcceptor, socket: Socket, arrivals: Arrivals) {
        let handshake = tokio::time::timeout(self.limits.head, acceptor.accept(socket)).await;
        let Ok(Ok(stream)) = handshake else { return };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream).await;
        } else {
            self.http1(stream, arrivals).await;
        }
    }

    async fn http1(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        arrivals: Arrivals,
    ) {
        let service = service_fn(|request| answer(self.router.clone(), self.peer, request));
        // It takes 100 headers by itself; told so, it allocates room for them.
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(HeadTimer::new(self.limits.head, arrivals))
            .header_read_timeout(self.limits.idle)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        log_end(self.watcher.watch(connection).await, self.peer);
    }

    async fn http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let streams = Arc::new(Streams::new(self.limits));
        let service = service_fn(|request| {
            let stream = Streams::begin(&streams);
            let answer = answer(self.router.clone(), self.peer, request);
            async move {
                let Ok(answer) = answer.await;
                Ok::<_, Infallible>(answer.map(|body| Watched::new(body, stream)))
            }
        });
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_H2_STREAMS)
            .max_header_list_size(MAX_H2_HEADER_BYTES)
            .keep_alive_interval(self.limits.idle)
            .serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            ended = self.watcher.watch(connection) => log_end(ended, self.peer),
            () = streams.overdue() => {
                tracing::debug!(peer = %self.peer, "a connection kept us waiting too long");
            }
        }
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddr(peer));
    router.oneshot(request).await
}

/// A client that leaves or sends junk is no event; a log full of them would
/// be an attack.
fn log_end(ended: Result<(), hyper::Error>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
