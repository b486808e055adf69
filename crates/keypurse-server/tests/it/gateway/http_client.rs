//! A client over a real connection, for what only a socket shows.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

/// One connection that is kept open.
pub(super) struct Client {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub(super) async fn connect(base_url: &str) -> Self {
        let host = base_url.strip_prefix("http://").unwrap().to_owned();
        let stream = TcpStream::connect(&host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        // Ends when this client is dropped.
        TaskTracker::new().spawn(connection);
        Self { host, sender }
    }

    /// Posts and leaves the body to be read.
    pub(super) async fn open(&mut self, path: &str, secret: &str, body: &Value) -> (u16, Incoming) {
        let request = Request::post(path)
            .header("host", &self.host)
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        (response.status().as_u16(), response.into_body())
    }

    /// Posts and waits for the whole answer.
    pub(super) async fn post(&mut self, path: &str, secret: &str, body: &Value) -> (u16, String) {
        let (status, body) = self.open(path, secret, body).await;
        let bytes = body.collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}
