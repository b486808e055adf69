//! The translators between dialects, compared with langchain's and read by
//! the official SDKs' own types.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::python;
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "translators",
    run,
};

fn run() -> Result<()> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--package", "keypurse-providers"]);
    process::run(build.args(["--example", "translate"]))?;
    let mut pytest = Command::new(python::interpreter());
    pytest.current_dir(workspace::root());
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    pytest.arg("tests/translators");
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    let built = workspace::target().join("debug/examples/translate");
    process::run(pytest.env("TRANSLATE", built))
}
