//! `keypurse backup`: a proven copy, beside a running server too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use keypurse_core::time::Clock;
use keypurse_store_sqlite::{KeyUsage, copy_database, key_records, key_usage, schema_of, verify};

use super::DataDirArg;
use super::audit::explain;
use crate::backup_dir::{Books, Manifest, create_dir, create_file, database_in, measure};
use crate::data_dir::{DataDir, sync_dir};
use crate::hint;
use crate::key_files::{
    AUDIT_KEY, KINDS, KeyFiles, file_name, missing, read_key, write_new, write_new_as,
};
use crate::system::SystemClock;

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    dir: DataDirArg,
    /// Folder to make; it must not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy the keys (pepper, master, audit) as well: whoever has the backup can then use it
    #[arg(long)]
    with_keys: bool,
}

const WITHOUT_KEYS: &str = "warning: this backup has no keys. Restored without pepper.key it \
recognises no token and no\naccount key: every one of them has to be replaced. Without master.key \
it shows no secret.\nKeep the *.key files of the data directory in another safe place, or make a \
backup --with-keys.";

pub(crate) fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let dir = DataDir::existing(&args.dir.data_dir)?;
    create_dir(&args.to)?;
    let made = fill(&dir, args).inspect_err(|_| {
        // Ours, and not whole.
        let _ = fs::remove_dir_all(&args.to);
    })?;
    report(&made, &args.to);
    if !args.with_keys {
        eprintln!("\n{WITHOUT_KEYS}");
    }
    Ok(())
}

fn fill(dir: &DataDir, args: &BackupArgs) -> anyhow::Result<Manifest> {
    let target = database_in(&args.to);
    // Before the copy: what happens later may or may not be in it.
    let made_at = SystemClock.now();
    drop(create_file(&target)?);
    copy_database(&dir.database(), &target).map_err(|error| {
        hint::with_hint(
            error,
            "check that the disk of --to has room and can be written",
        )
    })?;
    let audit = verify(&target).map_err(explain)?;
    let keys = if args.with_keys {
        copy_keys(dir, &target, &args.to)?
    } else {
        Vec::new()
    };
    let (schema, database) = (schema_of(&target)?, measure(&target)?);
    let manifest = Manifest::new(made_at, schema, database, (Books::from(audit), keys));
    manifest.write(&args.to)?;
    sync_dir(&args.to)?;
    let parent = args.to.parent().filter(|path| !path.as_os_str().is_empty());
    sync_dir(parent.unwrap_or(Path::new(".")))?;
    Ok(manifest)
}

/// Copies the keys after the database, so that none the copy relies on is too
/// new to be among them.
fn copy_keys(dir: &DataDir, database: &Path, to: &Path) -> anyhow::Result<Vec<String>> {
    let keys = KeyFiles::read(dir.path())?.complete(dir.path())?;
    let usage = key_usage(database)?;
    for known in key_records(database)? {
        match keys.check_of(known.kind, known.version) {
            Some(check) if check == known.check => {}
            Some(_) => bail!(
                "{} is not the key this database was written with",
                dir.path()
                    .join(file_name(known.kind, known.version))
                    .display()
            ),
            // Retired beside a running server, which has not forgotten it yet.
            None if usage
                .get(&(known.kind, known.version))
                .is_none_or(KeyUsage::is_unused) => {}
            None => return Err(missing(dir.path(), known.kind, known.version)),
        }
    }
    let mut names = Vec::new();
    for kind in KINDS {
        for key in keys.of(kind) {
            write_new(to, kind, *key).context("a key cannot be copied")?;
            names.push(file_name(kind, key.version));
        }
    }
    // A database no version with an audit log has served needs none.
    let audit_key = dir.path().join(AUDIT_KEY);
    if audit_key.exists() {
        write_new_as(to, AUDIT_KEY, &read_key(&audit_key)?).context("a key cannot be copied")?;
        names.push(AUDIT_KEY.to_owned());
    }
    names.sort();
    Ok(names)
}

fn report(made: &Manifest, to: &Path) {
    println!("a proven backup is in {}", to.display());
    print_books(made);
}

/// What is in a backup, for people.
pub(super) fn print_books(manifest: &Manifest) {
    let books = &manifest.books;
    println!("  size                {} bytes", manifest.database.bytes);
    println!("  purses              {}", books.purses);
    println!("  calls               {}", books.calls);
    println!("  charged             ${}", books.charged);
    println!(
        "  calls under way     {} (holding ${})",
        books.open_holds, books.held
    );
    if manifest.keys.is_empty() {
        println!("  keys                none");
    } else {
        println!("  keys                {}", manifest.keys.join(", "));
    }
}
