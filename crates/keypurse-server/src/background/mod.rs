//! Work nobody asked for: it goes on beside requests and waits for none.

pub mod alerts;
