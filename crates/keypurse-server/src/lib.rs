//! A running node: HTTP and background work, no SQL.
//!
//! `management` manages tokens, `gateway` carries calls, `dashboard` shows both
//! to people; none imports another. What they need of HTTP is in `http`. What happens when the ledger
//! fails: no call leaves and no change is claimed (503); reads go on.

pub mod alerts;
pub mod background;
pub mod dashboard;
pub mod gateway;
pub mod http;
pub mod management;
pub mod rotation;
mod router;
mod state;
mod tokens;
pub mod vault;

pub use router::router;
pub use state::{AppState, Settings, State, Transport};
