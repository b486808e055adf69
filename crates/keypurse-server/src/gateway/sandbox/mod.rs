//! Sandbox tokens: answered by the simulator, never by a provider.
//!
//! One path for every endpoint: [`asked`] finds the failure that is asked for,
//! [`mod@answer`] simulates and [`record`]s the call, [`whole`] and [`stream`] show
//! it as a live one is shown, with what it would have cost beside its cost of
//! nothing. A provider's [`silence`] is waited out.
//!
//! Invariant (L12): a route of [`crate::gateway::routing::resolve`] for a sandbox
//! token leads to nobody, and nothing here touches a balance.

mod answer;
mod asked;
mod cost;
mod record;
mod responses;
mod silence;
mod simulate;
mod stream;
mod whole;

pub(super) use answer::{Call, answer};
pub(super) use asked::{fail_count, headers_of, rehearsed};
pub(super) use responses::{StoredResponses, stored};
pub(super) use simulate::{Received, Stamped, simulate};
