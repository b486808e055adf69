//! The files tidy reads, and what it says of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// A file of the tree: its path from the root, with `/`, and its text.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// What is wrong where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) message: String,
}

impl File {
    /// `None` for what is not text, or deleted and not yet committed so.
    pub(super) fn read(path: &str) -> Option<Self> {
        let text = fs::read_to_string(workspace::root().join(path)).ok()?;
        Some(Self {
            path: path.to_owned(),
            text,
        })
    }

    pub(super) fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            message: message.into(),
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// Whether all of it is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Its lines, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

/// Everything git tracks or would: ignored files are nobody's business.
pub(super) fn tracked_paths() -> Result<BTreeSet<String>> {
    let mut git = Command::new("git");
    git.current_dir(workspace::root());
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listing = process::output(&mut git)?;
    Ok(listing.split_terminator('\0').map(str::to_owned).collect())
}
