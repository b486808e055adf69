//! The way back: what a provider answers is metered, charged and shown.

pub(in crate::gateway) mod cost;
pub(in crate::gateway) mod meter;
pub(in crate::gateway) mod sound;
pub(in crate::gateway) mod source;
pub(in crate::gateway) mod stream;
pub(in crate::gateway) mod whole;
