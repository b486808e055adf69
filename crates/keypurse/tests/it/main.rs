//! The binary as its users meet it: real processes, real sockets, real files.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]
#![expect(clippy::print_stdout, reason = "a test prints what it counted")]
#![expect(
    clippy::disallowed_methods,
    reason = "clients of a test have no tracker"
)]

mod client;
mod process;
mod provider;
mod shop;
mod small_disk;

mod alerts;
mod backup;
mod clock;
mod commands;
mod corruption;
mod dashboard;
mod disk_full;
mod edge;
mod io_error;
mod keys;
mod oracle;
mod serve;
mod sigterm;
mod terminal;
