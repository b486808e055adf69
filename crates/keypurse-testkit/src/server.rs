//! The node's own server on a real loopback port.

use std::sync::Arc;

use axum::Router;
use keypurse_server::http::serve::{Limits, Listener, serve};
use rustls::ServerConfig;
use tokio::net::TcpListener;
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
    pub(crate) async fn start(
        router: Router,
        tls: Option<Arc<ServerConfig>>,
        limits: Limits,
    ) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await;
        let socket = socket.expect("a loopback port is free");
        let address = socket.local_addr().expect("a bound port has an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = Listener {
            socket,
            tls,
            limits,
        };
        let (stopping, connections) = (CancellationToken::new(), TaskTracker::new());
        let (stop, tasks) = (stopping.clone(), connections.clone());
        connections.spawn(async move { serve(listener, router, &tasks, stop).await });
        Self {
            base_url: format!("{scheme}://{address}"),
            stopping,
            connections,
        }
    }

    /// Where it listens: `http://127.0.0.1:<port>`, or `https://`.
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
