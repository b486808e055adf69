//! The node's own server on a real loopback port.

use axum::Router;
use keypurse_server::http::serve::{Limits, Listener, serve};
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
    pub(crate) async fn start(router: Router, limits: Limits) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await;
        let socket = socket.expect("a loopback port is free");
        let address = socket.local_addr().expect("a bound port has an address");
        let listener = Listener {
            socket,
            tls: None,
            limits,
        };
        let (stopping, connections) = (CancellationToken::new(), TaskTracker::new());
        let (stop, tasks) = (stopping.clone(), connections.clone());
        connections.spawn(async move { serve(listener, router, &tasks, stop).await });
        Self {
            base_url: format!("http://{address}"),
            stopping,
            connections,
        }
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
