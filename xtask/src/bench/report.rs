//! What the samples say: medians, ratios, and what has to hold.

use anyhow::{Context, Result};

use super::gateways::Gateway;
use super::measure::{Case, Sample};
use super::section::{self, Limit};

/// A floor dearer than this would flatter the gateway.
const FLOOR_OVER_NGINX: f64 = 2.0;
/// What a budgeted, durable, settled JSON call may cost.
const JSON_OVER_FLOOR: f64 = 3.0;
/// What an event of a stream may cost that comes as a provider's does.
const PACED_OVER_FLOOR: f64 = 1.5;
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
}

impl Report {
    pub(super) fn new(samples: &[Sample]) -> Result<Self> {
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
        Ok(Self { rows })
    }

    pub(super) fn limits(&self) -> Vec<Limit> {
        self.rows.iter().flat_map(Row::limits).collect()
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
        lines.join("\n")
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
    fn limits(&self) -> Vec<Limit> {
        let Sample { gateway, case, .. } = self.median;
        let what = |what: &str| format!("{case}: {what}");
        match gateway {
            Gateway::Floor if !case.stream => vec![Limit::at_most(
                what("the floor's CPU over nginx's, for the run to count"),
                self.over_nginx,
                FLOOR_OVER_NGINX,
            )],
            Gateway::Keypurse if !case.stream => vec![
                Limit::at_most(
                    what("CPU over the floor's"),
                    self.over_floor,
                    JSON_OVER_FLOOR,
                ),
                Limit::at_most(what("resident"), self.median.resident_mib, RESIDENT_MIB)
                    .in_unit(" MiB"),
            ],
            Gateway::Keypurse if case.paced => vec![Limit::at_most(
                what("CPU per event over the floor's"),
                self.over_floor,
                PACED_OVER_FLOOR,
            )],
            Gateway::Nginx | Gateway::Floor | Gateway::Keypurse => Vec::new(),
        }
    }
}

/// Each number is the median of its own; the middle one of an even count is the
/// lower.
fn median(samples: &[Sample], gateway: Gateway, case: Case) -> Option<Sample> {
    let of_case = |sample: &&Sample| sample.gateway == gateway && sample.case == case;
    let samples: Vec<_> = samples.iter().filter(of_case).collect();
    let middle =
        |value: fn(&Sample) -> f64| section::median(samples.iter().map(|sample| value(sample)));
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
    fn check(nginx: f64, floor: f64, keypurse: f64, resident_mib: f64, broken: &[&str]) {
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
        let report = Report::new(&samples).unwrap();
        let limits = report.limits();
        let failures = limits.iter().filter(|limit| !limit.holds());
        let failures: Vec<_> = failures.map(|limit| limit.what.as_str()).collect();
        assert_eq!(failures, broken);
        assert_eq!(
            report.markdown().matches("| keypurse |").count(),
            Case::ALL.len()
        );
    }

    #[test]
    fn a_run_holds_up_to_its_limits() {
        check(10.0, 20.0, 30.0, 64.0, &[]);
    }

    #[test]
    fn a_dear_floor_does_not_count() {
        let says = |connections| {
            format!(
                "JSON, {connections} connections: the floor's CPU over nginx's, \
                 for the run to count"
            )
        };
        check(10.0, 21.0, 30.0, 8.0, &[&says(16), &says(64)]);
    }

    #[test]
    fn a_dear_or_large_gateway_fails() {
        let expected = [
            "JSON, 16 connections: CPU over the floor's",
            "JSON, 16 connections: resident",
            "JSON, 64 connections: CPU over the floor's",
            "JSON, 64 connections: resident",
            "stream, 5 ms apart, 16 connections: CPU per event over the floor's",
            "stream, 5 ms apart, 64 connections: CPU per event over the floor's",
        ];
        check(10.0, 10.0, 31.0, 64.5, &expected);
    }

    #[test]
    fn each_number_is_the_median_of_its_own() {
        let rounds = [30.0, 10.0, 20.0];
        let case = Case::ALL[0];
        let samples = rounds.map(|cpu| sample(Gateway::Floor, case, cpu, 8.0));
        let median = median(&samples, Gateway::Floor, case).unwrap();
        assert_eq!(median.cpu_us_per_call.to_string(), "20");
        assert!(super::median(&samples, Gateway::Nginx, case).is_none());
    }
}
