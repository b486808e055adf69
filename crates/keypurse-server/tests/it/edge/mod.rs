//! What clients do to the server below HTTP's meaning: slow ones, those that
//! write what two parsers read differently, and floods.

mod connections;
mod frames;
mod http2;
mod raw;
mod seen;
mod slow;
mod smuggling;

use std::time::Duration;

use keypurse_server::http::serve::Limits;

/// Patience that a test can outlast. What must not end meanwhile is far away.
const SOON: Duration = Duration::from_millis(150);
const FAR: Duration = Duration::from_mins(1);

/// Nothing here ends by itself.
fn patient() -> Limits {
    Limits {
        connections: 64,
        head: FAR,
        idle: FAR,
        write_stall: FAR,
    }
}
