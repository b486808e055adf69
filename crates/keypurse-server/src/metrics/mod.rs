//! What a node counts, and `/metrics`, where Prometheus reads it.
//!
//! On a call's path there are additions alone, to counters that were looked up
//! when its route was ([`calls::ModelMeters`]). Everything else is read when it
//! is asked for. Labels are the operator's words and the catalogue's: no token,
//! no account, nothing a client made up.

pub(crate) mod calls;
mod money;
mod node;
mod process;
mod scrape;
mod snapshot;

pub use node::{BooksAudited, Metrics};
pub use scrape::routes;
