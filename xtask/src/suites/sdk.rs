//! The official SDKs against the real binary and a scripted upstream. What they
//! promise is in `docs/compatibility.md`, and every promise must be tried.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::compatibility::{self, Language};
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
    with_server(Language::Python, || {
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
    with_server(Language::Node, || {
        let mut command = Command::new("node");
        command
            .current_dir(node::SDKS.dir())
            .args(["--test", "--test-reporter=spec"]);
        command
    })
}

/// Runs a suite with what it needs to know in its environment.
fn with_server(language: Language, suite: fn() -> Command) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (_upstream, upstream_url) = scripted_upstream(scratch.path())?;
    let promises = scratch.path().join("promises.jsonl");
    let config = scratch.path().join("keypurse.toml");
    fs::write(&config, configuration(&upstream_url))?;
    books::balanced(scratch.path(), Some(&config), |server: &Server| {
        let mut command = suite();
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("KEYPURSE_URL", server.url());
        command.env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        command.env("SCRIPTED_UPSTREAM_URL", &upstream_url);
        command.env("KEYPURSE_PROMISES", &promises);
        process::run(&mut command)
    })?;
    compatibility::kept(language, &fs::read_to_string(&promises)?)
}

fn scripted_upstream(scratch: &Path) -> Result<(Background, String)> {
    let port = process::free_port()?.to_string();
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(python::interpreter());
    command
        .arg(workspace::root().join("tests/sdk/upstream/server.py"))
        .args(["--port", &port])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let log = scratch.join("upstream.log");
    let mut upstream = Background::start("the scripted upstream", &mut command, &log)?;
    http::wait_ready(&mut upstream, &format!("{url}/readyz"))?;
    Ok((upstream, url))
}

/// A provider in each dialect, and prices that are easy to reckon with.
fn configuration(upstream_url: &str) -> String {
    let providers = [
        ("scripted", "openai", "v1"),
        ("scripted_anthropic", "anthropic", "anthropic/v1"),
        ("scripted_gemini", "gemini", "gemini/v1beta"),
    ];
    let sections = providers.map(|(name, kind, path)| {
        format!(
            "[providers.{name}]\n\
             kind = \"{kind}\"\n\
             base_url = \"{upstream_url}/{path}\"\n\
             api_key = \"sk-scripted-upstream\"\n"
        )
    });
    let mut written = sections.concat();
    for (provider, _, _) in providers {
        for model in ["text", "tools", "schema", "gated", "busy"] {
            let tokens = "input_per_million = \"3.00\"\noutput_per_million = \"15.00\"\n\
                          max_output_tokens = 4096";
            written += &price(&format!("{provider}/{model}"), tokens);
        }
    }
    for (model, measure) in [
        (
            "embeddings",
            "input_per_million = \"3.00\"\noutput_per_million = \"0\"",
        ),
        (
            "moderations",
            "input_per_million = \"0\"\noutput_per_million = \"0\"",
        ),
        ("images", "per_image = \"0.04\""),
        ("speech", "per_million_characters = \"15\""),
        ("transcription", "input_per_minute = \"0.006\""),
    ] {
        written += &price(&format!("scripted/{model}"), measure);
    }
    written
}

fn price(model: &str, measures: &str) -> String {
    format!("\n[[prices]]\nmodel = \"{model}\"\n{measures}\n")
}
