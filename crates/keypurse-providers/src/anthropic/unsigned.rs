//! Thinking that Anthropic did not sign.

use super::to_event;

/// What stands for the signature of thinking that is another model's, or that
/// was cut: clients leave out thinking without any, and Anthropic refuses a
/// signature that is not its own.
pub(crate) const UNSIGNED: &str = "keypurse";

/// Whether a block of thinking has no signature of Anthropic's for certain.
/// Clients may have put together what a block began and ended with.
pub fn is_unsigned(signature: &str) -> bool {
    signature.starts_with(UNSIGNED)
}

/// The event that signs an open block of thinking.
pub(crate) fn signing(index: u64) -> String {
    let delta = format!(r#"{{"type":"signature_delta","signature":"{UNSIGNED}"}}"#);
    let data = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#);
    to_event("content_block_delta", &data)
}
