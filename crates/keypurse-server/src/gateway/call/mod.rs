//! The path of a call, the same for every endpoint.
//!
//! [`serve`]: authenticate → claim → read → resolve → bound; [`carry`]: hold
//! → dispatch → relay → settle, whether its client stays or not ([`carried`]). What differs from one
//! endpoint to the next is asked of [`super::endpoint`].

mod carried;
pub(in crate::gateway) mod carry;
pub(in crate::gateway) mod serve;

pub(in crate::gateway) mod admit;
pub(in crate::gateway) mod bound;
pub(in crate::gateway) mod count;
pub(in crate::gateway) mod fund;
pub(in crate::gateway) mod once;
pub(in crate::gateway) mod open_hold;
pub(in crate::gateway) mod read_body;
pub(in crate::gateway) mod settle;
