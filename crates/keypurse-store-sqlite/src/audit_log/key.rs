//! The key that chains the records.

use std::fmt;

use aws_lc_rs::hmac;
use keypurse_store::{AuditRecord, canonical};

/// Tells one key from another without telling the key.
pub(super) type Fingerprint = [u8; 16];

/// The key that chains the records of the audit log. It stands neither in the
/// database nor in a backup without keys: who has only those can forge nothing.
#[derive(Clone)]
pub struct AuditKey {
    key: hmac::Key,
    fingerprint: Fingerprint,
}

impl AuditKey {
    /// A key of 32 random bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        // No record begins so: the first eight bytes of one are its place.
        let tag = hmac::sign(&key, b"fingerprint of the audit key");
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&tag.as_ref()[..16]);
        Self { key, fingerprint }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The hash of a record that follows one with hash `before`.
    pub(super) fn link(&self, before: &[u8; 32], record: &AuditRecord) -> [u8; 32] {
        let mut signing = hmac::Context::with_key(&self.key);
        signing.update(before);
        signing.update(&canonical(record));
        let mut hash = [0; 32];
        hash.copy_from_slice(signing.sign().as_ref());
        hash
    }

    /// Tells one text from another without telling it, to nobody but us.
    pub fn mark(&self, text: &[u8]) -> [u8; 16] {
        let mut signing = hmac::Context::with_key(&self.key);
        signing.update(b"a text to be told from others\n");
        signing.update(text);
        let mut mark = [0; 16];
        mark.copy_from_slice(&signing.sign().as_ref()[..16]);
        mark
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(hidden)")
    }
}
