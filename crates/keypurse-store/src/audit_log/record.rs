//! A record, and where the log ends.

use std::fmt;

use keypurse_core::id::AccountId;
use keypurse_core::time::Timestamp;

/// One record of the log, as it is stored: texts are kept as they were
/// written, because the hash is over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place, from 1 and without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Whose; `None`: it concerns the whole installation.
    pub account: Option<AccountId>,
    /// Who did it, as [`Who`](super::Who) is written.
    pub actor: String,
    /// The address it came from, if it came over the network.
    pub address: Option<String>,
    /// What was done, as [`Action::as_str`](super::Action::as_str) says it.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What changed: a JSON object.
    pub details: String,
    /// HMAC-SHA-256 over the hash before it and [`canonical`](super::canonical()) of this.
    pub hash: [u8; 32],
}

/// The newest record, by which it is noticed later that some have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Its place; 0: the log is empty.
    pub seq: i64,
    /// Its hash; zeroes: the log is empty.
    pub hash: [u8; 32],
}

impl AuditHead {
    /// Where an empty log ends.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: [0; 32],
    };

    /// The hash in hexadecimal.
    pub fn hex(&self) -> String {
        let digits = self.hash.iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (hex, seq) = text.split_once(':')?;
        let mut hash = [0; 32];
        if hex.len() != 2 * hash.len() || !hex.is_ascii() {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).ok()?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
        Some(Self { seq, hash })
    }
}

/// The hash in hexadecimal, a colon, the place.
impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.hex(), self.seq)
    }
}
