//! The log: lines to stderr, without secrets, and without making anybody wait.

mod redact;
mod start;
#[cfg(feature = "otel")]
mod traces;
mod writer;

pub(crate) use start::{LogConfig, LogFormat, start};
