//! Alerts: looked for every few seconds, delivered until they are taken.
//!
//! What happens when it fails: what cannot be read or noted now is looked for
//! again; an event and its delivery are on disk together, so that a crash loses
//! neither. Nothing of a call waits for this.

mod deliver;
mod evaluate;
mod facts;
mod recent;
mod watch;

pub use deliver::Deliverer;
pub use evaluate::Evaluator;
pub use watch::watch;
