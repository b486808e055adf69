//! `GET models` and `{route}/models`: what can be called, and what it costs.
//! Public.

mod aliases;
mod anthropic;
mod example;
mod facts;
mod list;
mod listed;
mod select;

pub(super) use list::{Lists, list, one};
