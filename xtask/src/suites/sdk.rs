//! The official SDKs against the real binary and a scripted upstream.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::{node, python};
use crate::process::{self, Background};
use crate::server::{ACCOUNT_KEY, Server};
use crate::{books, http, workspace};

pub(super) const PYTHON: Suite = Suite {
    name: "sdk-python",
    run: python,
};
pub(super) const NODE: Suite = Suite {
    name: "sdk-node",
    run: node,
};

fn python() -> Result<()> {
    with_server(|| {
        let mut pytest = Command::new(python::interpreter());
        pytest.current_dir(workspace::root());
        pytest.args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/sdk/python",
        ]);
        pytest
    })
}

fn node() -> Result<()> {
    with_server(|| {
        let mut command = Command::new("node");
        command
            .current_dir(node::suite_dir())
            .args(["--test", "--test-reporter=spec"]);
        command
    })
}

/// Runs a suite with what it needs to know in its environment.
fn with_server(suite: fn() -> Command) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (_upstream, upstream_url) = scripted_upstream(scratch.path())?;
    let config = scratch.path().join("keypurse.toml");
    fs::write(&config, configuration(&upstream_url))?;
    books::balanced(scratch.path(), Some(&config), |server: &Server| {
        let mut command = suite();
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("KEYPURSE_URL", server.url());
        command.env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        command.env("SCRIPTED_UPSTREAM_URL", &upstream_url);
        process::run(&mut command)
    })
}

fn scripted_upstream(scratch: &Path) -> Result<(Background, String)> {
    let port = process::free_port()?.to_string();
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(python::interpreter());
    command
        .arg(workspace::root().join("tests/sdk/upstream.py"))
        .args(["--port", &port]);
    let log = scratch.join("upstream.log");
    let mut upstream = Background::start("the scripted upstream", &mut command, &log)?;
    http::wait_ready(&mut upstream, &format!("{url}/readyz"))?;
    Ok((upstream, url))
}

/// One provider, `scripted`, whose every model has one price.
fn configuration(upstream_url: &str) -> String {
    let provider = format!(
        "[providers.scripted]\n\
         kind = \"openai\"\n\
         base_url = \"{upstream_url}/v1\"\n\
         api_key = \"sk-scripted-upstream\"\n"
    );
    let prices = ["text", "tools", "schema", "gated", "busy"].map(price);
    provider + &prices.concat()
}

fn price(model: &str) -> String {
    format!(
        "\n[[prices]]\n\
         model = \"scripted/{model}\"\n\
         input_per_million = \"3.00\"\n\
         output_per_million = \"15.00\"\n\
         max_output_tokens = 4096\n"
    )
}
