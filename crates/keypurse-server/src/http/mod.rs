//! What management, gateway and dashboard share of HTTP.

pub mod answer;
pub mod authenticate;
pub mod body;
pub mod client_tls;
pub mod cors;
pub mod csv;
pub mod envelope;
pub mod fallback;
pub(crate) mod fields;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod linger;
pub mod multipart;
pub mod pace;
pub mod peer;
pub mod pieces;
mod recognise;
pub mod refusal;
pub mod request_id;
pub mod revocations;
pub mod serve;
pub mod sign_ins;
pub mod throttle;
