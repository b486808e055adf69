//! The key files of a data directory: `pepper.key`, `pepper-2.key`, … and
//! `master.key`, `master-2.key`, …, the highest version the current one; and
//! `audit.key`, which chains the audit log and is never replaced while it is
//! there: what it proves is old by nature.
//!
//! A version is added as a new file and dropped by removing it. No file is ever
//! written twice, so no key can be lost to a torn or a second write.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
use keypurse_core::entropy::Entropy;
use keypurse_server::vault::{KEY_LEN, Keyring, VersionedKey, key_check};
use keypurse_store::{KeyCheck, KeyKind};

use crate::data_dir::{is_private, sync_dir, write_private};
use crate::hint::Hint;

/// Both kinds, as they are listed.
pub(crate) const KINDS: [KeyKind; 2] = [KeyKind::Pepper, KeyKind::Master];

/// All keys of a folder.
#[derive(Debug, Default)]
pub(crate) struct KeyFiles {
    peppers: Vec<VersionedKey>,
    masters: Vec<VersionedKey>,
}

/// What a version's file is called.
pub(crate) fn file_name(kind: KeyKind, version: u32) -> String {
    match version {
        1 => format!("{}.key", stem(kind)),
        _ => format!("{}-{version}.key", stem(kind)),
    }
}

fn stem(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Pepper => "pepper",
        KeyKind::Master => "master",
    }
}

/// What people call it.
pub(crate) fn noun(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Pepper => "pepper",
        KeyKind::Master => "master key",
    }
}

/// What chains the audit log.
pub(crate) const AUDIT_KEY: &str = "audit.key";

/// Whether a file of this name is a key's.
pub(crate) fn is_key_file(name: &str) -> bool {
    name == AUDIT_KEY || parse_name(name).is_some()
}

/// Which key a file of this name is.
fn parse_name(name: &str) -> Option<(KeyKind, u32)> {
    let name = name.strip_suffix(".key")?;
    KINDS.into_iter().find_map(|kind| {
        let rest = name.strip_prefix(stem(kind))?;
        if rest.is_empty() {
            return Some((kind, 1));
        }
        let version: u32 = rest.strip_prefix('-')?.parse().ok()?;
        // One name per version: `pepper-02.key` is somebody else's.
        (version > 1 && file_name(kind, version) == format!("{name}.key"))
            .then_some((kind, version))
    })
}

impl KeyFiles {
    /// Every key there is, which may be none.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut keys = Self::default();
        let cannot = || format!("cannot read the folder {}", folder.display());
        for entry in fs::read_dir(folder).with_context(cannot)? {
            let name = entry.with_context(cannot)?.file_name();
            if let Some((kind, version)) = name.to_str().and_then(parse_name) {
                let key = read_key(&folder.join(&name))?;
                keys.of_mut(kind).push(VersionedKey { version, key });
            }
        }
        Ok(keys)
    }

    /// Makes the first version of what is missing.
    pub(crate) fn create_missing(folder: &Path, entropy: &dyn Entropy) -> anyhow::Result<()> {
        let keys = Self::read(folder)?;
        for kind in KINDS {
            if keys.of(kind).is_empty() {
                add(folder, kind, 1, entropy)?;
            }
        }
        Ok(())
    }

    /// At least one key of each kind, or an error that says what is missing.
    pub(crate) fn complete(self, folder: &Path) -> anyhow::Result<Self> {
        for kind in KINDS {
            if self.of(kind).is_empty() {
                return Err(missing(folder, kind, 1));
            }
        }
        Ok(self)
    }

    /// For use. Call on a complete set.
    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::new(&self.peppers, &self.masters)
    }

    /// All versions of one kind.
    pub(crate) fn of(&self, kind: KeyKind) -> &[VersionedKey] {
        match kind {
            KeyKind::Pepper => &self.peppers,
            KeyKind::Master => &self.masters,
        }
    }

    fn of_mut(&mut self, kind: KeyKind) -> &mut Vec<VersionedKey> {
        match kind {
            KeyKind::Pepper => &mut self.peppers,
            KeyKind::Master => &mut self.masters,
        }
    }

    /// The current version of a kind; 0: there is none.
    pub(crate) fn newest(&self, kind: KeyKind) -> u32 {
        let versions = self.of(kind).iter().map(|key| key.version);
        versions.max().unwrap_or(0)
    }

    /// What one version is recognised by.
    pub(crate) fn check_of(&self, kind: KeyKind, version: u32) -> Option<KeyCheck> {
        let mut keys = self.of(kind).iter();
        let key = keys.find(|key| key.version == version)?;
        Some(key_check(kind, &key.key))
    }
}

/// The error for a key that is needed and not there.
pub(crate) fn missing(folder: &Path, kind: KeyKind, version: u32) -> anyhow::Error {
    let name = file_name(kind, version);
    let hint = format!("restore {name} from your backup of the data directory");
    let without = match kind {
        KeyKind::Pepper => "no key can be checked",
        KeyKind::Master => "no secret can be shown",
    };
    let path = folder.join(name);
    let lost = format!("{} is missing; without it {without}", path.display());
    anyhow::Error::new(Hint(hint)).context(lost)
}

/// A key from a file that only its owner can read.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<[u8; KEY_LEN]> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    is_private(path)?;
    let length = bytes.len();
    bytes
        .try_into()
        .ok()
        .with_context(|| format!("{} has {length} bytes instead of {KEY_LEN}", path.display()))
}

/// Makes a new key. On disk when this returns, and never in place of another.
pub(crate) fn add(
    folder: &Path,
    kind: KeyKind,
    version: u32,
    entropy: &dyn Entropy,
) -> anyhow::Result<()> {
    let mut key = [0; KEY_LEN];
    entropy.fill(&mut key);
    write_new(folder, kind, VersionedKey { version, key })
}

/// Writes a key to where none is.
pub(crate) fn write_new(folder: &Path, kind: KeyKind, key: VersionedKey) -> anyhow::Result<()> {
    write_new_as(folder, &file_name(kind, key.version), &key.key)
}

/// Writes a key to a file of this name, where none is.
pub(crate) fn write_new_as(folder: &Path, name: &str, key: &[u8; KEY_LEN]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let unfinished = path.with_extension(std::process::id().to_string());
    write_private(&unfinished, key)?;
    // A link, unlike a rename, does not replace what another made meanwhile.
    let linked = fs::hard_link(&unfinished, &path);
    fs::remove_file(&unfinished)
        .with_context(|| format!("cannot remove {}", unfinished.display()))?;
    match linked {
        Ok(()) => sync_dir(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already; it is left as it is", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::{file_name, parse_name};
    use keypurse_store::KeyKind::{Master, Pepper};

    #[test]
    fn a_version_has_one_name() {
        for (name, key) in [
            ("pepper.key", Some((Pepper, 1))),
            ("pepper-2.key", Some((Pepper, 2))),
            ("master-13.key", Some((Master, 13))),
            ("pepper-1.key", None),
            ("pepper-02.key", None),
            ("pepper-0.key", None),
            ("pepper-2.new", None),
            ("account.key", None),
            ("account-pepper.key", None),
            ("peppers.key", None),
        ] {
            assert_eq!(parse_name(name), key, "{name}");
            if let Some((kind, version)) = key {
                assert_eq!(file_name(kind, version), name);
            }
        }
    }
}
