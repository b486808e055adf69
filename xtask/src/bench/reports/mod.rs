//! Reports over a year of ten thousand tokens and a hundred million calls: how
//! long they take in the store and over HTTP, how soon the dashboard's pages
//! come, and what calls notice of them.
//!
//! Reports read sums and never calls, so the sums are made up, as many and as
//! large as those calls would leave, and the calls are left out.

mod asked;
mod beside;
mod http;
mod pages;
mod section;
mod stored;

pub(super) use section::{ask_for_all, run};
