//! What the samples say: medians, ratios, and whether the promises hold.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::gateways::Gateway;
use super::measure::{Case, Sample};
use crate::{process, workspace};

/// A floor dearer than this would flatter the gateway.
const FLOOR_OVER_NGINX: f64 = 2.0;
/// What a budgeted, durable, settled JSON call may cost.
const KEYPURSE_OVER_FLOOR: f64 = 4.0;
const RESIDENT_MIB: f64 = 64.0;

/// The medians of one gateway in one case.
#[derive(Debug)]
struct Row {
    median: Sample,
    /// CPU per call over the floor's and over nginx's in the same case.
    over_floor: f64,
    over_nginx: f64,
}

#[derive(Debug)]
pub(super) struct Report {
    rows: Vec<Row>,
    rounds: usize,
    seconds: u64,
    machine: String,
    date: String,
}

impl Report {
    pub(super) fn new(samples: &[Sample], rounds: usize, seconds: u64) -> Result<Self> {
        let mut rows = Vec::new();
        for case in Case::ALL {
            let of = |gateway| median(samples, gateway, *case);
            let nginx = of(Gateway::Nginx).context("nginx was not measured")?;
            let floor = of(Gateway::Floor).context("the floor was not measured")?;
            let (nginx_cpu, floor_cpu) = (nginx.cpu_us_per_call, floor.cpu_us_per_call);
            for median in [Some(nginx), Some(floor), of(Gateway::Keypurse)]
                .into_iter()
                .flatten()
            {
                let over_floor = median.cpu_us_per_call / floor_cpu;
                let over_nginx = median.cpu_us_per_call / nginx_cpu;
                rows.push(Row {
                    median,
                    over_floor,
                    over_nginx,
                });
            }
        }
        let date = process::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let date = date.trim().to_owned();
        Ok(Self {
            rows,
            rounds,
            seconds,
            machine: machine()?,
            date,
        })
    }

    /// The promises that did not hold, and why the run may not count.
    pub(super) fn failures(&self) -> Vec<String> {
        self.rows.iter().flat_map(failures_of).collect()
    }

    pub(super) fn markdown(&self) -> String {
        let counted = self
            .rows
            .iter()
            .any(|row| row.median.instructions_per_call.is_some());
        let (head, rule) = if counted {
            (" instr/call |", "--:|")
        } else {
            ("", "")
        };
        let mut lines = vec![
            "| case | gateway | calls/s | p50 ms | p99 ms | CPU µs/call | × floor | × nginx \
             | RSS MiB | peak MiB |"
                .to_owned()
                + head,
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|".to_owned() + rule,
        ];
        lines.extend(self.rows.iter().map(Row::markdown));
        lines.push(String::new());
        lines.push(self.verdict());
        lines.join("\n")
    }

    fn verdict(&self) -> String {
        let failures = self.failures();
        if failures.is_empty() {
            return "Every check held.".to_owned();
        }
        format!("Checks that did not hold:\n\n- {}", failures.join("\n- "))
    }

    /// Replaces the page with this run.
    pub(super) fn write(&self) -> Result<()> {
        let Self {
            rounds,
            seconds,
            machine,
            date,
            ..
        } = self;
        let page = format!(
            "# Benchmarks

Written by `cargo xtask bench --write`; do not edit.

Measured on {date}, on {machine}.
Medians of {rounds} interleaved rounds of {seconds} s each. A JSON call is about 1.1 KB with an answer of about 0.8 KB; a stream
is 50 pieces, usage and `[DONE]`. The gateway has one CPU to itself; upstream and
load share another. CPU is the gateway's own process, user and system.

The floor is axum in front of hyper-util's client with `TCP_NODELAY` on both
sides, built with the same profile, looking at nothing. Through keypurse, each
call is authenticated, its money set aside on disk before it leaves, and its
exact charge on disk before its answer is complete. A run counts if the floor
takes at most {FLOOR_OVER_NGINX} × nginx's CPU; a JSON call through keypurse may
take {KEYPURSE_OVER_FLOOR} × the floor's, within {RESIDENT_MIB} MiB resident.

{}
",
            self.markdown()
        );
        fs::write(workspace::root().join("docs/benchmarks.md"), page)?;
        Ok(())
    }
}

impl Row {
    fn markdown(&self) -> String {
        let sample = &self.median;
        let instructions = sample.instructions_per_call;
        format!(
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} |{}",
            sample.case,
            sample.gateway,
            sample.calls_per_second,
            sample.p50_ms,
            sample.p99_ms,
            sample.cpu_us_per_call,
            self.over_floor,
            self.over_nginx,
            sample.resident_mib,
            sample.peak_mib,
            instructions
                .map(|count| format!(" {count:.0} |"))
                .unwrap_or_default(),
        )
    }
}

fn failures_of(row: &Row) -> Vec<String> {
    let Row {
        median:
            Sample {
                gateway,
                case,
                resident_mib,
                ..
            },
        over_floor,
        over_nginx,
    } = row;
    let mut failures = Vec::new();
    if case.stream {
        return failures;
    }
    if *gateway == Gateway::Floor && *over_nginx > FLOOR_OVER_NGINX {
        failures.push(format!(
            "{case}: the floor takes {over_nginx:.2} × nginx's CPU, so the run does not count"
        ));
    }
    if *gateway == Gateway::Keypurse && *over_floor > KEYPURSE_OVER_FLOOR {
        failures.push(format!(
            "{case}: keypurse takes {over_floor:.2} × the floor's CPU"
        ));
    }
    if *gateway == Gateway::Keypurse && *resident_mib > RESIDENT_MIB {
        failures.push(format!("{case}: keypurse holds {resident_mib:.1} MiB"));
    }
    failures
}

/// Each number is the median of its own; the middle one of an even count is the
/// lower.
fn median(samples: &[Sample], gateway: Gateway, case: Case) -> Option<Sample> {
    let of_case = |sample: &&Sample| sample.gateway == gateway && sample.case == case;
    let samples: Vec<_> = samples.iter().filter(of_case).collect();
    let middle = |value: fn(&Sample) -> f64| {
        let mut values: Vec<_> = samples.iter().map(|sample| value(sample)).collect();
        values.sort_by(f64::total_cmp);
        values.get((values.len().checked_sub(1)?) / 2).copied()
    };
    Some(Sample {
        gateway,
        case,
        calls_per_second: middle(|sample| sample.calls_per_second)?,
        p50_ms: middle(|sample| sample.p50_ms)?,
        p99_ms: middle(|sample| sample.p99_ms)?,
        cpu_us_per_call: middle(|sample| sample.cpu_us_per_call)?,
        instructions_per_call: middle(|sample| sample.instructions_per_call.unwrap_or(f64::NAN))
            .filter(|count| count.is_finite()),
        resident_mib: middle(|sample| sample.resident_mib)?,
        peak_mib: middle(|sample| sample.peak_mib)?,
    })
}

fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let count = std::thread::available_parallelism()?;
    let kernel = process::output(Command::new("uname").arg("-r"))?;
    Ok(format!("{count} CPUs ({model}), Linux {}", kernel.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(gateway: Gateway, case: Case, cpu_us_per_call: f64, resident_mib: f64) -> Sample {
        Sample {
            gateway,
            case,
            calls_per_second: 1.0,
            p50_ms: 1.0,
            p99_ms: 1.0,
            cpu_us_per_call,
            instructions_per_call: None,
            resident_mib,
            peak_mib: resident_mib,
        }
    }

    /// One round in which every case costs the same.
    #[track_caller]
    fn check(nginx: f64, floor: f64, keypurse: f64, resident_mib: f64, expected: &[&str]) {
        let samples: Vec<_> = Case::ALL
            .iter()
            .flat_map(|case| {
                [
                    sample(Gateway::Nginx, *case, nginx, 8.0),
                    sample(Gateway::Floor, *case, floor, 8.0),
                    sample(Gateway::Keypurse, *case, keypurse, resident_mib),
                ]
            })
            .collect();
        let report = Report::new(&samples, 1, 1).unwrap();
        assert_eq!(report.failures(), expected);
        assert_eq!(
            report.markdown().matches("| keypurse |").count(),
            Case::ALL.len()
        );
    }

    #[test]
    fn a_run_holds_up_to_its_limits() {
        check(10.0, 20.0, 80.0, 64.0, &[]);
    }

    #[test]
    fn a_dear_floor_does_not_count() {
        let says = |connections| {
            format!(
                "JSON, {connections} connections: the floor takes 2.10 × nginx's CPU, \
                 so the run does not count"
            )
        };
        check(10.0, 21.0, 30.0, 8.0, &[&says(16), &says(64)]);
    }

    #[test]
    fn a_dear_or_large_gateway_fails() {
        let expected = [
            "JSON, 16 connections: keypurse takes 4.10 × the floor's CPU",
            "JSON, 16 connections: keypurse holds 64.5 MiB",
            "JSON, 64 connections: keypurse takes 4.10 × the floor's CPU",
            "JSON, 64 connections: keypurse holds 64.5 MiB",
        ];
        check(10.0, 10.0, 41.0, 64.5, &expected);
    }

    #[test]
    fn the_median_is_the_middle_round() {
        let rounds = [30.0, 10.0, 20.0];
        let case = Case::ALL[0];
        let samples = rounds.map(|cpu| sample(Gateway::Floor, case, cpu, 8.0));
        let median = median(&samples, Gateway::Floor, case).unwrap();
        assert_eq!(median.cpu_us_per_call.to_string(), "20");
        assert!(super::median(&samples, Gateway::Nginx, case).is_none());
    }
}
