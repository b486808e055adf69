//! The dashboard in a real Chromium, beside a server of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::install::{debian, node, python};
use crate::process;
use crate::server::{ACCOUNT_KEY, Launch, Server};
use crate::workspace;

/// Node sorts what it runs at once: the first sees a new instance, and the last
/// fills it.
const FIRST: &[&str] = &["empty.test.mjs"];
const TESTS: &[&str] = &[
    "sign_in.test.mjs",
    "insight.test.mjs",
    "tokens.test.mjs",
    "alerts.test.mjs",
    "audit.test.mjs",
    "csrf.test.mjs",
    "hostile.test.mjs",
    "without_script.test.mjs",
    "accessibility.test.mjs",
];
const LAST: &[&str] = &["thousands.test.mjs"];

/// Every promise of the dashboard, beside a new server with the demo's provider.
pub(crate) fn test() -> Result<()> {
    debian::ensure(debian::FOR_DASHBOARD)?;
    node::DASHBOARD.ensure()?;
    // A new token's page has a first call in Python and Node, to be pasted.
    node::SDKS.ensure()?;
    python::ensure()?;
    let scratch = tempfile::tempdir()?;
    let binary = Server::build()?;
    let (data_dir, log) = (scratch.path().join("data"), scratch.path().join("log"));
    let launch = Launch {
        data_dir: &data_dir,
        log: &log,
        config: None,
        demo: true,
        core: None,
        environment: &[],
    };
    // The first start makes the account, so that it can have a viewer key.
    Server::start(&binary, &launch)?.stop()?;
    let viewer_key = viewer_key(&binary, &data_dir)?;
    let server = Server::start(&binary, &launch)?;
    for tests in [FIRST, TESTS, LAST] {
        let mut node = Command::new("node");
        node.current_dir(node::DASHBOARD.dir());
        node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]);
        node.args(tests);
        node.env("KEYPURSE_URL", server.url());
        node.env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        node.env("KEYPURSE_VIEWER_KEY", viewer_key.trim());
        node.env("PYTHON", python::interpreter());
        node.env("NODE_SDKS", node::SDKS.dir().join("node_modules"));
        process::run(&mut node).with_context(|| server.log_tail())?;
    }
    server.stop()?;
    let mut audit = Command::new(&binary);
    process::run(audit.arg("audit").arg("--data-dir").arg(&data_dir))
        .context("the suite passed, but the books it left do not balance")
}

/// Pictures of a filled instance, for the documents.
pub(crate) fn take_screenshots() -> Result<()> {
    debian::ensure(debian::FOR_TESTS)?;
    debian::ensure(debian::FOR_DASHBOARD)?;
    node::DASHBOARD.ensure()?;
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--package", "keypurse-testkit"]);
    process::run(build.args(["--example", "filled"]))?;
    let mut node = Command::new("node");
    node.current_dir(node::DASHBOARD.dir())
        .arg("screenshots.mjs");
    let filled = workspace::target().join("debug/examples/filled");
    process::run(node.env("FILLED", filled))
}

fn viewer_key(binary: &Path, data_dir: &Path) -> Result<String> {
    let mut create = Command::new(binary);
    create.args(["account", "viewer-key", "create"]);
    process::output(create.arg("--data-dir").arg(data_dir))
}
