//! What a backup is on disk: a folder with the database, a manifest that says
//! what is in it, and the keys if they were asked for.
//!
//! Invariant: the manifest is written last. A folder without one is not a
//! whole backup.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::digest::{Context as Digesting, SHA256};
use keypurse_core::time::Timestamp;
use keypurse_store_sqlite::AuditReport;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DATABASE, PRIVATE_DIR, PRIVATE_FILE, write_private};
use crate::hint::Hint;

const MANIFEST: &str = "manifest.json";
/// What this program writes and reads.
const FORMAT: u32 = 1;
const PIECE: usize = 1 << 20;

/// What a backup says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// The program that made it.
    keypurse: String,
    made_at: String,
    /// The database's schema.
    pub(crate) schema: u32,
    pub(crate) database: DatabaseFile,
    pub(crate) books: Books,
    /// Names of the key files in it.
    pub(crate) keys: Vec<String>,
}

/// The database as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DatabaseFile {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// What its audit found; amounts in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) purses: u64,
    pub(crate) entries: u64,
    pub(crate) calls: u64,
    pub(crate) charged: String,
    pub(crate) house: String,
    pub(crate) open_holds: u64,
    pub(crate) held: String,
}

impl From<AuditReport> for Books {
    fn from(report: AuditReport) -> Self {
        Self {
            purses: report.purses,
            entries: report.entries,
            calls: report.calls,
            charged: report.charged.to_string(),
            house: report.house.to_string(),
            open_holds: report.open_holds,
            held: report.held.to_string(),
        }
    }
}

impl Manifest {
    pub(crate) fn new(
        made_at: Timestamp,
        schema: u32,
        database: DatabaseFile,
        (books, keys): (Books, Vec<String>),
    ) -> Self {
        Self {
            format: FORMAT,
            keypurse: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: made_at.to_string(),
            schema,
            database,
            books,
            keys,
        }
    }

    /// When the backup's instant was.
    pub(crate) fn made_at(&self) -> anyhow::Result<Timestamp> {
        Timestamp::parse(&self.made_at)
            .map_err(|_| anyhow!("`made_at` of the manifest is no time: {}", self.made_at))
    }

    /// Makes the backup whole.
    pub(crate) fn write(&self, backup: &Path) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        write_private(&backup.join(MANIFEST), text.as_bytes())
    }

    /// Reads what a backup says about itself.
    pub(crate) fn read(backup: &Path) -> anyhow::Result<Self> {
        let path = backup.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let hint = Hint("name the folder that `keypurse backup --to` made".to_owned());
                let none = format!(
                    "{} is no whole backup: it has no {MANIFEST}",
                    backup.display()
                );
                return Err(anyhow::Error::new(hint).context(none));
            }
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a manifest this version reads", path.display()))?;
        if manifest.format != FORMAT {
            let newer = format!("the backup has format {}, not {FORMAT}", manifest.format);
            let hint = Hint("restore it with the keypurse that made it".to_owned());
            return Err(anyhow::Error::new(hint).context(newer));
        }
        Ok(manifest)
    }
}

/// Where a backup's database is.
pub(crate) fn database_in(backup: &Path) -> PathBuf {
    backup.join(DATABASE)
}

/// A folder only its owner can enter, where nothing was.
pub(crate) fn create_dir(path: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().mode(PRIVATE_DIR).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let hint = Hint("name a new folder with --to; nothing is overwritten".to_owned());
            let taken = format!("{} exists already", path.display());
            Err(anyhow::Error::new(hint).context(taken))
        }
        made => made.with_context(|| format!("cannot create the folder {}", path.display())),
    }
}

/// An empty file only its owner can read, where nothing was.
pub(crate) fn create_file(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE)
        .open(path)
        .with_context(|| format!("cannot create {}", path.display()))
}

/// Size and digest of a file.
pub(crate) fn measure(path: &Path) -> anyhow::Result<DatabaseFile> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    pour(file, &mut std::io::sink()).with_context(|| format!("cannot read {}", path.display()))
}

/// Copies a backup's database to a new file, and refuses one that has changed.
pub(crate) fn copy_checked(manifest: &Manifest, from: &Path, to: &Path) -> anyhow::Result<()> {
    let source = File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut target = create_file(to)?;
    let copied = pour(source, &mut target)
        .and_then(|copied| target.sync_all().map(|()| copied))
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    if copied != manifest.database {
        bail!(
            "{} is not as its manifest says ({} bytes instead of {}, or other content): damaged",
            from.display(),
            copied.bytes,
            manifest.database.bytes
        );
    }
    Ok(())
}

fn pour(mut from: impl Read, to: &mut impl Write) -> std::io::Result<DatabaseFile> {
    let mut sum = Digesting::new(&SHA256);
    let (mut piece, mut bytes) = (vec![0; PIECE], 0);
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            break;
        }
        sum.update(&piece[..read]);
        to.write_all(&piece[..read])?;
        bytes += read as u64;
    }
    let sha256 = sum.finish();
    let sha256 = sha256.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok(DatabaseFile {
        bytes,
        sha256: sha256.collect(),
    })
}
