//! A closed loop: each connection sends its next request when the last answer
//! is whole, for a set time, and one line of JSON says what came of it.
//!
//! It measures its target, so it judges too: an answer that is not 200, or not
//! whole, is counted as an error, and a run with errors does not count.

#![expect(clippy::print_stdout, reason = "its result is one line of JSON")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A loop that is told to run for ever is a mistake.
const LONGEST_SECONDS: u64 = 60;

#[derive(Clone, Debug, Parser)]
struct Options {
    #[arg(long)]
    port: u16,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: u64,
    #[arg(long, default_value = "bench/small")]
    model: String,
    #[arg(long, default_value = "none")]
    secret: String,
    #[arg(long)]
    stream: bool,
}

#[derive(Debug, Default)]
struct Tally {
    /// Of every whole answer.
    latencies: Vec<Duration>,
    errors: u64,
    /// What the first error said.
    first_error: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(
        options.seconds <= LONGEST_SECONDS,
        "at most {LONGEST_SECONDS} seconds"
    );
    let started = Instant::now();
    let deadline = started + Duration::from_secs(options.seconds);
    let mut clients = JoinSet::new();
    for _ in 0..options.connections {
        clients.spawn(run(options.clone(), deadline));
    }
    let mut all = Tally::default();
    while let Some(client) = clients.join_next().await {
        all.add(client??);
    }
    println!("{}", all.report(started.elapsed()));
    Ok(())
}

async fn run(options: Options, deadline: Instant) -> Result<Tally> {
    let body = Bytes::from(request_body(&options));
    let mut sender = connect(options.port).await?;
    let mut tally = Tally::default();
    while Instant::now() < deadline {
        let sent = Instant::now();
        match call(&mut sender, &options, body.clone()).await {
            Ok(()) => tally.latencies.push(sent.elapsed()),
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert(format!("{error:#}"));
                sender = connect(options.port).await?;
            }
        }
    }
    Ok(tally)
}

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>> {
    let socket = TcpStream::connect(("127.0.0.1", port))
        .await
        .context("cannot connect")?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    drive(connection);
    Ok(sender)
}

#[expect(
    clippy::disallowed_methods,
    reason = "ends with its sender; there is nothing to settle"
)]
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    tokio::task::spawn(connection);
}

/// About 1.1 KB, as a short conversation is.
fn request_body(options: &Options) -> String {
    let mut body = json!({
        "model": options.model,
        "messages": [
            {"role": "system", "content": "You answer in one short paragraph. ".repeat(8)},
            {"role": "user", "content": "Say which of these words come twice. ".repeat(17)},
        ],
        "max_tokens": 64,
        "temperature": 0.2,
    });
    if options.stream {
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
    }
    body.to_string()
}

async fn call(sender: &mut SendRequest<Full<Bytes>>, options: &Options, body: Bytes) -> Result<()> {
    sender.ready().await?;
    let request = Request::post("/v1/chat/completions")
        .header(HOST, "127.0.0.1")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, format!("Bearer {}", options.secret))
        .body(Full::new(body))?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = || String::from_utf8_lossy(&body);
    ensure!(head.status == StatusCode::OK, "{}: {}", head.status, text());
    let end: &[u8] = if options.stream {
        b"data: [DONE]\n\n"
    } else {
        b"}"
    };
    ensure!(body.ends_with(end), "cut short: {}", text());
    Ok(())
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    fn report(mut self, took: Duration) -> serde_json::Value {
        self.latencies.sort_unstable();
        json!({
            "calls": self.latencies.len(),
            "errors": self.errors,
            "first_error": self.first_error,
            "seconds": took.as_secs_f64(),
            "p50_us": self.percentile(50),
            "p99_us": self.percentile(99),
        })
    }

    /// The latency that `percent` of the answers did not exceed.
    fn percentile(&self, percent: usize) -> u64 {
        let rank = (self.latencies.len() * percent)
            .div_ceil(100)
            .saturating_sub(1);
        let latency = self.latencies.get(rank).copied().unwrap_or_default();
        u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
    }
}
