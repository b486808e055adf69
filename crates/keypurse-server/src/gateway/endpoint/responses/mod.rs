//! Responses: created here like any other call, kept at the provider.
//!
//! The account at a provider is one for all keys, so a client never sees a
//! provider's id of a response: it gets one of ours ([`ids`]), which opens
//! for its owner alone.

pub(in crate::gateway) mod content;
pub(in crate::gateway) mod count;
pub(in crate::gateway) mod ids;
pub(in crate::gateway) mod request;
pub(in crate::gateway) mod shown;
pub(in crate::gateway) mod stored;
pub(in crate::gateway) mod stream;
