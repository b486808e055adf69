//! An alert that is wished for: read strictly, then made or laid over the one
//! there is.

mod condition;
mod make;
mod webhook;
mod wire;

pub(crate) use make::{new_rule, over};
pub(crate) use wire::read;
