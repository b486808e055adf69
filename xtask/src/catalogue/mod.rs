//! `cargo xtask catalogue`: rewrites the vendored model catalogue from the
//! published prices of genai-prices and the published limits of litellm.
//!
//! Nothing is dropped silently: what is not carried over is counted on stdout,
//! and what the import does not understand stops it. Prices are read from
//! their text and never pass through a binary float.

mod command;
mod difference;
mod import;
mod limits;
mod model;
mod modes;
mod prices;
mod report;
mod rules;
mod source;
mod tiers;
mod vendored;

pub(crate) use command::{Options, run};

#[cfg(test)]
mod tests;
