//! `keypurse account create|reset-key|viewer-key`: tenants and their keys.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use keypurse_core::money::Money;
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Clock;
use keypurse_core::token::TokenKind;
use keypurse_server::vault::Keyring;
use keypurse_store::{Accounts, Actor, Calls, NewAccount, NewViewerKey};
use keypurse_store_sqlite::SqliteStore;

use super::DataDirArg;
use crate::data_dir::{DataDir, is_file_name, write_private};
use crate::hint;
use crate::node::{DEFAULT_ACCOUNT, check_keys};
use crate::system::{SystemClock, SystemEntropy};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Create an account with a key of its own
    Create {
        /// Its name
        name: String,
        /// Its credits in dollars; without this they are not limited
        #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
        credits: Option<Money>,
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Replace an account's key; the old one stops working
    ResetKey {
        /// The account's name
        #[arg(default_value = DEFAULT_ACCOUNT)]
        name: String,
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Keys that may look and change nothing: for the dashboard and for reports
    #[command(subcommand)]
    ViewerKey(ViewerKeyCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ViewerKeyCommand {
    /// Make a viewer key and print it, once; one there was before stops working
    Create {
        /// The account's name
        #[arg(default_value = DEFAULT_ACCOUNT)]
        name: String,
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Take the viewer key away; its sessions end
    Revoke {
        /// The account's name
        #[arg(default_value = DEFAULT_ACCOUNT)]
        name: String,
        #[command(flatten)]
        dir: DataDirArg,
    },
}

fn dollars(text: &str) -> Result<Money, String> {
    Money::parse_text(text).map_err(|error| error.to_string())
}

pub(crate) fn run(command: &AccountCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            AccountCommand::Create { name, credits, dir } => {
                create(name, *credits, &dir.data_dir).await
            }
            AccountCommand::ResetKey { name, dir } => reset_key(name, &dir.data_dir).await,
            AccountCommand::ViewerKey(ViewerKeyCommand::Create { name, dir }) => {
                create_viewer_key(name, &dir.data_dir).await
            }
            AccountCommand::ViewerKey(ViewerKeyCommand::Revoke { name, dir }) => {
                set_viewer_key(name, &dir.data_dir, None).await?;
                eprintln!("account `{name}` has no viewer key now");
                Ok(())
            }
        }
    })
}

async fn create(name: &str, credits: Option<Money>, data_dir: &Path) -> anyhow::Result<()> {
    is_file_name(name)?;
    let (dir, store, keyring) = open(data_dir).await?;
    let key = TokenSecret::generate(TokenKind::Live, &SystemEntropy);
    let now = SystemClock.now();
    store
        .create_account(NewAccount {
            name: name.to_owned(),
            key_digest: keyring.digest(key.expose()),
            pepper: keyring.current().pepper,
            credits,
            actor: Actor::COMMAND_LINE,
            now,
        })
        .await?;
    hand_over(&dir, name, &key)?;
    store
        .close()
        .await
        .context("the account was created, but the database did not close well")
}

async fn reset_key(name: &str, data_dir: &Path) -> anyhow::Result<()> {
    let (dir, store, keyring) = open(data_dir).await?;
    let key = TokenSecret::generate(TokenKind::Live, &SystemEntropy);
    let found_by = (keyring.digest(key.expose()), keyring.current().pepper);
    let changed = store
        .set_account_key(name, found_by, Actor::COMMAND_LINE)
        .await?;
    ensure_known(name, changed.is_some(), &store).await?;
    hand_over(&dir, name, &key)?;
    store
        .close()
        .await
        .context("the key was replaced, but the database did not close well")
}

/// The key is what the command is for, so it is printed, wherever that goes.
async fn create_viewer_key(name: &str, data_dir: &Path) -> anyhow::Result<()> {
    let key = TokenSecret::generate_viewer_key(&SystemEntropy);
    set_viewer_key(name, data_dir, Some(&key)).await?;
    println!("{}", key.expose());
    eprintln!(
        "the viewer key of account `{name}`, shown this once; it may look, and change nothing"
    );
    Ok(())
}

async fn set_viewer_key(
    name: &str,
    data_dir: &Path,
    key: Option<&TokenSecret>,
) -> anyhow::Result<()> {
    let (_, store, keyring) = open(data_dir).await?;
    let key = key.map(|key| NewViewerKey {
        digest: keyring.digest(key.expose()),
        pepper: keyring.current().pepper,
        now: SystemClock.now(),
    });
    let changed = store.set_viewer_key(name, key, Actor::COMMAND_LINE).await?;
    ensure_known(name, changed.is_some(), &store).await?;
    let closed = store.close().await;
    closed.context("the viewer key was changed, but the database did not close well")
}

async fn ensure_known(name: &str, is_known: bool, store: &SqliteStore) -> anyhow::Result<()> {
    if is_known {
        return Ok(());
    }
    let known = store.accounts().await?;
    let known: Vec<String> = known.into_iter().map(|account| account.name).collect();
    anyhow::bail!(
        "there is no account `{name}`; there are: {}",
        known.join(", ")
    );
}

async fn open(data_dir: &Path) -> anyhow::Result<(DataDir, SqliteStore, Keyring)> {
    let dir = DataDir::existing(data_dir)?;
    let keyring = dir.keys(&SystemEntropy)?.keyring();
    let store = SqliteStore::open(&dir.options()?).map_err(hint::for_open)?;
    check_keys(dir.path(), &store, &keyring, Actor::COMMAND_LINE).await?;
    Ok((dir, store, keyring))
}

/// The key goes into a file for its owner, and to the screen only when a
/// person is looking: not into a log.
fn hand_over(dir: &DataDir, account: &str, key: &TokenSecret) -> anyhow::Result<()> {
    let path = dir.account_key(account);
    write_private(&path, format!("{}\n", key.expose()).as_bytes())?;
    if std::io::stdout().is_terminal() {
        println!("{}", key.expose());
    }
    eprintln!("the key of account `{account}` is in {}", path.display());
    Ok(())
}
