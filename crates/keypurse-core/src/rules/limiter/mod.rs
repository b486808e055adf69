//! How much a token may do at once and per minute.
//!
//! A limit per minute is a bucket that holds a minute's worth and empties
//! evenly (the generic cell rate algorithm, as the continuous-state leaky
//! bucket of ITU-T I.371): the whole minute's worth may come at once, then as
//! much as has run out. So any stretch of time has at most what flows out in
//! it and one bucket more: in a single minute twice the limit, in an hour 61
//! times.
//!
//! Exact: a bucket counts in the 60 millionth part of a request, `limit` of
//! which run out in a microsecond.

use std::num::NonZeroU32;

use crate::time::Timestamp;

/// The highest [`Limits::requests_per_minute`].
pub const MAX_REQUESTS_PER_MINUTE: u32 = 1_000_000;
/// The highest [`Limits::tokens_per_minute`].
pub const MAX_TOKENS_PER_MINUTE: u32 = 1_000_000_000;
/// The highest [`Limits::max_concurrency`].
pub const MAX_CONCURRENCY: u32 = 100_000;

/// A minute in microseconds, and the parts that a request is counted in.
const MINUTE: u128 = 60_000_000;
const SECOND: u128 = 1_000_000;
/// When a call under way ends, nobody knows.
const CALL_WAIT: u128 = SECOND;

/// A token's limits; `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many calls may begin.
    pub requests_per_minute: Option<NonZeroU32>,
    /// How many input and output tokens may be used. A call is admitted while
    /// one is left, and counted when it is over.
    pub tokens_per_minute: Option<NonZeroU32>,
    /// How many calls may be under way.
    pub max_concurrency: Option<NonZeroU32>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::max_concurrency`].
    Concurrency,
    /// [`Limits::requests_per_minute`].
    Requests,
    /// [`Limits::tokens_per_minute`].
    Tokens,
}

/// Why a call is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The limit that takes longest to have room.
    pub limit: Limit,
    /// What it allows.
    pub allowed: NonZeroU32,
    /// Until it has room, in microseconds: exact for limits per minute, a guess
    /// for calls under way.
    wait: u128,
}

impl Exceeded {
    /// Whole seconds after which it has room, at least 1.
    pub fn retry_after_seconds(&self) -> i64 {
        i64::try_from(self.wait.div_ceil(SECOND)).unwrap_or(i64::MAX)
    }
}

/// What a token has done lately. Forgetting it when it is
/// [idle](Load::is_idle) changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    running: u32,
    requests: Bucket,
    tokens: Bucket,
}

impl Load {
    /// Counts one call in, or says what it would exceed and counts nothing.
    pub fn admit(&mut self, limits: &Limits, now: Timestamp) -> Result<(), Exceeded> {
        self.requests.follow(limits.requests_per_minute, now);
        self.tokens.follow(limits.tokens_per_minute, now);
        let crowded = limits
            .max_concurrency
            .filter(|most| self.running >= most.get())
            .map(|most| (Limit::Concurrency, most, CALL_WAIT));
        let requests = self
            .requests
            .wait()
            .map(|(allowed, wait)| (Limit::Requests, allowed, wait));
        let tokens = self
            .tokens
            .wait()
            .map(|(allowed, wait)| (Limit::Tokens, allowed, wait));
        let exceeded = [tokens, requests, crowded].into_iter().flatten();
        if let Some((limit, allowed, wait)) = exceeded.max_by_key(|(_, _, wait)| *wait) {
            return Err(Exceeded {
                limit,
                allowed,
                wait,
            });
        }
        self.running += 1;
        self.requests.fill(1);
        Ok(())
    }

    /// Counts what a call has used. Beyond the limit it is made up for later.
    pub fn count_tokens(&mut self, tokens: u64, now: Timestamp) {
        self.tokens.empty(now);
        self.tokens.fill(tokens);
    }

    /// A call that was admitted is over.
    pub fn finish(&mut self) {
        assert!(self.running > 0, "a call finishes once, after it began");
        self.running -= 1;
    }

    /// Whether nothing is under way and every bucket is empty.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        let is_empty = |mut bucket: Bucket| {
            bucket.empty(now);
            bucket.level == 0
        };
        self.running == 0 && is_empty(self.requests) && is_empty(self.tokens)
    }
}

/// What one limit per minute has taken and not yet let go.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// In the 60 millionth part of a request or a token.
    level: u128,
    /// When the level was this.
    at: Timestamp,
    limit: Option<NonZeroU32>,
}

impl Bucket {
    /// Has this limit from now on. Without one nothing is counted.
    fn follow(&mut self, limit: Option<NonZeroU32>, now: Timestamp) {
        self.empty(now);
        self.limit = limit;
        if limit.is_none() {
            self.level = 0;
        }
    }

    /// Lets go what has run out until now. A clock that was set back starts
    /// anew from there.
    fn empty(&mut self, now: Timestamp) {
        let passed = now.micros().saturating_sub(self.at.micros());
        let passed = u128::try_from(passed).unwrap_or(0);
        let rate = self.limit.map_or(0, NonZeroU32::get);
        self.level = self.level.saturating_sub(passed * u128::from(rate));
        self.at = now;
    }

    /// How long, in microseconds, until it has room for one more.
    fn wait(&self) -> Option<(NonZeroU32, u128)> {
        let limit = self.limit?;
        let rate = u128::from(limit.get());
        let over = (self.level + MINUTE).checked_sub(rate * MINUTE)?;
        (over > 0).then(|| (limit, over.div_ceil(rate)))
    }

    fn fill(&mut self, count: u64) {
        if self.limit.is_some() {
            self.level += u128::from(count) * MINUTE;
        }
    }
}

#[cfg(test)]
mod tests;
