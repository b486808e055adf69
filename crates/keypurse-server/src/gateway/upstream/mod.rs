//! The way out: providers, how they are reached, and what they answer up to
//! the first byte.

pub(in crate::gateway) mod address;
pub(in crate::gateway) mod client;
pub(in crate::gateway) mod demo;
pub(in crate::gateway) mod dialect;
pub(in crate::gateway) mod dispatch;
pub(in crate::gateway) mod fetch;
pub(in crate::gateway) mod lookup;
pub(in crate::gateway) mod provider;
pub(in crate::gateway) mod simulated;
pub(in crate::gateway) mod translation;
