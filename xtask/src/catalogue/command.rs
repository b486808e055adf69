//! The command: what it is given, and what it does in which order.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use keypurse_providers::catalogue::{Catalogue, wire};

use super::report::Report;
use super::{difference, import, vendored};
use crate::workspace;

const CATALOGUE: &str = "crates/keypurse-providers/data/catalogue.json";

/// Sources, and what they are: paths are relative to the repository's root.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Prices: `data/prices.json` of the crate genai-prices
    #[arg(
        long,
        value_name = "FILE",
        default_value = "../shared/data/genai_prices_crate_0.2.1.json"
    )]
    pub(super) prices: PathBuf,
    /// Version of the crate the prices come from
    #[arg(long, value_name = "VERSION", default_value = "0.2.1")]
    pub(super) prices_version: String,
    /// The day that version was published
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2026-10-30")]
    pub(super) prices_date: String,
    /// Limits: figures from litellm's `model_prices_and_context_window` file
    #[arg(
        long,
        value_name = "FILE",
        default_value = "../shared/data/model_limits.json"
    )]
    pub(super) limits: PathBuf,
    /// Version of the package the limits come from
    #[arg(long, value_name = "VERSION", default_value = "1.109.1")]
    pub(super) limits_version: String,
    /// The month that version was published
    #[arg(long, value_name = "YYYY-MM", default_value = "2026-11")]
    pub(super) limits_date: String,
    /// Take prices that moved more than tenfold
    #[arg(long)]
    accept: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let prices = read(&root.join(&options.prices))?;
    let limits = read(&root.join(&options.limits))?;

    let mut report = Report::default();
    let file = import::build(&prices, &limits, &options.prices_date, &mut report)?;
    let text = vendored::to_text(&file)?;
    Catalogue::parse(text.as_bytes()).context("the new catalogue does not read")?;
    print!("{report}");

    let place = root.join(CATALOGUE);
    let before: wire::File =
        serde_json::from_str(&read(&place)?).context("the vendored catalogue does not read")?;
    let changes = difference::between(&before, &file);
    print!("{changes}");
    ensure!(
        options.accept || changes.suspicious.is_empty(),
        "{} prices moved more than tenfold; look at them, then pass --accept",
        changes.suspicious.len()
    );
    vendored::write(
        &place,
        &text,
        &vendored::provenance(options, &prices, &limits),
    )?;
    println!("wrote {CATALOGUE}: {} bytes", text.len());
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
