//! `cargo xtask tidy`: the house rules no other tool knows, line by line and
//! without parsing. Layout is rustfmt's, so it can be trusted.
//!
//! Every finding says its remedy. A rule that cannot say one is no rule.

mod documents;
mod file;
mod sizes;
mod walls;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use file::{File, Finding};

pub(crate) fn run() -> Result<()> {
    let paths = file::tracked_paths()?;
    let files: Vec<_> = paths.iter().filter_map(|path| File::read(path)).collect();
    let findings: Vec<_> = files.iter().flat_map(|file| judge(file, &paths)).collect();
    for Finding {
        path,
        line,
        message,
    } in &findings
    {
        println!("{path}:{line}: {message}");
    }
    ensure!(
        findings.is_empty(),
        "tidy found {} things to change",
        findings.len()
    );
    eprintln!("tidy: {} files", files.len());
    Ok(())
}

fn judge(file: &File, paths: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = sizes::judge(file);
    findings.extend(walls::judge(file));
    findings.extend(words::judge(file));
    findings.extend(documents::judge(file, paths));
    findings
}
