//! Counts tokens as a vendor does, where its vocabulary is public.
//!
//! For every other model bytes stay the bound: a count must never be below
//! what the provider counts. Making a vocabulary takes a tenth of a second, so
//! it happens once, on a thread of its own ([`warm`]); until then a tokenizer
//! counts bytes, too.

mod family;
mod vocabulary;

pub use vocabulary::{Tokenizer, is_of_use, warm};

#[cfg(test)]
mod tests;
