//! `embeddings`.

mod answer;
mod dimensions;
mod input;
mod vector;

pub(super) use answer::reply;
