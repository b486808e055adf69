//! Whether a token's rules let a call be made: who may call which model from
//! where, how often and how many at once.
//!
//! Asked once per call, after its model is known and before money is set aside
//! for it. Limits count what this process has seen; a restart forgets it. A
//! token without rules takes no lock and asks nobody.

mod admit;
mod loads;
mod permit;
mod refused;

pub(super) use admit::{Wanted, admit, admit_address, permits_model};
pub(super) use loads::Loads;
pub(super) use permit::Permit;
pub(super) use refused::Refused;
