//! What newer models take of how the next token is picked.
//!
//! From Claude 4.1 on, `temperature` and `top_p` are refused together; from 4.7
//! on, each of them and `top_k` ("Migration guide"). Many clients send some by
//! default, so what a model does not take is left out.

use super::model::version;
use crate::translate::chat::Sampling;

const ONE_OF_TWO: (u32, u32) = (4, 1);
const NONE: (u32, u32) = (4, 7);

/// Leaves out what the model does not take.
pub(super) fn fit(sampling: &mut Sampling<'_>, model: &str) {
    let version = version(model);
    if version >= NONE {
        sampling.temperature = None;
        sampling.top_k = None;
        sampling.top_p = None;
    } else if version >= ONE_OF_TWO && sampling.temperature.is_some() {
        sampling.top_p = None;
    }
}
