//! What differs from one route to the next, and nothing else does.
//!
//! [`kind::Endpoint`] is the table of routes: path, feature, who may call it
//! how, and which models serve it. A body is read strictly into an
//! [`asked::Asked`], which is all that admission, money and the way out know
//! of it. A new endpoint is a row of the table, a variant of
//! [`asked::Wire`], and a folder here that reads its body, writes the
//! upstream's and says what an answer of it looks like.

pub(in crate::gateway) mod asked;
pub(in crate::gateway) mod kind;

pub(in crate::gateway) mod members;
pub(in crate::gateway) mod parts;
pub(in crate::gateway) mod splice;
pub(in crate::gateway) mod stream;
pub(in crate::gateway) mod tier;
pub(in crate::gateway) mod tools;
pub(in crate::gateway) mod unpriced;

pub(in crate::gateway) mod chat;
pub(in crate::gateway) mod embeddings;
pub(in crate::gateway) mod media;
pub(in crate::gateway) mod messages;
pub(in crate::gateway) mod moderations;
pub(in crate::gateway) mod responses;
