//! What was used, and what it cost: `/v2/cost_management/`.
//!
//! Reports come from sums that storage keeps, never from calls, and are put
//! together beside the tasks that carry calls. What happens when it fails: the
//! report is refused, and nothing else notices.

mod calls;
mod costs;
mod filters;
mod focus;
mod groups;
mod parameters;
mod period;
mod range;
mod reader;
mod selection;
mod summary;

pub(super) use calls::calls;
pub(super) use filters::status_word;
pub(super) use focus::focus;
pub(super) use groups::Group;
pub(super) use summary::summary;

use crate::http::refusal::Refusal;

/// Does what may take long where it holds up no call.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let done = keypurse_store::aside(work).await;
    done.map_err(|_| Refusal::Bug)
}
