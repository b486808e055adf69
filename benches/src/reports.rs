//! Asks for one report or page again and again over one connection, and one line of
//! JSON about how long its answers took: until the first byte, and until the
//! last.

#![expect(clippy::print_stdout, reason = "its result is one line of JSON")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

/// A loop that is told to run for ever is a mistake.
const LONGEST_SECONDS: u64 = 900;

#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    port: u16,
    /// The account's key, for a report
    #[arg(long, required_unless_present = "cookie")]
    secret: Option<String>,
    /// A session's cookie, for a page
    #[arg(long)]
    cookie: Option<String>,
    /// Path and query
    #[arg(long)]
    path: String,
    /// Ends after so many answers
    #[arg(long, default_value_t = u64::MAX)]
    times: u64,
    /// Ends with the answer that is being read then
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// What one answer took.
#[derive(Clone, Copy, Debug)]
struct Took {
    first_byte: Duration,
    last_byte: Duration,
    bytes: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(
        options.seconds <= LONGEST_SECONDS,
        "at most {LONGEST_SECONDS} seconds"
    );
    let mut sender = connect(options.port).await?;
    let (mut took, started) = (Vec::new(), Instant::now());
    while took.len() as u64 != options.times && started.elapsed().as_secs() < options.seconds {
        took.push(ask(&mut sender, &options).await?);
    }
    let millis = |of: fn(&Took) -> Duration| {
        let mut times: Vec<Duration> = took.iter().map(of).collect();
        times.sort_unstable();
        let millis = times.into_iter().map(|time| time.as_secs_f64() * 1e3);
        millis.collect::<Vec<_>>()
    };
    println!(
        "{}",
        json!({
            "ms": millis(|took| took.last_byte),
            "first_byte_ms": millis(|took| took.first_byte),
            "bytes": took.last().map(|took| took.bytes),
        })
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "ends with its sender; there is nothing to settle"
)]
async fn connect(port: u16) -> Result<SendRequest<Empty<Bytes>>> {
    let socket = TcpStream::connect(("127.0.0.1", port))
        .await
        .context("cannot connect")?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::task::spawn(connection);
    Ok(sender)
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, options: &Options) -> Result<Took> {
    let mut request = Request::get(&options.path).header(HOST, "127.0.0.1");
    if let Some(secret) = &options.secret {
        request = request.header(AUTHORIZATION, format!("Bearer {secret}"));
    }
    if let Some(cookie) = &options.cookie {
        // As a browser does.
        request = request.header(COOKIE, cookie);
        request = request.header(ACCEPT_ENCODING, "gzip");
    }
    let request = request.body(Empty::new())?;
    sender.ready().await?;
    let began = Instant::now();
    let answer = sender.send_request(request).await?;
    let first_byte = began.elapsed();
    let status = answer.status();
    let (bytes, end) = read(answer).await?;
    let last_byte = began.elapsed();
    ensure!(status == StatusCode::OK, "{status}: {end}");
    let is_whole = options.cookie.is_some() || end.ends_with("]}");
    ensure!(is_whole, "cut short: {end}");
    Ok(Took {
        first_byte,
        last_byte,
        bytes,
    })
}

/// How long the body was, and how it ended.
async fn read(answer: Response<Incoming>) -> Result<(usize, String)> {
    let mut body = answer.into_body();
    let (mut bytes, mut last) = (0, Bytes::new());
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            bytes += data.len();
            last = data;
        }
    }
    Ok((bytes, String::from_utf8_lossy(&last).into_owned()))
}
