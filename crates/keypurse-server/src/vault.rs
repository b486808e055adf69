//! What protects secrets at rest: digests for lookup, sealed copies for
//! `reveal_secrets`. Pepper and master key live outside the database.

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;
use keypurse_store::{Digest, KeyCheck, KeyKind, KeyRecord, KeyVersions, Rekeyed, StaleSecret};
use thiserror::Error;

/// Length of pepper and master key, in bytes.
pub const KEY_LEN: usize = 32;
/// Length of a [`Mark`], in bytes.
pub const MARK_LEN: usize = 16;
/// Length of a nonce, which precedes each sealed copy.
const NONCE_LEN: usize = 12;

/// What shows that we wrote a text.
pub type Mark = [u8; MARK_LEN];

/// A key and which version of it this is.
#[derive(Clone, Copy)]
pub struct VersionedKey {
    /// From 1; the highest is the current one.
    pub version: u32,
    /// The key.
    pub key: [u8; KEY_LEN],
}

impl fmt::Debug for VersionedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} (hidden)", self.version)
    }
}

/// What a stored key record recognises a key by. Says nothing about the key.
pub fn key_check(kind: KeyKind, key: &[u8; KEY_LEN]) -> KeyCheck {
    let purpose: &[u8] = match kind {
        KeyKind::Pepper => b"keypurse: which pepper is this",
        KeyKind::Master => b"keypurse: which master key is this",
    };
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose);
    *tag.as_ref().first_chunk().expect("SHA-256 has 32 bytes")
}

/// Digests secrets and seals copies of them, with keys that can be replaced
/// while calls go on.
pub struct Vault {
    keyring: RwLock<Arc<Keyring>>,
}

impl Vault {
    /// A vault over an installation's first pepper and master key.
    pub fn new(pepper: &[u8; KEY_LEN], master: &[u8; KEY_LEN]) -> Self {
        let first = |key: &[u8; KEY_LEN]| VersionedKey {
            version: 1,
            key: *key,
        };
        Self::over(Keyring::new(&[first(pepper)], &[first(master)]))
    }

    /// A vault over some keys.
    pub fn over(keyring: Keyring) -> Self {
        Self {
            keyring: RwLock::new(Arc::new(keyring)),
        }
    }

    /// The keys as they are now. Whoever digests and seals does both with the
    /// same ones.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these keys are used. Record them in the store first.
    pub fn replace(&self, keyring: Keyring) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// What a secret is looked up by, under the current pepper.
    pub fn digest(&self, secret: &str) -> Digest {
        self.keyring().digest(secret)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(hidden)")
    }
}

/// Every version of pepper and master key that is still there.
///
/// Invariant: neither list is empty; both are newest first.
pub struct Keyring {
    peppers: Vec<Pepper>,
    masters: Vec<Master>,
}

struct Pepper {
    version: u32,
    check: KeyCheck,
    key: hmac::Key,
}

struct Master {
    version: u32,
    check: KeyCheck,
    key: RandomizedNonceKey,
}

impl Keyring {
    /// Keys in any order; at least one of each kind.
    pub fn new(peppers: &[VersionedKey], masters: &[VersionedKey]) -> Self {
        let pepper = |key: &VersionedKey| Pepper {
            version: key.version,
            check: key_check(KeyKind::Pepper, &key.key),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key.key),
        };
        let master = |key: &VersionedKey| Master {
            version: key.version,
            check: key_check(KeyKind::Master, &key.key),
            key: RandomizedNonceKey::new(&AES_256_GCM, &key.key)
                .expect("a 32-byte key fits AES-256"),
        };
        let mut keyring = Self {
            peppers: peppers.iter().map(pepper).collect(),
            masters: masters.iter().map(master).collect(),
        };
        assert!(!keyring.peppers.is_empty() && !keyring.masters.is_empty());
        keyring.peppers.sort_by_key(|key| Reverse(key.version));
        keyring.masters.sort_by_key(|key| Reverse(key.version));
        keyring
    }

    /// What new secrets are made under.
    pub fn current(&self) -> KeyVersions {
        KeyVersions {
            pepper: self.peppers[0].version,
            master: self.masters[0].version,
        }
    }

    /// Whether there are older versions, which rows may still be under.
    pub fn has_older(&self) -> bool {
        self.peppers.len() > 1 || self.masters.len() > 1
    }

    /// Every key, as the store remembers it.
    pub fn records(&self, adopted_at: Timestamp) -> Vec<KeyRecord> {
        let record = |kind, version, check| KeyRecord {
            kind,
            version,
            check,
            adopted_at,
        };
        let peppers = self
            .peppers
            .iter()
            .map(|key| record(KeyKind::Pepper, key.version, key.check));
        let masters = self
            .masters
            .iter()
            .map(|key| record(KeyKind::Master, key.version, key.check));
        peppers.chain(masters).collect()
    }

    /// What a secret is looked up by, under the current pepper.
    pub fn digest(&self, secret: &str) -> Digest {
        self.peppers[0].digest(secret)
    }

    /// What a secret may be looked up by, under the current pepper first.
    pub fn digests(&self, secret: &str) -> impl Iterator<Item = Digest> {
        self.peppers.iter().map(|pepper| pepper.digest(secret))
    }

    /// Shows later that we wrote this text. A text must begin with what it is
    /// for and a line break: no secret has one, so no mark is part of a digest.
    pub fn mark(&self, text: &str) -> Mark {
        self.peppers[0].mark(text)
    }

    /// Whether we wrote this text, under whichever pepper.
    pub fn is_marked(&self, text: &str, mark: &Mark) -> bool {
        let mut peppers = self.peppers.iter();
        peppers.any(|pepper| verify_slices_are_equal(&pepper.mark(text), mark).is_ok())
    }

    /// A sealed copy, bound to the secret's digest: moved to another row it
    /// does not open.
    pub fn seal(&self, secret: &TokenSecret, digest: &Digest) -> Vec<u8> {
        let mut text = secret.expose().as_bytes().to_vec();
        let nonce = self.masters[0]
            .key
            .seal_in_place_append_tag(Aad::from(digest), &mut text)
            .expect("a secret is shorter than AES-GCM's limit");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        sealed
    }

    /// Opens a sealed copy, under whichever master key sealed it.
    pub fn unseal(&self, sealed: &[u8], digest: &Digest) -> Result<TokenSecret, SealBroken> {
        let mut masters = self.masters.iter();
        masters
            .find_map(|master| master.unseal(sealed, digest))
            .ok_or(SealBroken)
    }

    /// The same secret under the current keys. It is read from its sealed
    /// copy, which must be whole.
    pub fn renewed(&self, stale: &StaleSecret) -> Result<Rekeyed, SealBroken> {
        let secret = self.unseal(&stale.sealed, &stale.digest)?;
        Ok(self.rekeyed(stale.digest, &secret))
    }

    /// A secret somebody presented, from the digest it was found by to the
    /// current keys.
    pub fn rekeyed(&self, from: Digest, secret: &TokenSecret) -> Rekeyed {
        let to = self.digest(secret.expose());
        Rekeyed {
            from,
            to,
            sealed: self.seal(secret, &to),
            keys: self.current(),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?}, hidden)", self.current())
    }
}

impl Pepper {
    fn digest(&self, secret: &str) -> Digest {
        let tag = hmac::sign(&self.key, secret.as_bytes());
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

impl Pepper {
    fn mark(&self, text: &str) -> Mark {
        let digest = self.digest(text);
        *digest
            .first_chunk()
            .expect("a digest is longer than a mark")
    }
}

impl Master {
    fn unseal(&self, sealed: &[u8], digest: &Digest) -> Option<TokenSecret> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let text = self
            .key
            .open_in_place(Nonce::from(nonce), Aad::from(digest), &mut body)
            .ok()?;
        let text = String::from_utf8(text.to_vec()).ok()?;
        Some(TokenSecret::from_text(text))
    }
}

/// A sealed copy that does not open: altered, of another secret, or sealed
/// under a master key that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sealed secret does not open with this master key")]
pub struct SealBroken;

#[cfg(test)]
mod tests {
    use super::{KEY_LEN, Keyring, SealBroken, VersionedKey};
    use keypurse_core::id::SecretId;
    use keypurse_core::secret::TokenSecret;
    use keypurse_store::{KeyVersions, StaleSecret};

    fn keys(numbers: &[(u32, u8)]) -> Vec<VersionedKey> {
        let key = |&(version, byte)| VersionedKey {
            version,
            key: [byte; KEY_LEN],
        };
        numbers.iter().map(key).collect()
    }

    fn keyring(peppers: &[(u32, u8)], masters: &[(u32, u8)]) -> Keyring {
        Keyring::new(&keys(peppers), &keys(masters))
    }

    fn example() -> TokenSecret {
        TokenSecret::from_text("kp_live_example".to_owned())
    }

    #[test]
    fn a_sealed_copy_opens_only_in_its_place_and_under_its_key() {
        let ring = keyring(&[(1, 1)], &[(1, 2)]);
        let secret = example();
        let digest = ring.digest(secret.expose());
        let sealed = ring.seal(&secret, &digest);
        assert_eq!(ring.unseal(&sealed, &digest), Ok(secret));
        let other_row = ring.digest("another");
        assert_eq!(ring.unseal(&sealed, &other_row), Err(SealBroken));
        let other_key = keyring(&[(1, 1)], &[(1, 3), (2, 4)]);
        assert_eq!(other_key.unseal(&sealed, &digest), Err(SealBroken));
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert_eq!(
                ring.unseal(&flipped, &digest),
                Err(SealBroken),
                "bit of byte {index}"
            );
        }
        assert_eq!(ring.unseal(&[], &digest), Err(SealBroken));
    }

    #[test]
    fn a_digest_depends_on_the_pepper() {
        let [one, two] = [1, 2].map(|byte| keyring(&[(1, byte)], &[(1, 0)]).digest("secret"));
        assert_ne!(one, two);
    }

    #[test]
    fn new_secrets_are_made_under_the_newest_keys_and_old_ones_still_open() {
        let old = keyring(&[(1, 1)], &[(1, 2)]);
        let both = keyring(&[(1, 1), (3, 9)], &[(2, 8), (1, 2)]);
        let newest = KeyVersions {
            pepper: 3,
            master: 2,
        };
        assert_eq!(both.current(), newest);
        let digest = old.digest("kp_live_example");
        let found: Vec<_> = both.digests("kp_live_example").collect();
        assert_eq!(found, [both.digest("kp_live_example"), digest]);
        let sealed = old.seal(&example(), &digest);
        assert_eq!(both.unseal(&sealed, &digest), Ok(example()));

        let id = SecretId(1);
        let keys = KeyVersions::FIRST;
        let stale = StaleSecret {
            id,
            digest,
            sealed,
            keys,
        };
        let moved = both.renewed(&stale).unwrap();
        assert_eq!((moved.from, moved.keys), (digest, newest));
        let new = keyring(&[(3, 9)], &[(2, 8)]);
        assert_eq!(new.unseal(&moved.sealed, &moved.to), Ok(example()));
        assert_eq!(
            new.unseal(&stale.sealed, &digest),
            Err(SealBroken),
            "a retired master key opens nothing"
        );
    }

    #[test]
    fn a_copy_from_before_a_rotation_does_not_open_in_its_place_after_it() {
        let ring = keyring(&[(1, 1)], &[(1, 2)]);
        let before = ring.digest("kp_live_before");
        let old_copy = ring.seal(
            &TokenSecret::from_text("kp_live_before".to_owned()),
            &before,
        );
        let after = ring.digest("kp_live_after");
        assert_eq!(ring.unseal(&old_copy, &after), Err(SealBroken));
    }

    #[test]
    fn a_tampered_copy_is_not_carried_to_new_keys() {
        let both = keyring(&[(1, 1), (2, 3)], &[(1, 2), (2, 4)]);
        let old = keyring(&[(1, 1)], &[(1, 2)]);
        let digest = old.digest("kp_live_example");
        let mut sealed = old.seal(&example(), &digest);
        sealed[20] ^= 1;
        let (id, keys) = (SecretId(1), KeyVersions::FIRST);
        let stale = StaleSecret {
            id,
            digest,
            sealed,
            keys,
        };
        assert!(matches!(both.renewed(&stale), Err(SealBroken)));
    }
}
