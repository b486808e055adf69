//! The ledger without a gateway: fills a file with tokens, has tasks hold and
//! settle on it as fast as it answers, and asks for reports.
//!
//! It opens the store as a node does; what it measures is on disk. One line of
//! JSON says what came of it.

#![expect(clippy::print_stdout, reason = "its result is one line of JSON")]

mod fill;
mod reports;
mod spend;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_store::{Accounts, Actor, Calls, Digest, NewAccount};
use keypurse_store_sqlite::{AuditKey, SqliteOptions, SqliteStore};

#[derive(Debug, Parser)]
struct Options {
    /// The database; made if it is not there
    #[arg(long)]
    file: PathBuf,
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Adds tokens
    Fill(Fill),
    /// Holds and settles
    Spend(Spend),
    /// Adds tokens, and sums of calls they did not make in the last year
    MakeUp(MakeUp),
    /// Asks for reports
    Report {
        /// How often for each
        #[arg(long, default_value_t = 9)]
        times: usize,
    },
}

#[derive(Debug, Args)]
struct Fill {
    /// Number of the first
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many
    #[arg(long)]
    tokens: u64,
}

#[derive(Clone, Copy, Debug, Args)]
struct MakeUp {
    #[arg(long)]
    tokens: u64,
    /// Of all tokens together
    #[arg(long)]
    calls: u64,
}

#[derive(Clone, Copy, Debug, Args)]
struct Spend {
    /// Tokens in the file, numbered from 0
    #[arg(long)]
    of: u64,
    /// How many of them spend, spread evenly
    #[arg(long, default_value_t = 1)]
    tokens: u64,
    /// Tasks, each with one call at a time
    #[arg(long, default_value_t = 64)]
    tasks: u64,
    #[arg(long)]
    seconds: u64,
    /// Ends when so many calls are settled, if that is earlier
    #[arg(long, default_value_t = u64::MAX)]
    pairs: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let file = &options.file;
    match options.work {
        Work::Fill(what) => {
            let store = Arc::new(open(file)?);
            fill::fill(&store, what.first, what.tokens).await?;
            store.close().await?;
        }
        Work::Spend(how) => {
            let store = Arc::new(open(file)?);
            println!("{}", spend::spend_and_close(&store, how).await?);
        }
        Work::MakeUp(what) => reports::make_up(file, what.tokens, what.calls).await?,
        Work::Report { times } => println!("{}", reports::measure(file, times).await?),
    }
    Ok(())
}

fn options(file: &Path) -> SqliteOptions {
    SqliteOptions {
        path: file.to_owned(),
        clock: Arc::new(SystemClock),
        zone: TimeZone::UTC,
        audit_key: audit_key(file),
    }
}

/// The one beside the file, if a gateway serves it too.
fn audit_key(file: &Path) -> AuditKey {
    let beside = std::fs::read(file.with_file_name("audit.key")).unwrap_or_default();
    AuditKey::new(&<[u8; 32]>::try_from(beside).unwrap_or([3; 32]))
}

fn open(file: &Path) -> Result<SqliteStore> {
    SqliteStore::open(&options(file)).with_context(|| format!("cannot open {}", file.display()))
}

/// The file's first account; of an empty file, a new one without a limit.
async fn account(store: &SqliteStore) -> Result<keypurse_core::id::AccountId> {
    if let Some(account) = store.accounts().await?.first() {
        return Ok(account.id);
    }
    let new = NewAccount {
        name: "bench".to_owned(),
        key_digest: digest(u64::MAX),
        pepper: 1,
        credits: None,
        actor: Actor::SYSTEM,
        now: SystemClock.now(),
    };
    Ok(store.create_account(new).await?.id)
}

/// As scattered as an HMAC.
fn digest(number: u64) -> Digest {
    let mut digest = Digest::default();
    for (part, bytes) in (0u64..).zip(digest.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&scattered(number.wrapping_mul(4).wrapping_add(part)).to_be_bytes());
    }
    digest
}

/// The finaliser of splitmix64, a bijection.
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
