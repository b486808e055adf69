//! Documents name only what exists.

use std::collections::BTreeSet;

use super::file::{File, Finding, has_extension};

/// A backticked path that starts with one of these is a promise.
const OURS: &[&str] = &[
    "crates/", "docs/", "xtask/", "tests/", "benches/", ".ci/", ".config/",
];

pub(super) fn judge(file: &File, paths: &BTreeSet<String>) -> Vec<Finding> {
    if !has_extension(&file.path, "md") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut in_block = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        for path in backticked(line).filter(|path| is_a_promise(path) && !exists(path, paths)) {
            let message = format!("`{path}` does not exist; correct the path, or the paragraph");
            findings.push(file.finding(number, message));
        }
    }
    findings
}

fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Patterns, placeholders and commands are not paths.
fn is_a_promise(text: &str) -> bool {
    OURS.iter().any(|start| text.starts_with(start))
        && !text.contains(|c: char| c.is_whitespace() || "*{}<>…:".contains(c))
}

fn exists(path: &str, paths: &BTreeSet<String>) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    paths.contains(path)
        || paths
            .range(folder.clone()..)
            .next()
            .is_some_and(|next| next.starts_with(&folder))
}
