//! Accepts connections, as many as there may be.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::limits::Limits;

/// Rest after a failed accept: out of file descriptors, most likely.
const ACCEPT_REST: Duration = Duration::from_millis(50);
/// Between two lines of the log that say the same.
const SAID_ONCE: Duration = Duration::from_mins(1);

/// Where to listen and how.
#[derive(Debug)]
pub struct Listener {
    /// Bound already, so that a taken port is noticed before anything starts.
    pub socket: TcpListener,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// What clients may do.
    pub limits: Limits,
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
    let permits = Arc::new(Semaphore::new(listener.limits.connections));
    let acceptor = listener.tls.map(TlsAcceptor::from);
    let mut log = Log::default();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener.socket, &mut log) => accepted,
            () = stop.cancelled() => break,
        };
        // Turned away at once: a client that waits in a queue gives up anyway.
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            log.full(listener.limits.connections);
            continue;
        };
        let connection = Connection {
            router: router.clone(),
            peer,
            limits: listener.limits,
            watcher: graceful.watcher(),
            _permit: permit,
        };
        tasks.spawn(connection.serve(stream, acceptor.clone()));
    }
    drop(listener.socket);
    graceful.shutdown().await;
}

async fn accept(socket: &TcpListener, log: &mut Log) -> (TcpStream, SocketAddr) {
    loop {
        match socket.accept().await.and_then(without_delay) {
            Ok(accepted) => return accepted,
            Err(error) => {
                log.failed(&error);
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

fn without_delay((stream, peer): (TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

/// Says what is wrong, but not thousands of times.
#[derive(Debug, Default)]
struct Log {
    last: Option<Instant>,
}

impl Log {
    fn failed(&mut self, error: &io::Error) {
        if self.may_say() {
            tracing::warn!(%error, "connections cannot be accepted now");
        }
    }

    fn full(&mut self, connections: usize) {
        if self.may_say() {
            tracing::warn!(
                connections,
                "there are as many connections as there may be; others are turned away"
            );
        }
    }

    fn may_say(&mut self) -> bool {
        let now = Instant::now();
        let is_new = self.last.is_none_or(|last| now - last >= SAID_ONCE);
        if is_new {
            self.last = Some(now);
        }
        is_new
    }
}
