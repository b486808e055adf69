//! The store on real files: promises, crashes, books.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]
#![expect(clippy::print_stdout, reason = "a test prints what it measured")]

mod harness;

mod backup;
mod conformance;
mod corruption;
mod recovery;
mod start;
mod writer_panic;
