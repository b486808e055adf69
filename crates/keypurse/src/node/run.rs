//! Start, serve, drain.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_server::alerts::Alerting;
use keypurse_server::background::alerts;
use keypurse_server::gateway::{Gateway, GatewayConfig};
use keypurse_server::http::serve::{Limits, Listener, serve};
use keypurse_server::vault::Vault;
use keypurse_server::{State, router};
use keypurse_store::{Actor, Store};
use keypurse_store_sqlite::{AuditKey, SqliteOptions, SqliteStore, audit_aside, instance};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::configuration::Configured;
use super::signals::Signals;
use super::wiring::{self, Parts};
use super::{
    account_key, audit_head, banner, books, descriptors, keys, retention, time_keeping, tls,
};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::hint::{self, Hint};
use crate::log;
use crate::system::SystemEntropy;

/// How long the door stays open behind which new calls are refused, while some
/// run: load balancers see that, and not connections that are refused.
const DOOR_STAYS_OPEN: Duration = Duration::from_secs(2);
/// How long streams that were cut off may take to settle.
const CUT_OFF_GRACE: Duration = Duration::from_secs(5);

/// Runs until Ctrl-C or SIGTERM, then settles everything.
pub(crate) async fn run(config: Config, preset_key: Option<String>) -> anyhow::Result<()> {
    let log = log::start(&config.log)?;
    let mut signals = Signals::listen()?;
    let tls = config.tls.as_ref().map(tls::load).transpose()?;
    let socket = bind(&config).await?;
    let dir = DataDir::create(&config.data_dir)?;
    let vault = Vault::over(dir.keys(&SystemEntropy)?.keyring());
    let clock = time_keeping::start(&dir.clock_note());
    let audit_key = dir.audit_key(&SystemEntropy)?;
    let store = open_store(&config, &dir, (clock.clone(), audit_key.clone()))?;
    keys::check_keys(dir.path(), &*store, &vault.keyring(), Actor::SYSTEM).await?;
    warn_if_restored(&dir)?;
    let key = account_key::ensure(&dir, &vault, &*store, preset_key).await?;
    let gateway = gateway(config.gateway, &*store, (&audit_key, clock.now())).await?;
    let state = wiring::state(Parts {
        dropped_log_lines: log.dropped(),
        vault,
        clock: clock.clone(),
        store,
        gateway,
        alerting: Alerting::new(config.webhooks).context("cannot set up TLS for webhooks")?,
        settings: config.settings,
    })
    .await?;
    state.tasks.spawn(alerts::watch(Arc::clone(&state)));
    if let Some(days) = config.retention_days {
        let forgetting = retention::watch(Arc::clone(&state), days.get());
        state.tasks.spawn(forgetting);
    }
    let watching = time_keeping::watch(clock, dir.clock_note(), Arc::clone(&state));
    state.tasks.spawn(watching);
    state.tasks.spawn(audit_head::watch(Arc::clone(&state)));
    let database = dir.database();
    let auditing = books::watch(Arc::clone(&state), move || audit_aside(&database));
    state.tasks.spawn(auditing);
    banner::print(&banner::Facts {
        address: socket.local_addr()?,
        is_tls: tls.is_some(),
        dir: &config.data_dir,
        key,
        demo: config.demo,
        gateway: &state.gateway,
        store: &*state.store,
    })
    .await;
    state.tasks.spawn(keys::watch(Arc::clone(&state), dir));
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let limits = Limits {
        connections: descriptors::connections(config.max_connections),
        ..Limits::default()
    };
    let listener = Listener {
        socket,
        tls,
        limits,
    };
    let serving = serve(
        listener,
        router(Arc::clone(&state)),
        &connections,
        stop.clone(),
    );
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = signals.next() => {}
    }
    drain(&state, serving, stop, &mut signals, config.drain_timeout).await
}

/// The providers, ready to be called; what is configured differently since the
/// last start is told in the audit log.
async fn gateway(
    config: GatewayConfig,
    store: &dyn Store,
    (audit_key, now): (&AuditKey, Timestamp),
) -> anyhow::Result<Gateway> {
    let configuration = config.clone();
    let gateway = Gateway::new(config).context("the providers' configuration is wrong")?;
    gateway.warm();
    let found = Configured::of(&configuration, gateway.prices_date(), audit_key);
    if let Err(error) = found.record(store, now).await {
        // On a full disk a start still serves what it can.
        tracing::warn!(%error, "the configuration's change is not in the audit log");
    }
    Ok(gateway)
}

async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        let hint = Hint("another server has it? choose another port with --listen".to_owned());
        anyhow::Error::new(hint).context(format!("cannot listen on {}: {error}", config.listen))
    })
}

fn open_store(
    config: &Config,
    dir: &DataDir,
    (clock, audit_key): (Arc<dyn Clock>, AuditKey),
) -> anyhow::Result<Arc<dyn Store>> {
    let options = SqliteOptions {
        path: dir.database(),
        audit_key,
        clock,
        zone: config.settings.zone.clone(),
    };
    Ok(Arc::new(
        SqliteStore::open(&options).map_err(hint::for_open)?,
    ))
}

/// A restored database answers, but spends nothing until somebody who knows
/// what is missing from it says so.
fn warn_if_restored(dir: &DataDir) -> anyhow::Result<()> {
    if let Some(restored) = instance(&dir.database())?.restored {
        tracing::warn!(
            backup_at = %restored.backup_at,
            "this database was restored from a backup: model calls of live tokens get 503 until \
             the restore is acknowledged; stop the server and run `keypurse restore --ack \
             --data-dir {}`",
            dir.path().display()
        );
    }
    Ok(())
}

/// Admits nothing new, lets running calls finish, cuts what takes too long,
/// and closes the books. A second signal skips the waiting.
async fn drain(
    state: &State,
    serving: impl Future<Output = ()>,
    stop: CancellationToken,
    signals: &mut Signals,
    patience: Duration,
) -> anyhow::Result<()> {
    tracing::info!("stopping: no new calls; running ones finish and settle");
    state.draining.cancel();
    let finished = async {
        tokio::join!(serving, shut_the_door(state, stop));
        state.tasks.close();
        state.tasks.wait().await;
    };
    tokio::pin!(finished);
    let in_time = tokio::select! {
        () = &mut finished => true,
        () = tokio::time::sleep(patience) => false,
        () = signals.next() => false,
    };
    if !in_time {
        tracing::warn!("cutting off calls that still run; they are charged for what they used");
        state.cut_off.cancel();
        if tokio::time::timeout(CUT_OFF_GRACE, &mut finished)
            .await
            .is_err()
        {
            tracing::warn!("some calls did not settle; the next start resolves them");
        }
    }
    state
        .store
        .close()
        .await
        .context("the database did not close well")?;
    tracing::info!("stopped");
    Ok(())
}

/// At once where nothing runs that a client waits for.
async fn shut_the_door(state: &State, stop: CancellationToken) {
    let held = state.store.held_now().await;
    if held.is_ok_and(|held| held.holds > 0) {
        tokio::select! {
            () = tokio::time::sleep(DOOR_STAYS_OPEN) => {}
            () = state.cut_off.cancelled() => {}
        }
    }
    stop.cancel();
}
