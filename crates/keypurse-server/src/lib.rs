//! A running node: HTTP and background work, no SQL.
//!
//! `management` manages tokens, `gateway` carries calls; neither imports the
//! other. What both need of HTTP is in `http`. What happens when the ledger
//! fails: no call leaves and no change is claimed (503); reads go on.

pub mod gateway;
pub mod http;
pub mod management;
pub mod metrics;
pub mod rotation;
mod router;
mod state;
pub mod traces;
pub mod vault;

pub use router::router;
pub use state::{AppState, MetricsAccess, Settings, State};
