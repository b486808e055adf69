//! What every handler of a node has at hand, put together.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use keypurse_core::id::CallIds;
use keypurse_core::time::Clock;
use keypurse_server::alerts::Alerting;
use keypurse_server::dashboard::Dashboard;
use keypurse_server::gateway::Gateway;
use keypurse_server::http::revocations::Revocations;
use keypurse_server::http::sign_ins::RecordedFailures;
use keypurse_server::http::throttle::FailedSignIns;
use keypurse_server::metrics::Metrics;
use keypurse_server::vault::Vault;
use keypurse_server::{AppState, Settings, State};
use keypurse_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::system::FetchedEntropy;

/// What differs from node to node.
pub(super) struct Parts {
    pub(super) vault: Vault,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Arc<dyn Store>,
    pub(super) gateway: Gateway,
    pub(super) alerting: Alerting,
    pub(super) settings: Settings,
    /// Counts lines of the log that nobody took.
    pub(super) dropped_log_lines: Arc<AtomicU64>,
}

pub(super) async fn state(parts: Parts) -> Result<AppState, StoreError> {
    Ok(Arc::new(State {
        vault: parts.vault,
        clock: parts.clock,
        entropy: Arc::new(FetchedEntropy::new()),
        call_ids: CallIds::after(parts.store.last_call().await?),
        store: parts.store,
        tasks: TaskTracker::new(),
        draining: CancellationToken::new(),
        cut_off: CancellationToken::new(),
        revocations: Revocations::default(),
        failed_sign_ins: FailedSignIns::default(),
        dashboard: Dashboard::default(),
        recorded_failures: RecordedFailures::default(),
        metrics: Metrics::new(&parts.gateway, parts.dropped_log_lines),
        gateway: parts.gateway,
        alerting: parts.alerting,
        settings: parts.settings,
    }))
}
