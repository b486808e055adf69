//! Calls, closed or open loop, and one line of JSON about what came of them.
//!
//! Closed: each connection sends its next request when the last answer is
//! whole. Open (`--rate`): requests are due at a constant rate whatever the
//! answers do, and a latency counts from when its request was due.
//!
//! It measures its target, so it judges too: an answer that is not 200, or not
//! whole, is counted as an error, and a run with errors does not count.

#![expect(clippy::print_stdout, reason = "its result is one line of JSON")]

mod client;
mod tally;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Parser;
use tokio::task::JoinSet;

use client::Client;
use tally::Tally;
use turns::Turns;

/// A loop that is told to run for ever is a mistake.
const LONGEST_SECONDS: u64 = 900;

#[derive(Clone, Debug, Parser)]
struct Options {
    #[arg(long)]
    port: u16,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: u64,
    /// Requests per second over all connections; without it a closed loop
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Ends after so many requests, if that is earlier
    #[arg(long, default_value_t = u64::MAX)]
    calls: u64,
    #[arg(long, default_value = "bench/small")]
    model: String,
    #[arg(long, default_value_t = 64)]
    max_tokens: u32,
    /// Bytes of text that are added to each request
    #[arg(long, default_value_t = 0)]
    padding: usize,
    #[arg(long, default_value = "none")]
    secret: String,
    /// A secret per line, each request under the next one
    #[arg(long)]
    secrets: Option<PathBuf>,
    #[arg(long)]
    stream: bool,
}

impl Options {
    fn read_secrets(&self) -> Result<Vec<String>> {
        let Some(file) = &self.secrets else {
            return Ok(vec![self.secret.clone()]);
        };
        let secrets: Vec<_> = std::fs::read_to_string(file)?
            .lines()
            .map(str::to_owned)
            .collect();
        ensure!(!secrets.is_empty(), "no secrets in {}", file.display());
        Ok(secrets)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(
        options.seconds <= LONGEST_SECONDS,
        "at most {LONGEST_SECONDS} seconds"
    );
    let secrets: Arc<[String]> = options.read_secrets()?.into();
    let turns = Turns::start(&options);
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..options.connections {
        let client = Client::new(&options, Arc::clone(&secrets));
        clients.spawn(run(client, Arc::clone(&turns)));
    }
    let mut all = Tally::default();
    while let Some(client) = clients.join_next().await {
        all.add(client??);
    }
    println!("{}", all.report(started.elapsed()));
    Ok(())
}

async fn run(mut client: Client, turns: Arc<Turns>) -> Result<Tally> {
    let mut tally = Tally::default();
    client.connect().await?;
    while let Some(turn) = turns.next().await {
        match client.call(turn.number).await {
            Ok(()) => tally.answered(turn.due.elapsed()),
            Err(error) => {
                tally.failed(&error);
                client.connect().await?;
            }
        }
    }
    Ok(tally)
}
