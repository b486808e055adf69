//! The account key: made once, or preset by the operator.

use std::path::PathBuf;

use anyhow::{Context, bail};
use keypurse_core::secret::{MAX_PRESET_LEN, MIN_PRESET_LEN, TokenSecret, is_plausible};
use keypurse_core::time::Clock;
use keypurse_core::token::TokenKind;
use keypurse_server::vault::Vault;
use keypurse_store::{Actor, CreateAccountError, NewAccount, Store};

use super::DEFAULT_ACCOUNT;
use crate::data_dir::{DataDir, write_private};
use crate::hint::Hint;
use crate::system::{SystemClock, SystemEntropy};

/// Where the operator finds the account key.
pub(super) enum KeyPlace {
    /// In `KEYPURSE_ACCOUNT_KEY`; never printed or written.
    Environment,
    /// In this file; made by this start or an earlier one.
    File {
        path: PathBuf,
        fresh: Option<TokenSecret>,
    },
    /// No longer in this file: its owner has it.
    Elsewhere { path: PathBuf },
}

/// Makes sure the default account exists and has a key its operator knows.
pub(super) async fn ensure(
    dir: &DataDir,
    vault: &Vault,
    store: &dyn Store,
    preset: Option<String>,
) -> anyhow::Result<KeyPlace> {
    let exists = store
        .accounts()
        .await?
        .iter()
        .any(|account| account.name == DEFAULT_ACCOUNT);
    let path = dir.account_key(DEFAULT_ACCOUNT);
    if let Some(preset) = preset.filter(|preset| !preset.is_empty()) {
        use_preset(vault, store, &preset, exists).await?;
        // What the file says is no longer true.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            Ok(()) | Err(_) => return Ok(KeyPlace::Environment),
        }
    }
    if exists {
        let place = if path.exists() {
            KeyPlace::File { path, fresh: None }
        } else {
            KeyPlace::Elsewhere { path }
        };
        return Ok(place);
    }
    let key = TokenSecret::generate(TokenKind::Live, &SystemEntropy);
    // The file first: an account whose key nobody knows would be lost.
    write_private(&path, format!("{}\n", key.expose()).as_bytes())?;
    create(vault, store, key.expose()).await?;
    Ok(KeyPlace::File {
        path,
        fresh: Some(key),
    })
}

async fn use_preset(
    vault: &Vault,
    store: &dyn Store,
    preset: &str,
    exists: bool,
) -> anyhow::Result<()> {
    if !(MIN_PRESET_LEN..=MAX_PRESET_LEN).contains(&preset.len())
        || !preset.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let hint = Hint("openssl rand -hex 32".to_owned());
        let weak = format!(
            "KEYPURSE_ACCOUNT_KEY needs {MIN_PRESET_LEN} to {MAX_PRESET_LEN} printable characters, no spaces"
        );
        return Err(anyhow::Error::new(hint).context(weak));
    }
    if !is_plausible(preset) {
        bail!(
            "KEYPURSE_ACCOUNT_KEY looks like a Keypurse key, but its checksum is wrong: mistyped?"
        );
    }
    if !exists {
        return create(vault, store, preset).await;
    }
    let keyring = vault.keyring();
    let current = keyring.digest(preset);
    // The same key under an older pepper is no other key.
    let secret = TokenSecret::from_text(preset.to_owned());
    let older = keyring.digests(preset).filter(|digest| *digest != current);
    let moved: Vec<_> = older.map(|from| keyring.rekeyed(from, &secret)).collect();
    if !moved.is_empty() {
        store.rekey(moved).await?;
    }
    let key = (current, keyring.current().pepper);
    store
        .set_account_key(DEFAULT_ACCOUNT, key, Actor::SYSTEM)
        .await
        .map(|_| ())
        .map_err(explain)
}

async fn create(vault: &Vault, store: &dyn Store, key: &str) -> anyhow::Result<()> {
    let keyring = vault.keyring();
    let new = NewAccount {
        name: DEFAULT_ACCOUNT.to_owned(),
        key_digest: keyring.digest(key),
        pepper: keyring.current().pepper,
        credits: None,
        actor: Actor::SYSTEM,
        now: SystemClock.now(),
    };
    store.create_account(new).await.map(|_| ()).map_err(explain)
}

fn explain(error: CreateAccountError) -> anyhow::Error {
    anyhow::Error::new(error).context("the account key cannot be used")
}
