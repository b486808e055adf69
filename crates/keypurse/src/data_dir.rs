//! The data directory: database, keys, and the account key for its owner.
//!
//! Pepper and master key lie beside the database, never in it: a copy of the
//! database alone opens no secret. `key_files` has them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use keypurse_core::entropy::Entropy;

use crate::hint::Hint;
use crate::key_files::KeyFiles;

pub(crate) const PRIVATE_DIR: u32 = 0o700;
pub(crate) const PRIVATE_FILE: u32 = 0o600;

/// The database's file name.
pub(crate) const DATABASE: &str = "keypurse.db";

/// The folder everything is kept in.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Creates the folder if it is missing, readable by its owner alone.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_DIR)
            .create(path)
            .with_context(|| format!("cannot create the data directory {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE_DIR))
            .with_context(|| format!("cannot protect the data directory {}", path.display()))?;
        Ok(Self::at(path))
    }

    /// A folder, whatever is in it.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// A folder that must exist already.
    pub(crate) fn existing(path: &Path) -> anyhow::Result<Self> {
        let dir = Self::at(path);
        if !dir.database().is_file() {
            let hint = Hint("name the folder with --data-dir, or run `keypurse serve` once".into());
            let missing = format!("there is no database in {}", path.display());
            return Err(anyhow::Error::new(hint).context(missing));
        }
        Ok(dir)
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// How far time had come.
    pub(crate) fn clock_note(&self) -> PathBuf {
        self.path.join("keypurse.clock")
    }

    /// Where an account's key is left for its owner.
    pub(crate) fn account_key(&self, account: &str) -> PathBuf {
        if account == crate::node::DEFAULT_ACCOUNT {
            return self.path.join("account.key");
        }
        self.path.join(format!("account-{account}.key"))
    }

    /// Every version of pepper and master key; the first ones are made on
    /// first use.
    pub(crate) fn keys(&self, entropy: &dyn Entropy) -> anyhow::Result<KeyFiles> {
        if !self.database().exists() {
            KeyFiles::create_missing(&self.path, entropy)?;
        }
        KeyFiles::read(&self.path)?.complete(&self.path)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Refuses a key that others on the machine could read.
pub(crate) fn is_private(path: &Path) -> anyhow::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    let hint = Hint(format!("chmod 600 {}", path.display()));
    if mode & 0o077 != 0 {
        let open = format!("{} can be read by others (mode {mode:03o})", path.display());
        return Err(anyhow::Error::new(hint).context(open));
    }
    Ok(())
}

/// Makes sure that what was created, renamed or removed in a folder stays so.
pub(crate) fn sync_dir(path: &Path) -> anyhow::Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot write {} to disk", path.display()))
}

/// Writes a file only its owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(PRIVATE_FILE)
            .open(&unfinished)?;
        file.set_permissions(fs::Permissions::from_mode(PRIVATE_FILE))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// An account's name becomes part of a file name.
pub(crate) fn is_file_name(account: &str) -> anyhow::Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    ensure!(
        !account.is_empty() && account.len() <= 64 && account.chars().all(is_plain),
        "an account's name has 1 to 64 letters, digits, dots, dashes or underscores"
    );
    Ok(())
}
