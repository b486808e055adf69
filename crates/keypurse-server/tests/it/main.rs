//! The API as clients see it. Folders mirror URLs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod background;
mod dashboard;
mod edge;
mod gateway;
mod management;
