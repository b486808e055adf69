//! Which models may answer a call, in which order, and how often it is tried.
//!
//! [`alias`] names models, [`resolve`] finds the [`route`] to one by its name, [`wish`] is what a request says, [`candidates`]
//! puts both in order, [`attempts`] tells what was tried, [`retry`] what is
//! tried again, [`health`] how providers did lately. A call to one model pays
//! for none of it. Money is held anew before another model is tried, and only
//! the attempt that answered is charged.
//!
//! What happens when it fails: the client gets the failure of the last attempt,
//! at no cost.

pub(super) mod alias;
pub(super) mod attempts;
pub(super) mod candidates;
mod facts;
pub(super) mod health;
pub(super) mod resolve;
pub(super) mod retry;
pub(super) mod route;
pub(super) mod wish;
