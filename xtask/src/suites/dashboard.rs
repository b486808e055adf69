//! The dashboard as people use it, in a real Chromium: every page and action,
//! with and without a script, attacked from other sites, and with ten thousand
//! tokens.

use super::Suite;
use crate::dashboard;

pub(super) const SUITE: Suite = Suite {
    name: "dashboard",
    run: dashboard::test,
};
