//! What a node counts beside its calls.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keypurse_core::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::gateway::Gateway;

pub(super) const PREFIX: &str = "keypurse";

/// What a node counts.
#[derive(Debug)]
pub struct Metrics {
    pub(super) registry: Registry,
    refusals: Family<RefusalLabels, Counter>,
    dropped_log_lines: Arc<AtomicU64>,
    books: Mutex<Option<BooksAudited>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusalLabels {
    code: &'static str,
}

/// The last time all balances were recomputed from their entries and charges.
#[derive(Clone, Copy, Debug)]
pub struct BooksAudited {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whether a row differed.
    pub differs: bool,
}

impl Metrics {
    /// Counters of this gateway's node; `dropped_log_lines` counts what the
    /// log could not take.
    pub fn new(gateway: &Gateway, dropped_log_lines: Arc<AtomicU64>) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        gateway.meters().register(&mut registry);
        let refusals = Family::default();
        let help = "Calls that were refused, by the code of their error";
        registry.register("refusals", help, refusals.clone());
        Self {
            registry,
            refusals,
            dropped_log_lines,
            books: Mutex::new(None),
        }
    }

    /// A call was refused with this code.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&RefusalLabels { code }).inc();
    }

    /// The books were recomputed.
    pub fn books_audited(&self, audited: BooksAudited) {
        *self.books.lock().unwrap_or_else(PoisonError::into_inner) = Some(audited);
    }

    pub(super) fn last_audit(&self) -> Option<BooksAudited> {
        *self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dropped_log_lines(&self) -> u64 {
        self.dropped_log_lines.load(Ordering::Relaxed)
    }
}
