//! What goes on beside requests.

mod alerts;
