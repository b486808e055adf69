//! Listens, and hands each request to the router.
//!
//! Not `axum::serve`: that has no header-read timeout and leaves Nagle's
//! algorithm on, which stalls streamed answers by 40 ms.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::http::peer::PeerAddr;

const MAX_CONNECTIONS: usize = 4096;
/// From a connection's last answer to the end of its next request's headers;
/// longer than SDKs keep idle connections, so that none is cut when reused.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 32 << 10;
const MAX_H2_STREAMS: u32 = 100;
const MAX_H2_HEADER_BYTES: u32 = 16 << 10;
/// Rest after a failed accept: out of file descriptors, most likely.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Where to listen and how.
#[derive(Debug)]
pub struct Listener {
    /// Bound already, so that a taken port is noticed before anything starts.
    pub socket: TcpListener,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
}

/// Serves until `stop`, then lets every connection finish its request.
/// Whoever calls decides how long to wait for that.
pub async fn serve(
    listener: Listener,
    router: Router,
    tasks: &TaskTracker,
    stop: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let acceptor = listener.tls.map(TlsAcceptor::from);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener.socket) => accepted,
            () = stop.cancelled() => break,
        };
        // Beyond the limit a client is turned away at once instead of waiting.
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            continue;
        };
        let connection = Connection {
            router: router.clone(),
            peer,
            watcher: graceful.watcher(),
            _permit: permit,
        };
        let acceptor = acceptor.clone();
        tasks.spawn(async move {
            match acceptor {
                None => connection.http1(stream).await,
                Some(acceptor) => connection.tls(acceptor, stream).await,
            }
        });
    }
    drop(listener.socket);
    graceful.shutdown().await;
}

async fn accept(socket: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match socket.accept().await.and_then(without_delay) {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

fn without_delay((stream, peer): (TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

struct Connection {
    router: Router,
    peer: SocketAddr,
    watcher: hyper_util::server::graceful::Watcher,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn tls(self, acceptor: TlsAcceptor, stream: TcpStream) {
        let handshake = tokio::time::timeout(TLS_TIMEOUT, acceptor.accept(stream)).await;
        let Ok(Ok(stream)) = handshake else { return };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream).await;
        } else {
            self.http1(stream).await;
        }
    }

    async fn http1(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(|request| answer(self.router.clone(), self.peer, request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        log_end(self.watcher.watch(connection).await, self.peer);
    }

    async fn http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(|request| answer(self.router.clone(), self.peer, request));
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_H2_STREAMS)
            .max_header_list_size(MAX_H2_HEADER_BYTES)
            .keep_alive_interval(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        log_end(self.watcher.watch(connection).await, self.peer);
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<axum::response::Response, std::convert::Infallible> {
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
