//! What management and dashboard both need to change tokens: how wishes are
//! read, how secrets are made, and what a change means for calls under way.

mod changes;
mod etag;
mod rules_wire;
mod secrets;
pub(crate) mod wire;

pub(crate) use changes::{
    RotationWish, create_change, end_calls_of, refuse, rotate_change, with_taken,
};
pub(crate) use etag::etag;
pub(crate) use secrets::{revealed, revealed_if};
