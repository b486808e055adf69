//! A node without a listener, for a command line while no server runs: the same
//! router over the same store, in this process.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use keypurse_server::AppState;
use keypurse_server::alerts::Alerting;
use keypurse_server::gateway::{Gateway, GatewayConfig};
use keypurse_server::vault::Vault;
use keypurse_store_sqlite::{OpenError, SqliteOptions, SqliteStore};

use super::wiring::{self, Parts};
use super::{check_keys, time_keeping};
use crate::cli::options_for;
use crate::cli::serve::ServeArgs;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::hint;
use crate::system::SystemEntropy;

/// Opens a data directory that no other process uses. Days are those of the
/// server that used it last: they bound budgets and reports.
pub(crate) async fn open_in_process(
    dir: &DataDir,
    config: Option<&Path>,
) -> anyhow::Result<AppState> {
    let mut args = ServeArgs::from_environment()?;
    args.config = config.map(Path::to_owned).or(args.config);
    let (mut settings, webhooks) = Config::in_process(&args)?;
    let vault = Vault::over(dir.keys(&SystemEntropy)?.keyring());
    let clock = time_keeping::start(&dir.clock_note());
    let options = SqliteOptions {
        clock: clock.clone(),
        ..options_for(dir.database())
    };
    let store = SqliteStore::open(&options).map_err(explain)?;
    settings.zone = store.zone().clone();
    check_keys(dir.path(), &store, &vault.keyring()).await?;
    let gateway = Gateway::new(GatewayConfig::default());
    let state = wiring::state(Parts {
        vault,
        clock,
        store: Arc::new(store),
        gateway: gateway.context("the bundled catalogue is wrong")?,
        alerting: Alerting::new(webhooks).context("cannot set up TLS for webhooks")?,
        settings,
    });
    Ok(state.await?)
}

fn explain(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::InUse(_) => {
            let hint = "a server runs on it: leave out --data-dir, or give its address too with \
                        --url http://127.0.0.1:8787";
            hint::with_hint(error, hint)
        }
        other => hint::for_open(other),
    }
}
