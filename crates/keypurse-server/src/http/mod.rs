//! What management and gateway share of HTTP.

pub mod authenticate;
pub mod json;
pub mod revocations;
pub mod throttle;
