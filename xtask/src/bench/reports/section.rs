//! `cargo xtask bench reports`: runs it and tells what it found.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use super::asked::{self, Asked};
use super::beside::Calls;
use super::http::{Client, Times};
use super::pages::Pages;
use super::stored::{CALLS, ONE, Stored, TOKENS};
use crate::bench::command::Options;
use crate::bench::section::{Limit, Section, median};
use crate::bench::stage::Stage;
use crate::server::Server;

/// How often each is asked for in a round.
const TIMES: u64 = 15;
/// The same for what is promised, whose slowest of a hundred counts.
const TIMES_PROMISED: u64 = 50;
/// What is promised.
const AT_MOST_MS: f64 = 100.0;
/// How much slower calls may be beside reports.
const BESIDE_OVER_ALONE: f64 = 1.1;

/// How often, in a round, calls are made alone and then beside reports: a p99
/// of a few seconds is that of the machine's mood as well.
const PAIRS: usize = 4;

/// What calls noticed, p99 in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Noticed {
    rate: u64,
    alone: f64,
    beside: f64,
}

/// What all rounds found.
#[derive(Debug, Default)]
struct Found {
    stored: Vec<Value>,
    told: Vec<(Asked, Times)>,
    pages: Pages,
    noticed: Vec<Noticed>,
    /// Microseconds of CPU for a call of one token and of many.
    spent: [Vec<f64>; 2],
}

pub(in crate::bench) fn run(options: &Options) -> Result<Section> {
    let stage = Stage::start()?;
    let client = Client::build()?;
    let stored = Stored::make_up(&stage)?;
    let bytes = std::fs::metadata(stored.file())?.len();
    let mut found = Found::default();
    for round in 1..=options.rounds {
        eprintln!("round {round}");
        found.stored.push(stored.report(TIMES)?);
        for (tokens, spent) in [1, TOKENS].into_iter().zip(&mut found.spent) {
            spent.push(stored.spend(tokens, options.seconds)?);
        }
        let server = stage.keypurse(&stored.data_dir, &[])?;
        found.ask_all(&client, &server)?;
        found.pages.open_all(&client, &server)?;
        let calls = Calls {
            stage: &stage,
            server: &server,
            stored: &stored,
            seconds: options.seconds,
        };
        found.notice(&client, &calls)?;
        server.stop()?;
    }
    found.section(options, bytes)
}

/// Asks for every report and page a few times.
pub(in crate::bench) fn ask_for_all(server: &Server, token: &str) -> Result<()> {
    let client = Client::build()?;
    for asked in asked::all(token)? {
        client.ask(server, &asked, TIMES)?;
    }
    Pages::default().open_all(&client, server)
}

impl Found {
    fn ask_all(&mut self, client: &Client, server: &Server) -> Result<()> {
        for asked in asked::all(ONE)? {
            // Once for what is read from disk.
            client.ask(server, &asked, 1)?;
            let times = if asked.is_promised {
                TIMES_PROMISED
            } else {
                TIMES
            };
            let times = client.ask(server, &asked, times)?;
            match self
                .told
                .iter_mut()
                .find(|(known, _)| known.name == asked.name)
            {
                Some((_, known)) => known.add(times),
                None => self.told.push((asked, times)),
            }
        }
        Ok(())
    }

    fn notice(&mut self, client: &Client, calls: &Calls<'_>) -> Result<()> {
        let all = asked::all(ONE)?;
        let heaviest = all.first().context("a report")?;
        let rate = half(calls.make(None)?.calls_per_second());
        for _ in 0..PAIRS {
            let alone = calls.make(Some(rate))?.p99_ms;
            let beside = calls.make_beside(rate, client, heaviest)?.p99_ms;
            self.noticed.push(Noticed {
                rate,
                alone,
                beside,
            });
        }
        Ok(())
    }

    fn section(&self, options: &Options, bytes: u64) -> Result<Section> {
        let tables = [
            self.in_the_store()?,
            self.over_http(),
            self.pages.table(),
            self.beside_calls(),
        ];
        let how = format!(
            "{TOKENS} tokens, each with two models; sums of {CALLS} calls in a year, made up, in a
file of {} MiB that is in the system's cache; the year is twelve months, this one the last.
{} rounds. Over HTTP an answer is read to its last byte, over one connection, by a client
on CPU 0. Calls arrive at half the rate that saturates the gateway, with 64 connections and {} s
each, {PAIRS} times a round; beside them the first report is asked for again and again, by a client that runs while nothing else does.
A ledger's call is CPU of writer and asking tasks, 64 of them, in a file of as many tokens.",
            bytes >> 20,
            options.rounds,
            options.seconds,
        );
        Ok(Section {
            name: "reports",
            how,
            table: tables.join("\n\n"),
            limits: self.limits(),
        })
    }

    fn in_the_store(&self) -> Result<String> {
        let mut table = "| in the store | sums | calls in them | p50 ms | worst ms |\n\
                         |---|--:|--:|--:|--:|"
            .to_owned();
        let reports = self.stored.first().and_then(Value::as_object);
        for (name, report) in reports.context("a round has reports")? {
            let times = |round: &Value| -> Vec<f64> {
                let times = round[name]["ms"].as_array();
                times
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_f64)
                    .collect()
            };
            let all: Vec<f64> = self.stored.iter().flat_map(times).collect();
            let (rows, calls) = (&report["rows"], &report["calls"]);
            let (middle, worst) = (percentile(&all, 50), percentile(&all, 100));
            write!(
                table,
                "\n| {name} | {rows} | {calls} | {middle:.1} | {worst:.1} |"
            )?;
        }
        Ok(table)
    }

    fn over_http(&self) -> String {
        let mut lines = vec![
            "| over HTTP | KiB | first byte, p50 ms | p50 ms | p99 ms |".to_owned(),
            "|---|--:|--:|--:|--:|".to_owned(),
        ];
        lines.extend(self.told.iter().map(|(asked, times)| {
            format!(
                "| {} | {} | {:.1} | {:.1} | {:.1} |",
                asked.name,
                times.bytes >> 10,
                percentile(&times.first_byte, 50),
                percentile(&times.last_byte, 50),
                percentile(&times.last_byte, 99),
            )
        }));
        lines.join("\n")
    }

    fn beside_calls(&self) -> String {
        let of =
            |value: fn(&Noticed) -> f64| median(self.noticed.iter().map(value)).unwrap_or(f64::NAN);
        let rate = self
            .noticed
            .iter()
            .map(|noticed| noticed.rate)
            .min()
            .unwrap_or_default();
        let [one, many] = self
            .spent
            .each_ref()
            .map(|spent| median(spent.iter().copied()));
        format!(
            "| what calls notice | |\n|---|--:|\n\
             | p99 at {rate} calls/s or more, alone | {:.2} ms |\n\
             | p99 at the same rate, beside the first report in a loop | {:.2} ms |\n\
             | a ledger's call, one token calling | {:.1} µs |\n\
             | a ledger's call, {TOKENS} tokens calling in turn | {:.1} µs |",
            of(|noticed| noticed.alone),
            of(|noticed| noticed.beside),
            one.unwrap_or(f64::NAN),
            many.unwrap_or(f64::NAN),
        )
    }

    fn limits(&self) -> Vec<Limit> {
        let promised = self.told.iter().filter(|(asked, _)| asked.is_promised);
        let mut limits: Vec<Limit> = promised
            .flat_map(|(asked, times)| {
                [50, 99].map(|rank| {
                    let what = format!("{}, over HTTP: p{rank}", asked.name);
                    let measured = percentile(&times.last_byte, rank);
                    Limit::at_most(what, measured, AT_MOST_MS).in_unit(" ms")
                })
            })
            .collect();
        limits.extend(self.pages.limits());
        let ratios = self
            .noticed
            .iter()
            .map(|noticed| noticed.beside / noticed.alone);
        limits.push(Limit::at_most(
            "p99 of calls beside the first report, over that without",
            median(ratios).unwrap_or(f64::NAN),
            BESIDE_OVER_ALONE,
        ));
        limits
    }
}

/// The value that so many of a hundred do not exceed.
pub(super) fn percentile(values: &[f64], rank: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = (values.len() * rank).div_ceil(100).max(1) - 1;
    values.get(place).copied().unwrap_or(f64::NAN)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of calls is small and positive"
)]
fn half(calls_per_second: f64) -> u64 {
    (calls_per_second / 2.0).max(1.0) as u64
}
