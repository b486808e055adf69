//! What a fresh machine lacks. Each installer looks first, says what it
//! installs and why, and installs the exact version this tree was tested with.

pub(crate) mod cargo_tools;
pub(crate) mod debian;
pub(crate) mod node;
pub(crate) mod python;

/// Says what is about to be installed, by what and what for.
pub(crate) fn announce(what: &str, by: &str, purpose: &str) {
    eprintln!("installing {what} (by {by}): {purpose}");
}
