//! A closed loop on the store: each task holds, settles, and starts again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use keypurse_core::id::{AccountId, CallId};
use keypurse_core::ledger::{HoldRequest, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_core::time::Clock;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{
    CallMeta, CallOutcome, Calls, Credential, Feature, NewHold, Settlement, Tokens,
};
use keypurse_store_sqlite::SqliteStore;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Spend, SystemClock, account, digest};

/// What a call uses, of what it may use.
const USED: TokenCounts = TokenCounts {
    input: 230,
    output: 50,
    ..TokenCounts::NONE
};
const BOUND: (u64, u64) = (1100, 64);

/// What the tasks share.
struct Work {
    store: Arc<SqliteStore>,
    account: AccountId,
    tokens: Vec<TokenUse>,
    price: Arc<Price>,
    next_call: AtomicI64,
    pairs: AtomicU64,
    most_pairs: u64,
    deadline: Instant,
}

/// Its time ends when the store is closed: what was put off is paid for.
pub(crate) async fn spend_and_close(store: &Arc<SqliteStore>, how: Spend) -> Result<Value> {
    let work = Arc::new(Work::prepare(store, how).await?);
    let (started, worked) = (Instant::now(), cpu_time());
    let mut tasks = JoinSet::new();
    for task in 0..how.tasks {
        tasks.spawn(run(Arc::clone(&work), task));
    }
    let mut latencies = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        latencies.extend(ended??);
    }
    store.close().await?;
    let (took, worked) = (started.elapsed(), cpu_time().saturating_sub(worked));
    latencies.sort_unstable();
    let pairs = u64::try_from(latencies.len())?;
    Ok(json!({
        "pairs": pairs,
        "seconds": took.as_secs_f64(),
        "cpu_us": worked.as_micros(),
        "p50_us": percentile(&latencies, 50),
        "p99_us": percentile(&latencies, 99),
    }))
}

impl Work {
    async fn prepare(store: &Arc<SqliteStore>, how: Spend) -> Result<Self> {
        let rate = |nanos| Rate::per_million(Money::from_nanos(nanos)).context("a rate");
        let price = Price::flat(Rates {
            input: rate(500_000_000)?,
            output: rate(1_500_000_000)?,
            ..Rates::default()
        });
        let mut tokens = Vec::new();
        for index in 0..how.tokens {
            // From the middle, so that one alone is neither first nor last.
            tokens.push(token(store, (2 * index + 1) * how.of / (2 * how.tokens)).await?);
        }
        Ok(Self {
            store: Arc::clone(store),
            account: account(store).await?,
            tokens,
            price: Arc::new(price),
            next_call: AtomicI64::new(store.last_call().await?.unwrap_or(0) + 1),
            pairs: AtomicU64::new(0),
            most_pairs: how.pairs,
            deadline: Instant::now() + Duration::from_secs(how.seconds),
        })
    }

    fn is_over(&self) -> bool {
        self.pairs.fetch_add(1, Ordering::Relaxed) >= self.most_pairs
            || Instant::now() >= self.deadline
    }
}

async fn token(store: &SqliteStore, number: u64) -> Result<TokenUse> {
    match store.credential(&digest(number)).await?.as_deref() {
        Some(Credential::Token(found)) => Ok(TokenUse {
            token: found.token,
            secret: found.secret,
        }),
        other => bail!("no token with number {number}: {other:?}"),
    }
}

async fn run(work: Arc<Work>, task: u64) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut turn = usize::try_from(task)?;
    while !work.is_over() {
        let token = work.tokens[turn % work.tokens.len()];
        // Coprime to any round number of tokens: every one has its turn.
        turn += 7919;
        let started = Instant::now();
        pair(&work, token).await?;
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

async fn pair(work: &Work, token: TokenUse) -> Result<()> {
    let ordered = work.next_call.fetch_add(1, Ordering::Relaxed);
    let call = CallId {
        ordered,
        random: !ordered,
    };
    let full = work.price.bound(BOUND.0, BOUND.1).context("a bound")?;
    let request = HoldRequest {
        call,
        account: work.account,
        token: Some(token),
        full,
        least: full,
        first: full,
    };
    let meta = CallMeta {
        provider: Arc::from("bench"),
        model: Arc::from("small"),
        feature: Feature::Chat,
        streamed: false,
        price: Arc::clone(&work.price),
        started_at: SystemClock.now(),
    };
    let claim = None;
    work.store
        .hold(NewHold {
            request,
            meta,
            claim,
        })
        .await?;
    let outcome = CallOutcome::Used {
        cost: work.price.cost(&USED).context("a cost")?,
        counts: USED,
        certainty: Certainty::Reported,
    };
    let settlement = Settlement {
        call,
        outcome,
        status: 200,
        finished_at: SystemClock.now(),
    };
    let charge = work.store.settle(settlement).await?;
    charge.context("the hold was open").map(drop)
}

fn percentile(sorted: &[Duration], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let latency = sorted.get(rank).copied().unwrap_or_default();
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

/// What this process has worked so far, its ended threads too.
fn cpu_time() -> Duration {
    let worked = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(worked).unwrap_or_default()
}
