//! Chat completions.

pub(in crate::gateway) mod content;
pub(in crate::gateway) mod count;
pub(in crate::gateway) mod request;
pub(in crate::gateway) mod stream;
