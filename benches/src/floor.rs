//! The least a gateway on this stack can cost: axum in front, hyper-util's
//! client behind, bodies passed through as they come, nothing looked at.
//!
//! It keeps no books, knows no secret and answers 502 when the upstream fails.

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, uri};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use clap::Parser;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    port: u16,
    #[arg(long)]
    upstream_port: u16,
}

#[derive(Clone, Debug)]
struct Floor {
    client: Client<HttpConnector, Body>,
    upstream: uri::Authority,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let floor = Floor {
        client: Client::builder(TokioExecutor::new()).build(connector),
        upstream: format!("127.0.0.1:{}", options.upstream_port).parse()?,
    };
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    // A socket that keeps Nagle on is slower, not broken.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let serving = axum::serve(listener, Router::new().fallback(relay).with_state(floor));
    let mut asked_to_stop = signal(SignalKind::terminate())?;
    // Ends as a program does that has something to write when it ends.
    tokio::select! {
        served = serving.into_future() => served?,
        _ = asked_to_stop.recv() => {}
    }
    Ok(())
}

async fn relay(State(floor): State<Floor>, mut request: Request) -> Response {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(uri::Scheme::HTTP);
    parts.authority = Some(floor.upstream);
    let Ok(target) = Uri::from_parts(parts) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = target;
    match floor.client.request(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
