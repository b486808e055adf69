//! schemathesis: requests made up from OpenAPI documents, against the real
//! binary. `tests/schemathesis/run.py` knows which documents and what is fair
//! to ask of each.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::python;
use crate::server::ACCOUNT_KEY;
use crate::{books, process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "schemathesis",
    run,
};

fn run() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    books::balanced(scratch.path(), None, |server| {
        let mut command = Command::new(python::interpreter());
        command.arg(workspace::root().join("tests/schemathesis/run.py"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("KEYPURSE_URL", server.url());
        command.env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        process::run(&mut command)
    })
}
