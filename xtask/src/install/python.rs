//! Python packages, in a virtual environment under `target/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// The environment's interpreter.
pub(crate) fn interpreter() -> PathBuf {
    workspace::target().join("venv/bin/python")
}

/// Makes the environment match `xtask/requirements.txt`.
pub(crate) fn ensure() -> Result<()> {
    let venv = workspace::target().join("venv");
    let requirements = workspace::root().join("xtask/requirements.txt");
    // Written last, so an installation that was cut short is repeated.
    let installed = venv.join("installed-requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let what = format!("{} Python packages into target/venv", pins(&wanted));
    super::announce(
        &what,
        "pip",
        "the official SDKs, langchain, pydantic-ai and schemathesis, for their suites",
    );
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    let mut pip = Command::new(interpreter());
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--requirement",
    ])
    .arg(&requirements);
    process::run(&mut pip)?;
    process::run(Command::new(interpreter()).args(["-m", "pip", "check"]))?;
    fs::write(installed, wanted)?;
    Ok(())
}

fn pins(requirements: &str) -> usize {
    requirements
        .lines()
        .filter(|line| line.contains("=="))
        .count()
}
