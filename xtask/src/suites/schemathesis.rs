//! schemathesis: requests made up from an OpenAPI document, against the real
//! binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Suite;
use crate::install::python;
use crate::server::{ACCOUNT_KEY, Server};
use crate::{books, process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "schemathesis",
    run,
};

/// What a document we did not write can still demand of us: it may describe
/// fewer statuses and looser fields than we answer and accept.
const CHECKS_FOR_FOREIGN_DOCUMENTS: &str =
    "not_a_server_error,content_type_conformance,response_schema_conformance,ignored_auth";

fn run() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let ours = workspace::root().join("docs/openapi.json");
    books::balanced(scratch.path(), None, |server| {
        process::run(&mut schemathesis(server, &ours, "", "all"))?;
        for document in foreign_documents()? {
            let checks = CHECKS_FOR_FOREIGN_DOCUMENTS;
            process::run(&mut schemathesis(server, &document, "/v2", checks))?;
        }
        Ok(())
    })
}

fn schemathesis(server: &Server, document: &Path, base_path: &str, checks: &str) -> Command {
    let mut command = Command::new(python::interpreter());
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(document);
    command
        .arg("--url")
        .arg(format!("{}{base_path}", server.url()));
    command
        .arg("--header")
        .arg(format!("Authorization:Bearer {ACCOUNT_KEY}"));
    command.args([
        "--checks",
        checks,
        "--max-examples",
        "50",
        "--request-timeout",
        "10",
    ]);
    command.args([
        "--generation-deterministic",
        "--generation-database",
        "none",
        "--no-color",
    ]);
    command
}

/// The vendor's documents in `tests/schemathesis/`, in a fixed order.
fn foreign_documents() -> Result<Vec<PathBuf>> {
    let folder = workspace::root().join("tests/schemathesis");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut documents = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json" || extension == "yaml")
        {
            documents.push(path);
        }
    }
    documents.sort();
    Ok(documents)
}
