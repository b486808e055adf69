//! The keys of a running node: the right ones at start, new ones as they come.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use keypurse_core::time::Clock;
use keypurse_server::AppState;
use keypurse_server::rotation::Resealing;
use keypurse_server::vault::Keyring;
use keypurse_store::{Actor, KeyRecord, Keys};

use crate::data_dir::DataDir;
use crate::hint::Hint;
use crate::key_files::{KINDS, KeyFiles, file_name, missing};
use crate::system::SystemClock;

/// How often the folder is looked at for keys that `keypurse keys rotate` made.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Compares the keys at hand with those the stored secrets rely on, and
/// records what is new.
pub(crate) async fn check_keys<S: Keys + ?Sized>(
    folder: &Path,
    store: &S,
    keyring: &Keyring,
    actor: Actor,
) -> anyhow::Result<()> {
    let mut new = keyring.records(SystemClock.now());
    for known in store.key_records().await? {
        let is_it = |key: &&KeyRecord| (key.kind, key.version) == (known.kind, known.version);
        match new.iter().find(is_it) {
            Some(key) if key.check == known.check => new.retain(|key| !is_it(&key)),
            Some(_) => {
                let name = file_name(known.kind, known.version);
                let hint = format!("restore {name} from your backup of the data directory");
                let path = folder.join(name);
                let wrong = format!(
                    "{} is not the key this database was written with",
                    path.display()
                );
                return Err(anyhow::Error::new(Hint(hint)).context(wrong));
            }
            // Retired while a server ran: nothing needs it, so it is forgotten.
            None if store.drop_key(known.kind, known.version, actor).await? => {}
            None => return Err(missing(folder, known.kind, known.version)),
        }
    }
    // A start that finds nothing new writes nothing: the disk may be full.
    if new.is_empty() {
        return Ok(());
    }
    let recorded = store.record_keys(new, actor).await;
    recorded.context("the keys' versions cannot be recorded")
}

/// Adopts keys that appear in the data directory and moves stored secrets to
/// them, until the node drains.
pub(super) async fn watch(state: AppState, dir: DataDir) {
    let mut resealing = Resealing::default();
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(error) = look(&state, &dir, &mut resealing).await {
            tracing::warn!(error = %format!("{error:#}"), "new keys are not adopted yet");
        }
    }
}

async fn look(state: &AppState, dir: &DataDir, resealing: &mut Resealing) -> anyhow::Result<()> {
    let folder = dir.path().to_owned();
    let files = tokio::task::spawn_blocking(move || KeyFiles::read(&folder)).await??;
    let current = state.vault.keyring().current();
    let newest = KINDS.map(|kind| files.newest(kind));
    if newest[0] > current.pepper || newest[1] > current.master {
        let keyring = files.complete(dir.path())?.keyring();
        check_keys(dir.path(), &*state.store, &keyring, Actor::SYSTEM).await?;
        state.vault.replace(keyring);
        tracing::info!(
            pepper = newest[0],
            master = newest[1],
            "adopted new keys; the old ones serve until nothing relies on them"
        );
    }
    if state.vault.keyring().has_older() {
        let before = resealing.moved;
        resealing.run(&*state.store, &state.vault).await?;
        if resealing.moved != before {
            tracing::info!(secrets = resealing.moved, "secrets are under the new keys");
        }
    }
    Ok(())
}
