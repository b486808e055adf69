//! The node's server before a router that writes down what it sees.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use keypurse_server::http::serve::{Limits, Listener, serve};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A server, until it is dropped.
pub(super) struct Seen {
    pub(super) base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    _stopping: DropGuard,
}

impl Seen {
    /// Answers everything with an empty body.
    pub(super) async fn start(limits: Limits) -> Self {
        Self::answering(limits, None, Body::empty).await
    }

    pub(super) async fn answering(
        limits: Limits,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn() -> Body + Clone + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = requests.clone();
        let router = Router::new().fallback(move |request: Request| {
            let (seen, answer) = (seen.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = match body.collect().await {
                    Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                    Err(_) => "(broken)".to_owned(),
                };
                let seen_now = format!("{} {} {body}", head.method, head.uri);
                seen.lock().unwrap().push(seen_now.trim_end().to_owned());
                Response::new(answer())
            }
        });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", socket.local_addr().unwrap());
        let listener = Listener {
            socket,
            tls,
            limits,
        };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let stopping = stop.clone();
        let connections = tasks.clone();
        tasks.spawn(async move { serve(listener, router, &connections, stop).await });
        Self {
            base_url,
            requests,
            _stopping: stopping.drop_guard(),
        }
    }

    /// Every request so far: method, target and body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A body without end, and word of its own end.
pub(super) fn endless() -> (Body, oneshot::Receiver<Infallible>) {
    let (alive, gone) = oneshot::channel();
    let body = Endless { _alive: alive };
    (Body::new(body), gone)
}

struct Endless {
    _alive: oneshot::Sender<Infallible>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static PIECE: [u8; 64 << 10] = [b'x'; 64 << 10];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE)))))
    }
}
