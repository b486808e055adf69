//! What a node puts up with from its clients.

use std::time::Duration;

/// How many connections there may be, and how long each may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; beyond it a client is turned away at once.
    pub connections: usize,
    /// From the first byte of a request to the end of its headers, and from a
    /// new connection to the end of its first request's headers.
    pub head: Duration,
    /// From an answer to the next request on its connection. Longer than SDKs
    /// keep idle connections, so that none is cut when it is used again.
    pub idle: Duration,
    /// How long a client may take nothing of what is ready for it.
    pub write_stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_secs(30),
        }
    }
}
