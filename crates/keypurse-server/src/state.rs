//! What every handler has at hand.

use std::sync::Arc;

use jiff::tz::TimeZone;
use keypurse_core::entropy::Entropy;
use keypurse_core::id::CallIds;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alerts::Alerting;
use crate::dashboard::Dashboard;
use crate::gateway::Gateway;
use crate::http::cors::Origin;
use crate::http::pace::Pace;
use crate::http::revocations::Revocations;
use crate::http::sign_ins::RecordedFailures;
use crate::http::throttle::FailedSignIns;
use crate::metrics::Metrics;
use crate::vault::Vault;

/// Shared by all requests; cheap to clone.
pub type AppState = Arc<State>;

/// What every handler has at hand.
#[derive(Debug)]
pub struct State {
    /// Tokens, accounts and the ledger.
    pub store: Arc<dyn Store>,
    /// Digests and sealed secrets.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Ids of calls, which are request ids too.
    pub call_ids: CallIds,
    /// Runs calls to their settlement, whoever hangs up. Shutdown waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when the node begins to drain: new calls get 503.
    pub draining: CancellationToken,
    /// Cancelled when draining took too long: running streams are cut.
    pub cut_off: CancellationToken,
    /// Tells running calls that their token was deleted.
    pub revocations: Revocations,
    /// Addresses that guess secrets.
    pub failed_sign_ins: FailedSignIns,
    /// Which failed sign-ins the audit log tells.
    pub recorded_failures: RecordedFailures,
    /// Providers, prices and the client that reaches them.
    pub gateway: Gateway,
    /// What alerts need: receivers, and who was short of money.
    pub alerting: Alerting,
    /// What the dashboard remembers while the node runs.
    pub dashboard: Dashboard,
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator chose.
    pub settings: Settings,
}

impl State {
    /// The current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What the operator chose for this node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether GET shows secrets (kept sealed); off: shown once.
    pub reveal_secrets: bool,
    /// The zone whose days bound reset periods.
    pub zone: TimeZone,
    /// Largest body of a model call, in bytes.
    pub max_body_bytes: usize,
    /// How fast bodies have to come.
    pub body_pace: Pace,
    /// Whether a proxy in front says in `X-Forwarded-For` who calls.
    pub trusts_forwarded_for: bool,
    /// What lies between a browser and this node.
    pub transport: Transport,
    /// Whose pages may call `/v2` from a browser.
    pub cors_origins: Vec<Origin>,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// Whether calls are part of the traces their clients name, and providers
    /// are told of them.
    pub shares_traces: bool,
}

impl Settings {
    /// The zone's name, for people.
    pub fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }
}

/// What lies between a browser and a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing: it listens on loopback, unencrypted.
    Plain,
    /// The node's own TLS.
    Tls,
    /// A proxy, which does TLS.
    BehindProxy,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Whoever has the first account's key or viewer key.
    #[default]
    Key,
    /// Whoever reaches the port.
    Open,
}
