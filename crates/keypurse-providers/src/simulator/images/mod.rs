//! `images/generations` and `images/edits`.
//!
//! A picture is a real PNG in the proportions asked for, but at most 64 pixels
//! long: pictures of the full size would be megabytes that say nothing. The
//! answer tells its true size and format, whatever was asked for; the usage is
//! that of the size asked for.

mod answer;
mod picture;
mod png;
mod request;
mod usage;

pub(super) use answer::{edits, generations};
