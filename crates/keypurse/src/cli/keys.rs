//! `keypurse keys status|rotate|retire`: pepper and master key, replaced
//! without a failed call.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use keypurse_server::rotation::Resealing;
use keypurse_server::vault::Vault;
use keypurse_store::{Calls, KeyKind, Keys};
use keypurse_store_sqlite::{
    KeyUsage, OpenError, SqliteStore, abandon_key, key_records, key_usage,
};

use super::{DataDirArg, options_for};
use crate::data_dir::{DataDir, sync_dir};
use crate::hint::{self, Hint};
use crate::key_files::{self, KINDS, KeyFiles, file_name, noun};
use crate::node::check_keys;
use crate::system::SystemEntropy;

/// How long a running server may take to see new keys: it looks every second.
const ADOPTED_WITHIN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Say which versions there are and what relies on them
    Status {
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Make a new pepper and master key; a running server adopts them
    Rotate {
        #[command(flatten)]
        dir: DataDirArg,
        /// Only one of the two
        #[arg(long, value_name = "KIND")]
        only: Option<Only>,
    },
    /// Remove old versions that nothing relies on
    Retire {
        #[command(flatten)]
        dir: DataDirArg,
        /// Remove them all the same: what relies on them stops working (stop the server first)
        #[arg(long)]
        force: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// What secrets are looked up by
    Pepper,
    /// What copies of secrets are sealed with
    Master,
}

type Usage = BTreeMap<(KeyKind, u32), KeyUsage>;

pub(crate) fn run(command: &KeysCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            KeysCommand::Status { dir } => status(&DataDir::existing(&dir.data_dir)?),
            KeysCommand::Rotate { dir, only } => {
                rotate(&DataDir::existing(&dir.data_dir)?, *only).await
            }
            KeysCommand::Retire { dir, force: false } => {
                retire(&DataDir::existing(&dir.data_dir)?).await
            }
            KeysCommand::Retire { dir, force: true } => {
                retire_by_force(&DataDir::existing(&dir.data_dir)?)
            }
        }
    })
}

fn status(dir: &DataDir) -> anyhow::Result<()> {
    let files = KeyFiles::read(dir.path())?;
    let usage = usage(dir)?;
    for kind in KINDS {
        for version in versions(&files, kind) {
            let used = usage.get(&(kind, version)).cloned().unwrap_or_default();
            let current = if version == files.newest(kind) {
                "current"
            } else if used.is_unused() {
                "old, nothing relies on it"
            } else {
                "old, in use"
            };
            println!("{:<14} {current}", file_name(kind, version));
            print_usage(kind, &used);
        }
    }
    Ok(())
}

fn print_usage(kind: KeyKind, used: &KeyUsage) {
    match kind {
        KeyKind::Pepper => {
            println!("  secrets of tokens   {}", used.secrets);
            println!("  account keys        {}", used.accounts.len());
        }
        KeyKind::Master => {
            println!("  sealed copies       {}", used.secrets);
            println!("  webhooks of alerts  {}", used.webhooks);
        }
    }
}

fn usage(dir: &DataDir) -> anyhow::Result<Usage> {
    let hint =
        "run `keypurse serve` of this version once, so that it brings the database up to date";
    key_usage(&dir.database()).map_err(|error| hint::with_hint(error, hint))
}

/// Newest first.
fn versions(files: &KeyFiles, kind: KeyKind) -> Vec<u32> {
    let mut versions: Vec<u32> = files.of(kind).iter().map(|key| key.version).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions
}

/// The new files first, atomically. Whoever serves the database, now or after
/// a crash, finds either the old keys or both.
async fn rotate(dir: &DataDir, only: Option<Only>) -> anyhow::Result<()> {
    let before = KeyFiles::read(dir.path())?.complete(dir.path())?;
    for kind in KINDS {
        let is_wanted = match only {
            None => true,
            Some(Only::Pepper) => kind == KeyKind::Pepper,
            Some(Only::Master) => kind == KeyKind::Master,
        };
        if is_wanted {
            let version = before.newest(kind) + 1;
            key_files::add(dir.path(), kind, version, &SystemEntropy)?;
            println!("made {}", file_name(kind, version));
        }
    }
    match SqliteStore::open(&options_for(dir.database())) {
        Ok(store) => adopt_here(dir, store).await?,
        Err(OpenError::InUse(_)) => wait_until_adopted(dir).await?,
        Err(error) => return Err(hint::for_open(error)),
    }
    println!("copy the new files to where you keep the old ones, apart from the database");
    println!();
    status(dir)?;
    println!();
    println!("What relies on an old pepper moves when it is used next; `keypurse keys retire`");
    println!("removes a version once nothing relies on it.");
    Ok(())
}

/// No server runs: this is the one who adopts.
async fn adopt_here(dir: &DataDir, store: SqliteStore) -> anyhow::Result<()> {
    let keyring = KeyFiles::read(dir.path())?.complete(dir.path())?.keyring();
    check_keys(dir.path(), &store, &keyring).await?;
    let mut resealing = Resealing::default();
    resealing.run(&store, &Vault::over(keyring)).await?;
    store
        .close()
        .await
        .context("the keys were adopted, but the database did not close well")?;
    println!("moved {} secrets to the new keys", resealing.moved);
    if resealing.broken > 0 {
        eprintln!(
            "warning: {} sealed copies did not open and stay as they are",
            resealing.broken
        );
    }
    Ok(())
}

async fn wait_until_adopted(dir: &DataDir) -> anyhow::Result<()> {
    let files = KeyFiles::read(dir.path())?;
    let adopted = async {
        while !is_adopted(dir, &files)? {
            tokio::time::sleep(ASK_EVERY).await;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(ADOPTED_WITHIN, adopted).await {
        Ok(Ok(())) => println!("the running server has adopted them"),
        Ok(Err(error)) => return Err(error),
        Err(_) => {
            let hint = Hint("look into the server's log; a restart adopts them, too".to_owned());
            let waiting = "the new keys are there, but the running server has not adopted them yet";
            return Err(anyhow::Error::new(hint).context(waiting));
        }
    }
    Ok(())
}

/// Whether the newest keys are recorded: a server does so before it uses them.
fn is_adopted(dir: &DataDir, files: &KeyFiles) -> anyhow::Result<bool> {
    let records = key_records(&dir.database())?;
    Ok(KINDS.into_iter().all(|kind| {
        let newest = files.newest(kind);
        records
            .iter()
            .any(|known| (known.kind, known.version) == (kind, newest))
    }))
}

async fn retire(dir: &DataDir) -> anyhow::Result<()> {
    let files = KeyFiles::read(dir.path())?.complete(dir.path())?;
    if !is_adopted(dir, &files)? {
        bail!("the newest keys are not adopted yet; start the server, or wait a second");
    }
    let usage = usage(dir)?;
    let old = old_versions(&files);
    if old.is_empty() {
        println!("there are no old versions");
        return Ok(());
    }
    let in_use: Vec<_> = old
        .iter()
        .filter_map(|key| {
            usage
                .get(key)
                .filter(|used| !used.is_unused())
                .map(|used| (key, used))
        })
        .collect();
    if !in_use.is_empty() {
        let what: Vec<String> = in_use
            .iter()
            .map(|(key, used)| relying(**key, used))
            .collect();
        let hint = "wait until they were used, or replace them (rotate/, `keypurse account \
                    reset-key`); --force gives them up";
        return Err(anyhow::Error::new(Hint(hint.to_owned())).context(what.join("; ")));
    }
    match SqliteStore::open(&options_for(dir.database())) {
        Ok(store) => {
            for (kind, version) in &old {
                if !store.drop_key(*kind, *version).await? {
                    bail!("{} has come into use", file_name(*kind, *version));
                }
            }
            store.close().await?;
        }
        // A server that runs keeps an unused key in memory until it stops, and
        // forgets the record when it starts without the file.
        Err(OpenError::InUse(_)) => {}
        Err(error) => return Err(hint::for_open(error)),
    }
    remove_files(dir, &old)
}

/// Every version but the newest of its kind.
fn old_versions(files: &KeyFiles) -> Vec<(KeyKind, u32)> {
    KINDS
        .into_iter()
        .flat_map(|kind| {
            let old = versions(files, kind).into_iter().skip(1);
            old.map(move |version| (kind, version))
        })
        .collect()
}

/// What would be lost with a key, for people.
fn relying((kind, version): (KeyKind, u32), used: &KeyUsage) -> String {
    let name = file_name(kind, version);
    let mut names = used.tokens.clone();
    let more = usize::try_from(used.secrets).unwrap_or(usize::MAX) - names.len();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    let tokens = match kind {
        KeyKind::Pepper => format!("{} secrets of tokens ({})", used.secrets, names.join(", ")),
        KeyKind::Master => format!("{} sealed copies ({})", used.secrets, names.join(", ")),
    };
    let mut parts = Vec::new();
    if used.secrets > 0 {
        parts.push(tokens);
    }
    if !used.accounts.is_empty() {
        parts.push(format!(
            "the keys of the accounts {}",
            used.accounts.join(", ")
        ));
    }
    format!("on {name} rely {}", parts.join(" and "))
}

fn retire_by_force(dir: &DataDir) -> anyhow::Result<()> {
    let files = KeyFiles::read(dir.path())?.complete(dir.path())?;
    let usage = usage(dir)?;
    let old = old_versions(&files);
    for key in &old {
        let (kind, version) = *key;
        abandon_key(&options_for(dir.database()), kind, version).map_err(hint::for_open)?;
        if let Some(used) = usage.get(key).filter(|used| !used.is_unused()) {
            println!("given up: {}", relying(*key, used));
            if kind == KeyKind::Pepper {
                println!(
                    "  these stopped working; give them new secrets (rotate/, account reset-key)"
                );
            }
        }
    }
    remove_files(dir, &old)
}

fn remove_files(dir: &DataDir, old: &[(KeyKind, u32)]) -> anyhow::Result<()> {
    for (kind, version) in old {
        let path = dir.path().join(file_name(*kind, *version));
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        println!(
            "removed {} ({} {version})",
            file_name(*kind, *version),
            noun(*kind)
        );
    }
    sync_dir(dir.path())
}
