//! `docs/compatibility.md`: which client does what through Keypurse, made from
//! the promises the SDK suites keep.

mod command;
mod page;
mod promise;

pub(crate) use command::{Options, check, run};
pub(crate) use promise::{Language, kept};
