//! Answers that are given again: for tokens that ask for it, the same request
//! gets the same answer for a while, at no cost.
//!
//! In memory alone, bounded, and gone with the process. Only whole answers are
//! kept, never failures and nothing that was cut. The call is recorded as any
//! other, at nothing.

mod answers;
mod free;
mod recording;

pub(super) use answers::CachedAnswers;
pub(super) use recording::{Recording, Unknown, serve_again};
