//! The vendored files: the catalogue, one model a line so that a refresh reads
//! as a diff, where it comes from, and the licences it comes under.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use aws_lc_rs::digest;
use keypurse_providers::catalogue::wire;
use serde::Serialize;

use super::Options;

const PROVENANCE: &str = "PROVENANCE.toml";

pub(super) fn to_text(file: &wire::File) -> Result<String> {
    let mut text = format!(
        "{{\"date\":{},\"providers\":[",
        serde_json::to_string(&file.date)?
    );
    for (index, provider) in file.providers.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let id = serde_json::to_string(&provider.id)?;
        write!(text, "{comma}\n{{\"id\":{id},")?;
        if !provider.fallback.is_empty() {
            write!(
                text,
                "\"fallback\":{},",
                serde_json::to_string(&provider.fallback)?
            )?;
        }
        write!(text, "\"models\":[{}\n]}}", lines(&provider.models)?)?;
    }
    text.push_str("\n]}\n");
    Ok(text)
}

fn lines(models: &[impl Serialize]) -> Result<String> {
    let lines = models
        .iter()
        .map(|model| Ok(format!("\n{}", serde_json::to_string(model)?)));
    Ok(lines.collect::<Result<Vec<_>>>()?.join(","))
}

pub(super) fn provenance(options: &Options, prices: &str, limits: &str) -> String {
    format!(
        "# Written by `cargo xtask catalogue`. Licences: LICENSES.\n\n\
         [prices]\n\
         package = \"genai-prices\"\n\
         registry = \"crates.io\"\n\
         file = \"data/prices.json\"\n\
         version = \"{}\"\n\
         date = \"{}\"\n\
         sha256 = \"{}\"\n\
         licence = \"MIT\"\n\
         copyright = \"Copyright (c) Pydantic Services Inc. 2025 to present\"\n\n\
         [limits]\n\
         package = \"litellm\"\n\
         registry = \"PyPI\"\n\
         file = \"figures from model_prices_and_context_window_backup.json\"\n\
         version = \"{}\"\n\
         date = \"{}\"\n\
         sha256 = \"{}\"\n\
         licence = \"MIT\"\n\
         copyright = \"Copyright (c) 2023 Berri AI\"\n",
        options.prices_version,
        options.prices_date,
        sha256(prices),
        options.limits_version,
        options.limits_date,
        sha256(limits),
    )
}

fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Under another name first: a catalogue half written would not compile in.
pub(super) fn write(place: &Path, catalogue: &str, provenance: &str) -> Result<()> {
    let folder = place.parent().context("the catalogue is in a folder")?;
    let unfinished = place.with_extension("json.new");
    fs::write(&unfinished, catalogue)?;
    fs::rename(&unfinished, place)?;
    fs::write(folder.join(PROVENANCE), provenance)?;
    Ok(())
}
