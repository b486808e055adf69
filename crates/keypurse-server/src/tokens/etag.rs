//! What was seen of a token, so that only that is changed.
//!
//! A tag covers the settings and the secret of a token, not its balance, which
//! every call changes.

use aws_lc_rs::digest::{SHA256, digest};
use keypurse_core::time::Timestamp;
use keypurse_store::Token;

/// A token's strong entity tag, quoted.
pub(crate) fn etag(token: &Token) -> String {
    let settings = &token.settings;
    let seen = format!(
        "{:?} {:?} {} {:?} {:?} {:?} {} {:?} {:?} {}",
        token.id,
        settings.kind,
        settings.has_budget,
        settings.expires_at.map(Timestamp::micros),
        settings.overdraft,
        // When the next reset comes is no setting: it moves by itself.
        settings.reset.map(|reset| (reset.period, reset.amount)),
        settings.simulate_budget,
        settings.rules,
        token.digest,
        settings.name.as_str(),
    );
    let digest = digest(&SHA256, seen.as_bytes());
    let tag = digest.as_ref().first_chunk().copied();
    // 128 bits, so that no two states of a token share a tag.
    let tag = u128::from_be_bytes(tag.expect("SHA-256 has 32 bytes"));
    format!("\"{tag:032x}\"")
}
