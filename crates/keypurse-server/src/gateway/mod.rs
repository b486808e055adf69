//! Calls to models: `/v3` and `/v1`.

/// Providers, prices and the client that reaches them.
#[derive(Debug)]
pub struct Gateway {}
