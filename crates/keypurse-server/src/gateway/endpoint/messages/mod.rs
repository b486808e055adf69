//! Anthropic's `messages`.

pub(in crate::gateway) mod betas;
pub(in crate::gateway) mod count;
pub(in crate::gateway) mod count_tokens;
pub(in crate::gateway) mod model_name;
pub(in crate::gateway) mod request;
pub(in crate::gateway) mod shown;
pub(in crate::gateway) mod stream;
mod thinking;
