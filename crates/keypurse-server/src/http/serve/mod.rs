//! Listens, and hands each request to the router.
//!
//! Not `axum::serve`: that waits for ever for a request's headers, and leaves
//! Nagle's algorithm on, which stalls streamed answers by 40 ms.
//!
//! A client that keeps us waiting is let go: one that does not send its headers
//! ([`head_timer`]), that does not read ([`socket`]), or that does either behind
//! HTTP/2's flow control ([`streams`]). How long a body may take is
//! [`crate::http::pace`]'s.

mod connection;
mod head_timer;
mod limits;
mod listen;
mod socket;
mod streams;

pub use limits::Limits;
pub use listen::{Listener, serve};
