//! `keypurse restore`: a data directory from a backup, which spends nothing
//! until somebody who knows what is missing has acknowledged it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use keypurse_core::entropy::Entropy;
use keypurse_core::time::Clock;
use keypurse_server::vault::{KEY_LEN, VersionedKey, key_check};
use keypurse_store::{Actor, Calls, KeyKind, KeyRecord};
use keypurse_store_sqlite::{
    AuditKey, KeyUsage, SqliteOptions, SqliteStore, abandon_key, acknowledge, audit, instance,
    key_records, key_usage, mark_restored, newest_schema, replace_audit_key, verify,
};

use super::audit::explain;
use super::backup::print_books;
use super::{DataDirArg, options_for};
use crate::backup_dir::{Books, Manifest, copy_checked, database_in};
use crate::data_dir::{DATABASE, DataDir, sync_dir};
use crate::hint::{self, Hint};
use crate::key_files::{
    self, AUDIT_KEY, KINDS, KeyFiles, file_name, is_key_file, noun, read_key, write_new,
    write_new_as,
};
use crate::system::{SystemClock, SystemEntropy};

/// The database until everything about it is proven. The lock beside it is the
/// one of the finished database.
const UNFINISHED: &str = "keypurse.restoring";
/// What the files of another database are checked against: the restored one
/// would be taken for damaged.
const NOTES: [&str; 2] = ["keypurse.sums", "keypurse.tail"];

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// Backup to restore: the folder that `keypurse backup` made
    #[arg(long, value_name = "DIR", required_unless_present = "ack")]
    from: Option<PathBuf>,
    #[command(flatten)]
    dir: DataDirArg,
    /// Pepper of a backup without keys; once for each version it relies on
    #[arg(long, value_name = "FILE", requires = "from")]
    pepper: Vec<PathBuf>,
    /// Master key of a backup without keys; once for each version it relies on
    #[arg(long, value_name = "FILE", requires = "from")]
    master_key: Vec<PathBuf>,
    /// Key of the audit log of a backup without keys; without it the log goes on under a new one
    #[arg(long, value_name = "FILE", requires = "from")]
    audit_key: Option<PathBuf>,
    /// Make new keys in place of lost ones; what relied on these has to be replaced
    #[arg(long, requires = "from")]
    fresh_keys: bool,
    /// Let a restored data directory spend again (stop the server first)
    #[arg(long, conflicts_with = "from")]
    ack: bool,
}

pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    match &args.from {
        Some(from) => restore(from, args),
        None => acknowledge_restore(&args.dir.data_dir),
    }
}

fn restore(from: &Path, args: &RestoreArgs) -> anyhow::Result<()> {
    let manifest = Manifest::read(from)?;
    if manifest.schema > newest_schema() {
        let hint = Hint("restore it with the newer keypurse that made it".to_owned());
        let newer = format!(
            "the backup has schema {}, this version knows {}",
            manifest.schema,
            newest_schema()
        );
        return Err(anyhow::Error::new(hint).context(newer));
    }
    let target = &args.dir.data_dir;
    is_free(target)?;
    let dir = DataDir::create(target)?;
    let unfinished = target.join(UNFINISHED);
    let placed = fill(&manifest, from, args, &unfinished)
        .inspect_err(|_| remove_unfinished(target))
        .with_context(|| format!("{} was not restored", from.display()))?;
    fs::rename(&unfinished, dir.database())?;
    for side_file in side_files(&unfinished) {
        remove_if_there(&side_file)?;
    }
    sync_dir(target)?;
    println!("restored to {}", target.display());
    print_books(&manifest);
    print_next(target, &manifest, &placed)
}

/// What SQLite keeps beside a database while it reads it.
fn side_files(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether everything is in the database itself: nothing waits in its log.
fn is_whole(database: &Path) -> bool {
    let [log, _] = side_files(database);
    fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// Nothing is overwritten: neither a database nor a key.
fn is_free(target: &Path) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(target) else {
        return Ok(()); // it is made, or that fails with a better message
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(DATABASE) || NOTES.contains(&&*name) || is_ours(&name) {
            let hint = Hint("restore into a new folder with --data-dir".to_owned());
            let taken = format!("{} holds {name} already", target.display());
            return Err(anyhow::Error::new(hint).context(taken));
        }
    }
    Ok(())
}

/// What a restore makes before the database has its name.
fn is_ours(name: &str) -> bool {
    name.starts_with(UNFINISHED) || is_key_file(name)
}

/// The folder held nothing of the kind before.
fn remove_unfinished(target: &Path) {
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_ours(&name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The keys that were put beside the database.
struct Placed {
    /// Which kinds are fresh, and what relied on the lost ones.
    fresh: BTreeMap<KeyKind, KeyUsage>,
    /// Whether the audit log goes on under another key.
    is_audit_key_new: bool,
}

/// Copies, marks, proves, and puts the keys beside it.
fn fill(
    manifest: &Manifest,
    from: &Path,
    args: &RestoreArgs,
    unfinished: &Path,
) -> anyhow::Result<Placed> {
    copy_checked(manifest, &database_in(from), unfinished)?;
    // Marked before it has its name: at no instant is there a restored
    // database that would spend.
    let key = audit_key(from, args)?;
    let options = options_for(unfinished.to_owned(), AuditKey::new(&key));
    mark_restored(&options, manifest.made_at()?).map_err(hint::for_open)?;
    let books = Books::from(verify(unfinished).map_err(explain)?);
    ensure!(
        books == manifest.books,
        "the restored books are not those of the manifest: {books:?} instead of {:?}",
        manifest.books
    );
    let is_audit_key_new = place_audit_key(&key, args, &options)?;
    let fresh = place_keys(manifest, from, args, &options)?;
    ensure!(
        is_whole(unfinished),
        "the database still has a log to be read with it: {}",
        unfinished.display()
    );
    Ok(Placed {
        fresh,
        is_audit_key_new,
    })
}

/// What the audit log goes on under: the key of the backup, or a new one.
fn audit_key(from: &Path, args: &RestoreArgs) -> anyhow::Result<[u8; KEY_LEN]> {
    let in_backup = from.join(AUDIT_KEY);
    match &args.audit_key {
        Some(given) => read_key(given),
        None if in_backup.exists() => read_key(&in_backup),
        None => {
            let mut key = [0; KEY_LEN];
            SystemEntropy.fill(&mut key);
            Ok(key)
        }
    }
}

/// Returns whether it is not the one of before.
fn place_audit_key(
    key: &[u8; KEY_LEN],
    args: &RestoreArgs,
    options: &SqliteOptions,
) -> anyhow::Result<bool> {
    let now = SystemClock.now();
    let is_other = replace_audit_key(options, Actor::COMMAND_LINE, now).map_err(hint::for_open)?;
    if let Some(given) = args.audit_key.as_ref().filter(|_| is_other) {
        bail!("{} is not the audit key of this backup", given.display());
    }
    write_new_as(&args.dir.data_dir, AUDIT_KEY, key)?;
    Ok(is_other)
}

fn place_keys(
    manifest: &Manifest,
    from: &Path,
    args: &RestoreArgs,
    options: &SqliteOptions,
) -> anyhow::Result<BTreeMap<KeyKind, KeyUsage>> {
    let unfinished = &options.path;
    let records = key_records(unfinished)?;
    let usage = key_usage(unfinished)?;
    let in_backup = KeyFiles::read(from)?;
    let mut fresh = BTreeMap::new();
    for kind in KINDS {
        let known: Vec<&KeyRecord> = records.iter().filter(|key| key.kind == kind).collect();
        let given = match kind {
            KeyKind::Pepper => &args.pepper,
            KeyKind::Master => &args.master_key,
        };
        let keys = if given.is_empty() {
            in_backup.of(kind).to_vec()
        } else {
            recognised(kind, given, &known)?
        };
        let lost = lost(kind, &keys, &known, &usage);
        if !lost.is_empty() && !args.fresh_keys {
            return Err(no_key(kind, &lost, manifest));
        }
        for key in &keys {
            write_new(&args.dir.data_dir, kind, *key)?;
        }
        if !lost.is_empty() {
            fresh.insert(kind, give_up(kind, &lost, options, &usage)?);
            // A later version may be at hand; then that one goes on.
            let newest = known.iter().map(|key| key.version).max().unwrap_or(1);
            if lost.contains(&newest) {
                key_files::add(&args.dir.data_dir, kind, newest + 1, &SystemEntropy)?;
            }
        }
    }
    Ok(fresh)
}

/// Which versions the files are that were named: the database knows.
fn recognised(
    kind: KeyKind,
    files: &[PathBuf],
    known: &[&KeyRecord],
) -> anyhow::Result<Vec<VersionedKey>> {
    let mut keys = Vec::new();
    for path in files {
        let key = read_key(path)?;
        let version = match known {
            // Never served by a version that records its keys.
            [] => Some(1),
            known => {
                let check = key_check(kind, &key);
                let mut known = known.iter();
                known
                    .find(|known| known.check == check)
                    .map(|known| known.version)
            }
        };
        let Some(version) = version else {
            bail!("{} is no {} of this backup", path.display(), noun(kind));
        };
        keys.push(VersionedKey { version, key });
    }
    Ok(keys)
}

/// Versions the database relies on that are not at hand.
fn lost(
    kind: KeyKind,
    keys: &[VersionedKey],
    known: &[&KeyRecord],
    usage: &BTreeMap<(KeyKind, u32), KeyUsage>,
) -> Vec<u32> {
    let newest = known.iter().map(|key| key.version).max().unwrap_or(1);
    let mut versions: Vec<u32> = known.iter().map(|key| key.version).collect();
    if versions.is_empty() {
        versions.push(1);
    }
    versions.retain(|version| {
        let is_used = usage
            .get(&(kind, *version))
            .is_some_and(|used| !used.is_unused());
        (is_used || *version == newest) && !keys.iter().any(|key| key.version == *version)
    });
    versions
}

fn no_key(kind: KeyKind, lost: &[u32], manifest: &Manifest) -> anyhow::Error {
    let names: Vec<String> = lost
        .iter()
        .map(|version| file_name(kind, *version))
        .collect();
    let names = names.join(" and ");
    let (flag, without) = match kind {
        KeyKind::Pepper => ("--pepper", "it would recognise no token and no account key"),
        KeyKind::Master => ("--master-key", "it would show no secret"),
    };
    let has = if manifest.keys.is_empty() {
        "was made without keys".to_owned()
    } else {
        format!("has {}", manifest.keys.join(", "))
    };
    let needs = format!("the backup {has}, and needs {names}: without it {without}");
    let hint = format!(
        "name the file with {flag} FILE; if it is lost, --fresh-keys starts over with a new one"
    );
    anyhow::Error::new(Hint(hint)).context(needs)
}

/// Gives up what relied on lost keys. Returns what that was.
fn give_up(
    kind: KeyKind,
    lost: &[u32],
    options: &SqliteOptions,
    usage: &BTreeMap<(KeyKind, u32), KeyUsage>,
) -> anyhow::Result<KeyUsage> {
    let mut given_up = KeyUsage::default();
    for version in lost {
        abandon_key(options, kind, *version).map_err(hint::for_open)?;
        if let Some(used) = usage.get(&(kind, *version)) {
            given_up.secrets += used.secrets;
            given_up.webhooks += used.webhooks;
            given_up.accounts.extend(used.accounts.iter().cloned());
        }
    }
    Ok(given_up)
}

fn print_next(target: &Path, manifest: &Manifest, placed: &Placed) -> anyhow::Result<()> {
    let dir = target.display();
    if placed.is_audit_key_new {
        println!("the audit log goes on under a new audit.key; keep the one before, which proves");
        println!("the older records (`keypurse audit-log verify --older-key FILE`)");
    }
    if let Some(given_up) = placed.fresh.get(&KeyKind::Pepper) {
        println!();
        println!(
            "The pepper is new: {} secrets and the keys of {} accounts no longer work.",
            given_up.secrets,
            given_up.accounts.len()
        );
        println!("Give each account a new key, and each token a new secret (rotate/):");
        for account in &given_up.accounts {
            println!("  keypurse account reset-key {account} --data-dir {dir}");
        }
    }
    if let Some(given_up) = placed.fresh.get(&KeyKind::Master) {
        println!();
        println!(
            "The master key is new: {} secrets can no longer be shown. They still work.",
            given_up.secrets
        );
        if given_up.webhooks > 0 {
            let webhooks = given_up.webhooks;
            println!("{webhooks} alerts have lost their webhooks: give them anew.");
        }
    }
    println!();
    println!("It spends nothing until you acknowledge that what happened after");
    println!("{} is not in it:", manifest.made_at()?);
    println!("  keypurse restore --ack --data-dir {dir}");
    Ok(())
}

fn acknowledge_restore(data_dir: &Path) -> anyhow::Result<()> {
    let dir = DataDir::existing(data_dir)?;
    let options = dir.options()?;
    if instance(&dir.database()).map_or(true, |instance| instance.restored.is_none()) {
        eprintln!(
            "{} was not restored, or that is acknowledged: it may spend",
            data_dir.display()
        );
        return Ok(());
    }
    let before = audit(&dir.database()).map_err(explain)?;
    // Opening resolves what the backup caught under way.
    let store = SqliteStore::open(&options).map_err(hint::for_open)?;
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(store.close())
        .context("the database did not close well")?;
    let Some((restored, instance)) = acknowledge(&options).map_err(hint::for_open)? else {
        return Ok(()); // somebody else did meanwhile
    };
    println!(
        "acknowledged: {} may spend again, epoch {}",
        data_dir.display(),
        instance.epoch
    );
    println!(
        "  calls under way in the backup  {}: charged what they had delivered, else nothing",
        before.open_holds
    );
    println!();
    println!(
        "The backup is of {}. What happened after it is undone; check:",
        restored.backup_at
    );
    println!("  - tokens deleted or rotated since are alive again, with their old secrets");
    println!("  - tokens and accounts created since, and new secrets, are gone");
    println!("  - money charged since is back in the balances, and top-ups since are not");
    println!("  - providers still bill the calls made since");
    Ok(())
}
