//! What the operator chose: flags over environment over file over defaults.

mod file;
mod merge;
mod prices;
mod providers;
mod reference;

pub(crate) use merge::{Config, Tls};
pub(crate) use providers::Environment;

#[cfg(test)]
mod tests;
