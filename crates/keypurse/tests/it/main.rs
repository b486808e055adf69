//! The binary as its users meet it: real processes, real sockets, real files.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod client;
mod process;
mod provider;

mod kill;
mod serve;
