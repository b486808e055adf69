//! A node's HTTP API, as the command line calls it: a running node over HTTP,
//! or a data directory through the same router without a listener.
//!
//! What happens when it fails: every refusal becomes an error that names its
//! reasons and a command that helps. Answers are text; money in them is read
//! from its digits, never through a float.

mod call;
mod connect;
mod http;
mod refusal;

#[cfg(test)]
pub(crate) use call::Transport;
pub(crate) use call::{Answer, Api, Call, in_path};
pub(crate) use connect::ConnectArgs;
