//! The router on a real loopback port.

use axum::Router;
use axum::extract::Extension;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use keypurse_server::http::peer::PeerAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A node that listens. Dropped without [`TestServer::stop`], it stops
/// listening, and connections end with the test's runtime.
#[derive(Debug)]
pub struct TestServer {
    base_url: String,
    stopping: CancellationToken,
    connections: TaskTracker,
}

impl TestServer {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let server = Self {
            base_url: format!("http://{address}"),
            stopping: CancellationToken::new(),
            connections: TaskTracker::new(),
        };
        let accepting = accept(
            listener,
            router,
            server.stopping.clone(),
            server.connections.clone(),
        );
        server.connections.spawn(accepting);
        server
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops listening, lets running requests finish, and waits for them.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    stopping: CancellationToken,
    connections: TaskTracker,
) {
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        let Ok((stream, peer)) = accepted else {
            continue;
        };
        let router = router.clone().layer(Extension(PeerAddr(peer)));
        connections.spawn(serve(stream, router, stopping.clone()));
    }
}

async fn serve(stream: TcpStream, router: Router, stopping: CancellationToken) {
    // Nagle's algorithm would hold small chunks of a stream back for 40 ms.
    stream
        .set_nodelay(true)
        .expect("a new connection takes options");
    let builder = Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    if stopping
        .run_until_cancelled(connection.as_mut())
        .await
        .is_none()
    {
        connection.as_mut().graceful_shutdown();
        // A client that has gone is no failure of the server.
        drop(connection.await);
    }
}
