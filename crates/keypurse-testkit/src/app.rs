//! The real router over a real store in a folder of its own.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use http::Method;
use jiff::tz::TimeZone;
use keypurse_core::id::CallIds;
use keypurse_core::money::Money;
use keypurse_core::rules::Network;
use keypurse_core::time::Clock;
use keypurse_server::alerts::{Alerting, Reach};
use keypurse_server::dashboard::Dashboard;
use keypurse_server::gateway::{Gateway, GatewayConfig};
use keypurse_server::http::pace::Pace;
use keypurse_server::http::revocations::Revocations;
use keypurse_server::http::serve::Limits;
use keypurse_server::http::sign_ins::RecordedFailures;
use keypurse_server::http::throttle::FailedSignIns;
use keypurse_server::metrics::Metrics;
use keypurse_server::vault::Vault;
use keypurse_server::{AppState, MetricsAccess, Settings, State, Transport, router};
use keypurse_store::{Actor, Calls as _, NewAccount};
use keypurse_store_sqlite::{AuditKey, FinishedCall, SqliteOptions, SqliteStore, finished_calls};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::FakeClock;
use crate::entropy::SeededEntropy;
use crate::faults::{Faults, FaultyStore};
use crate::request::TestRequest;
use crate::server::TestServer;

const TOKENS: &str = "/v2/user/custom_token/";
const AUDIT_KEY: [u8; 32] = [3; 32];
const START: &str = "2026-11-21T12:00:00Z";

/// A node under test, with one account.
#[derive(Debug)]
pub struct TestApp {
    state: AppState,
    router: Router,
    clock: Arc<FakeClock>,
    faults: Arc<Faults>,
    account_key: String,
    directory: TempDir,
}

/// What a test wants different.
#[derive(Debug)]
pub struct TestAppBuilder {
    settings: Settings,
    gateway: Gateway,
    reach: Reach,
    credits: Option<Money>,
}

impl TestAppBuilder {
    /// Never shows a secret a second time.
    #[must_use]
    pub fn without_reveal(mut self) -> Self {
        self.settings.reveal_secrets = false;
        self
    }

    /// Days are those of a zone such as `Europe/Paris`.
    #[must_use]
    pub fn zone(mut self, name: &str) -> Self {
        self.settings.zone = TimeZone::get(name).expect("a test names a known zone");
        self
    }

    /// The account has this much, instead of being unlimited.
    #[must_use]
    pub fn credits(mut self, dollars: &str) -> Self {
        self.credits = Some(Money::parse_text(dollars).expect("a test writes valid money"));
        self
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Calls go through this gateway.
    #[must_use]
    pub fn gateway(mut self, gateway: Gateway) -> Self {
        self.gateway = gateway;
        self
    }

    /// Webhooks may lead to private addresses in these networks.
    #[must_use]
    pub fn private_webhooks(mut self, networks: &[&str]) -> Self {
        let network = |text: &&str| Network::parse(text).expect("a test writes a network");
        self.reach = Reach::and(networks.iter().map(network).collect());
        self
    }

    /// Starts the node.
    pub async fn build(self) -> TestApp {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let credits = self.credits;
        let mut app = self
            .start(directory, Arc::new(FakeClock::at(START)), 1)
            .await;
        app.account_key = app.create_account("main", credits).await;
        app
    }

    /// Starts what the next start would be if another node were killed now: on
    /// a copy of its files, with its clock and keys.
    pub async fn build_after_crash_of(self, killed: &TestApp) -> TestApp {
        let directory = copy_of_files(&killed.directory);
        let mut app = self.start(directory, Arc::clone(&killed.clock), 2).await;
        app.account_key.clone_from(&killed.account_key);
        app
    }

    async fn start(self, directory: TempDir, clock: Arc<FakeClock>, seed: u64) -> TestApp {
        let options = SqliteOptions {
            path: directory.path().join("keypurse.db"),
            clock: clock.clone(),
            zone: self.settings.zone.clone(),
            audit_key: AuditKey::new(&AUDIT_KEY),
        };
        let store = SqliteStore::open(&options).expect("the database opens");
        let faults = Arc::<Faults>::default();
        let store = FaultyStore {
            inner: Arc::new(store),
            faults: faults.clone(),
        };
        let last_call = store.last_call().await.expect("the store reads");
        let state = Arc::new(State {
            store: Arc::new(store),
            vault: Vault::new(&[1; 32], &[2; 32]),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            call_ids: CallIds::after(last_call),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            cut_off: CancellationToken::new(),
            revocations: Revocations::default(),
            failed_sign_ins: FailedSignIns::default(),
            dashboard: Dashboard::default(),
            recorded_failures: RecordedFailures::default(),
            metrics: Metrics::new(&self.gateway, Arc::default()),
            gateway: self.gateway,
            alerting: Alerting::new(self.reach).expect("roots are bundled"),
            settings: self.settings,
        });
        TestApp {
            router: router(state.clone()),
            state,
            clock,
            faults,
            account_key: String::new(),
            directory,
        }
    }
}

fn copy_of_files(of: &TempDir) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary folder");
    for file in ["keypurse.db", "keypurse.db-wal"] {
        let copied = std::fs::copy(of.path().join(file), directory.path().join(file));
        copied.expect("the files can be copied");
    }
    directory
}

/// What a killed process left behind, recovered.
#[derive(Debug)]
pub struct AfterCrash {
    /// The recovered store.
    pub store: SqliteStore,
    directory: TempDir,
}

impl AfterCrash {
    /// Finished calls as the books have them, oldest first.
    pub fn calls(&self) -> Vec<FinishedCall> {
        calls_in(&self.directory)
    }
}

fn calls_in(directory: &TempDir) -> Vec<FinishedCall> {
    finished_calls(&directory.path().join("keypurse.db")).expect("the books can be read")
}

impl TestApp {
    /// A node with an unlimited account, secrets revealed, days in UTC.
    pub async fn new() -> Self {
        Self::builder().build().await
    }

    /// A node with something different.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder {
            settings: Settings {
                reveal_secrets: true,
                zone: TimeZone::UTC,
                max_body_bytes: 32 * 1024 * 1024,
                body_pace: Pace::default(),
                trusts_forwarded_for: false,
                transport: Transport::Plain,
                cors_origins: Vec::new(),
                metrics: MetricsAccess::Key,
                shares_traces: false,
            },
            gateway: Gateway::new(GatewayConfig::default()).expect("an empty gateway"),
            reach: Reach::default(),
            credits: None,
        }
    }

    /// What the handlers see.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// The node's clock.
    pub fn clock(&self) -> &FakeClock {
        &self.clock
    }

    /// What can be broken.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The folder the store writes to.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The key of the node's first account; requests carry it by default.
    pub fn account_key(&self) -> &str {
        &self.account_key
    }

    /// Creates another unlimited account and returns its key.
    pub async fn account(&self, name: &str) -> String {
        self.create_account(name, None).await
    }

    async fn create_account(&self, name: &str, credits: Option<Money>) -> String {
        let key = format!("account-key-of-{name}-{:0>32}", "");
        let new = NewAccount {
            name: name.to_owned(),
            key_digest: self.state.vault.digest(&key),
            pepper: 1,
            credits,
            actor: Actor::SYSTEM,
            now: self.clock.now(),
        };
        let created = self.state.store.create_account(new).await;
        created.expect("a new account is created");
        key
    }

    /// Creates a token of the first account: its name and its secret.
    pub async fn create_token(&self, body: Value) -> (String, String) {
        let answer = self.post(TOKENS).json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let created = answer.json();
        let text = |field: &str| created[field].as_str().expect("a string").to_owned();
        (text("name"), text("token"))
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// A POST request.
    pub fn post(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// A request of any method, with the account's key.
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest::new(self.router.clone(), method, path).key(&self.account_key)
    }

    /// Listens on a loopback port until it is stopped.
    pub async fn serve(&self) -> TestServer {
        self.serve_with(Limits::default()).await
    }

    /// The same, with other limits.
    pub async fn serve_with(&self, limits: Limits) -> TestServer {
        TestServer::start(self.router.clone(), limits).await
    }

    /// What a start would find if the process were killed now: a store recovered
    /// from a copy of the files.
    pub fn after_crash(&self) -> AfterCrash {
        let directory = copy_of_files(&self.directory);
        let path = directory.path().join("keypurse.db");
        let zone = self.state.settings.zone.clone();
        let clock = self.clock.clone();
        let options = SqliteOptions {
            path,
            clock,
            zone,
            audit_key: AuditKey::new(&AUDIT_KEY),
        };
        let store = SqliteStore::open(&options).expect("the copy recovers");
        AfterCrash { store, directory }
    }

    /// Finished calls as the books have them, oldest first.
    pub fn calls(&self) -> Vec<FinishedCall> {
        calls_in(&self.directory)
    }

    /// Waits until every call under way is settled, and on disk.
    pub async fn settled(&self) {
        self.state.tasks.close();
        self.state.tasks.wait().await;
        self.state.tasks.reopen();
        // The writer answers after what it was told before, on a full disk too.
        let _ = self.state.store.held_now().await;
    }

    /// Waits for running work and checks that no money is left set aside.
    pub async fn finish(self) {
        self.state.tasks.close();
        self.state.tasks.wait().await;
        let open = self.state.store.open_holds().await;
        assert_eq!(open.expect("the store counts"), 0, "holds are left open");
        self.state.store.close().await.expect("the store closes");
    }
}
