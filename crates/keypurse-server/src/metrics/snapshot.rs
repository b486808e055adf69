//! What is read when somebody asks: the store, providers, the process.

use std::fmt;
use std::sync::atomic::AtomicU64;

use keypurse_store::{Distributed, HeldNow, WriterVitals};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use super::BooksAudited;
use super::money::in_dollars;
use super::process::Process;
use crate::gateway::ProviderState;

const MICROS_PER_SECOND: f64 = 1e6;

/// Everything that is read at once.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) writer: WriterVitals,
    /// `None`: the ledger did not answer in time.
    pub(super) held: Option<HeldNow>,
    pub(super) providers: Vec<ProviderState>,
    pub(super) drains: usize,
    pub(super) is_draining: bool,
    pub(super) books: Option<BooksAudited>,
    pub(super) dropped_log_lines: u64,
    pub(super) process: Option<Process>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OneProvider {
    provider: String,
}

impl Snapshot {
    /// Ours, and the process's under the names everybody gives them.
    pub(super) fn registries(&self, prefix: &str) -> [Registry; 2] {
        let mut ours = Registry::with_prefix(prefix);
        self.add_ledger(&mut ours);
        self.add_books(&mut ours);
        self.add_providers(&mut ours);
        self.add_node(&mut ours);
        let mut process = Registry::with_prefix("process");
        if let Some(read) = &self.process {
            add_process(&mut process, *read);
        }
        [ours, process]
    }

    fn add_ledger(&self, registry: &mut Registry) {
        let answers = i64::from(self.held.is_some());
        let help = "1: the ledger decides; 0: it did not answer within a quarter of a second";
        registry.register("ledger_up", help, ConstGauge::new(answers));
        if let Some(held) = self.held {
            let help = "Holds of calls under way";
            registry.register("open_holds", help, ConstGauge::new(count(held.holds)));
            let help = "Money set aside for calls under way, in US dollars";
            let dollars = in_dollars(held.money);
            registry.register("held_dollars", help, ConstGauge::new(dollars));
        }
        let writer = &self.writer;
        let help = "Operations that wait for the ledger";
        let waiting = ConstGauge::new(count(writer.waiting));
        registry.register("ledger_queue_depth", help, waiting);
        let help = "Operations that may wait for the ledger";
        let may_wait = ConstGauge::new(count(writer.may_wait));
        registry.register("ledger_queue_capacity", help, may_wait);
        let help = "Operations decided in one transaction";
        let sizes = Told::numbers(&writer.batch_sizes);
        registry.register("ledger_batch_operations", help, sizes);
        let help = "Deciding and writing a transaction, before its commit, in seconds";
        let decide = Told::micros(&writer.decide_micros);
        registry.register("ledger_decide_seconds", help, decide);
        let help = "Committing a transaction, its flush to disk included, in seconds";
        let commit = Told::micros(&writer.commit_micros);
        registry.register("ledger_commit_seconds", help, commit);
        let help = "Writing the log back to the database, in seconds";
        let checkpoint = Told::micros(&writer.checkpoint_micros);
        registry.register("ledger_checkpoint_seconds", help, checkpoint);
        let help = "Transactions that were not written, as on a full disk";
        let failed = ConstCounter::new(writer.failed_batches);
        registry.register("ledger_failed_batches", help, failed);
    }

    fn add_books(&self, registry: &mut Registry) {
        let Some(books) = self.books else { return };
        let help = "1: the last audit beside the calls found a balance that is not its credits \
                    less its charges, or a row that contradicts itself; 0: it found none";
        let drift = ConstGauge::new(i64::from(books.differs));
        registry.register("books_drift", help, drift);
        let help = "When that audit ended, in seconds since 1970";
        let at = ConstGauge::new(books.at.seconds());
        registry.register("books_audited_timestamp_seconds", help, at);
        let help = "How long it took, in seconds";
        let took = ConstGauge::new(books.took.as_secs_f64());
        registry.register("books_audit_duration_seconds", help, took);
    }

    fn add_providers(&self, registry: &mut Registry) {
        let up = Family::<OneProvider, Gauge>::default();
        let failures = Family::<OneProvider, Gauge>::default();
        for state in &self.providers {
            let labels = OneProvider {
                provider: state.name.clone(),
            };
            up.get_or_create(&labels).set(i64::from(!state.is_paused));
            let in_a_row = i64::from(state.failures);
            failures.get_or_create(&labels).set(in_a_row);
        }
        let help = "1: the provider is asked in its turn; 0: it failed and is asked last";
        registry.register("provider_up", help, up);
        let help = "Failures of a provider in a row";
        registry.register("provider_failures", help, failures);
    }

    fn add_node(&self, registry: &mut Registry) {
        let help = "Calls without a client that are read to their end";
        registry.register("drains", help, ConstGauge::new(count(self.drains)));
        let help = "1: the node is about to stop and admits nothing new";
        let draining = ConstGauge::new(i64::from(self.is_draining));
        registry.register("draining", help, draining);
        let help = "Lines the log could not take";
        let dropped = ConstCounter::new(self.dropped_log_lines);
        registry.register("log_lines_dropped", help, dropped);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", build);
    }
}

fn add_process(registry: &mut Registry, process: Process) {
    let help = "Memory in use, in bytes";
    let resident = gauge(process.resident_bytes);
    registry.register("resident_memory_bytes", help, resident);
    let help = "CPU time used, in seconds";
    let cpu = ConstCounter::new(process.cpu_seconds);
    registry.register("cpu_seconds", help, cpu);
    let help = "When the process started, in seconds since 1970";
    let start = ConstGauge::new(process.start_seconds);
    registry.register("start_time_seconds", help, start);
    registry.register("threads", "Threads", gauge(process.threads));
    registry.register("open_fds", "Open files", gauge(process.open_files));
    let help = "Files that may be open";
    registry.register("max_fds", help, gauge(process.may_open));
}

fn gauge(number: u64) -> Gauge<u64, AtomicU64> {
    let gauge = Gauge::<u64, AtomicU64>::default();
    gauge.set(number);
    gauge
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A distribution somebody else counted.
#[derive(Debug)]
struct Told {
    buckets: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

impl Told {
    /// Of numbers without a unit.
    fn numbers(read: &Distributed) -> Self {
        Self::scaled(read, 1.0)
    }

    /// Of microseconds, told in seconds.
    fn micros(read: &Distributed) -> Self {
        Self::scaled(read, MICROS_PER_SECOND)
    }

    #[expect(clippy::cast_precision_loss, reason = "Prometheus has floats alone")]
    fn scaled(read: &Distributed, per_unit: f64) -> Self {
        let bounds = read.bounds.iter().map(|bound| *bound as f64 / per_unit);
        let bounds = bounds.chain([f64::INFINITY]);
        Self {
            buckets: bounds.zip(read.counts.iter().copied()).collect(),
            sum: read.sum as f64 / per_unit,
            count: read.counts.iter().sum(),
        }
    }
}

impl EncodeMetric for Told {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_histogram::<NoLabelSet>(self.sum, self.count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Told {
    const TYPE: MetricType = MetricType::Histogram;
}
