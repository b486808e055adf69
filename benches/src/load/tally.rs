//! What came of the requests.

use std::time::Duration;

use serde_json::json;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Of every whole answer.
    latencies: Vec<Duration>,
    errors: u64,
    /// What the first error said.
    first_error: Option<String>,
}

impl Tally {
    pub(crate) fn answered(&mut self, after: Duration) {
        self.latencies.push(after);
    }

    pub(crate) fn failed(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert(format!("{error:#}"));
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    pub(crate) fn report(mut self, took: Duration) -> serde_json::Value {
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
