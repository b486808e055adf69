//! What models exist, what they cost and how much they can read and write.
//!
//! The catalogue is part of the program: one file, `data/catalogue.json`,
//! refreshed by `cargo xtask catalogue` and never fetched while running. It
//! names what a provider's published prices say and refuses to guess: a model
//! without a known price, or with one that token counts cannot express, is
//! found but has no price. Prices the operator sets come before these; that is
//! up to whoever asks.
//!
//! Invariant: the embedded file reads (`the_bundled_catalogue_reads`), so
//! [`Catalogue::bundled`] cannot fail in a released program.

mod entry;
mod lookup;
mod read;
mod rules;
mod schedule;
pub mod wire;

pub use entry::{Extra, Mode, ModelEntry};
pub use lookup::Catalogue;
pub use read::{CatalogueError, ModelFault};

#[cfg(test)]
mod tests;
