//! Forms: what they say, what is asked to be done once, and why nothing was.

mod fields;
mod sent;
mod undone;

pub(super) use fields::Form;
pub(super) use sent::{Sent, once};
pub(super) use undone::Undone;
