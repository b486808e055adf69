//! Reports over a year of ten thousand tokens and a hundred million calls.
//!
//! Reports read sums and never calls, so the sums are made up, as many and as
//! large as those calls would leave, and the calls are left out.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::command::Options;
use super::section::{Limit, Section, median};
use super::stage;
use crate::{process, workspace};

const TOKENS: u64 = 10_000;
const CALLS: u64 = 100_000_000;
/// How often each is asked for in a round.
const TIMES: u64 = 15;
/// What is promised, and for which reports.
const AT_MOST_MS: f64 = 100.0;
const PROMISED: [&str; 2] = ["a year by month, every token", "a year by day, one token"];

pub(super) fn run(options: &Options) -> Result<Section> {
    let ledger = workspace::shipped_binary("keypurse-bench", "bench-ledger")?;
    let scratch = stage::scratch()?;
    let file = scratch.path().join("keypurse.db");
    let mut make_up = Command::new(&ledger);
    make_up.arg("--file").arg(&file).arg("make-up");
    make_up.args(["--tokens", &TOKENS.to_string()]);
    make_up.args(["--calls", &CALLS.to_string()]);
    eprintln!("making up a year of {TOKENS} tokens");
    process::run(&mut make_up)?;
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("round {round}");
        let mut report = Command::new(&ledger);
        report.arg("--file").arg(&file).arg("report");
        report.args(["--times", &TIMES.to_string()]);
        rounds.push(serde_json::from_str(&process::output(&mut report)?)?);
    }
    section(&rounds, std::fs::metadata(&file)?.len())
}

/// The median of the rounds, each told by the middle or the worst of its times.
fn told(rounds: &[Value], name: &str, of_round: fn(&[f64]) -> Option<f64>) -> Option<f64> {
    let of = |round: &Value| {
        let times = round[name]["ms"].as_array()?.iter();
        of_round(&times.filter_map(Value::as_f64).collect::<Vec<_>>())
    };
    median(rounds.iter().filter_map(of))
}

fn section(rounds: &[Value], bytes: u64) -> Result<Section> {
    let reports = rounds.first().and_then(Value::as_object);
    let mut table =
        "| report | rows | calls in them | p50 ms | worst ms |\n|---|--:|--:|--:|--:|".to_owned();
    let mut limits = Vec::new();
    for (name, report) in reports.context("a round has reports")? {
        let middle = told(rounds, name, |times| median(times.iter().copied()));
        let worst = told(rounds, name, |times| times.last().copied());
        let (middle, worst) = middle.zip(worst).context("a report has times")?;
        let (rows, calls) = (&report["rows"], &report["calls"]);
        write!(
            table,
            "\n| {name} | {rows} | {calls} | {middle:.1} | {worst:.1} |"
        )?;
        if PROMISED.contains(&name.as_str()) {
            limits.push(Limit::at_most(name, middle, AT_MOST_MS).in_unit(" ms"));
        }
    }
    let how = format!(
        "{TOKENS} tokens, each with two models; sums of {CALLS} calls in a year, made up, in a
file of {} MiB that is in the system's cache. Asked of the store, {TIMES} times a round,
{} rounds; the year is twelve months, this one the last.",
        bytes >> 20,
        rounds.len()
    );
    Ok(Section {
        name: "reports",
        how,
        table,
        limits,
    })
}
