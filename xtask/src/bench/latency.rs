//! What a call waits at half of what the gateway can do, beside the floor at
//! the same rate: requests are due at a constant rate, whatever answers do.

use anyhow::{Context, Result};

use super::command::Options;
use super::gateways::{Bench, Gateway};
use super::load::{Load, Secret};
use super::measure::{Case, Sample};
use super::section::{Limit, median};

/// What a call may wait longer at p99 than through the floor.
const P99_ABOVE_FLOOR_MS: f64 = 3.0;
/// A floor slower than this was disturbed, and would flatter the gateway.
const FLOOR_P99_MS: f64 = 5.0;
const CASE: Case = Case {
    connections: 64,
    stream: false,
    paced: false,
};

/// Medians at one rate.
#[derive(Debug)]
pub(super) struct Latency {
    rate: u64,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    gateway: Gateway,
    p50_ms: f64,
    p99_ms: f64,
}

impl Latency {
    /// Half the rate that `samples` saw keypurse saturate at; nothing without.
    pub(super) fn measure(
        bench: &Bench,
        samples: &[Sample],
        options: &Options,
    ) -> Result<Option<Self>> {
        let saturated = samples
            .iter()
            .filter(|sample| sample.gateway == Gateway::Keypurse && sample.case == CASE);
        let Some(most) = median(saturated.map(|sample| sample.calls_per_second)) else {
            return Ok(None);
        };
        let rate = half(most);
        let mut seen = Vec::new();
        for round in 1..=options.rounds {
            for gateway in [Gateway::Floor, Gateway::Keypurse] {
                eprintln!("round {round}: {rate} calls/s through {gateway}");
                seen.push(once(bench, gateway, rate, options.seconds)?);
            }
        }
        let rows = [Gateway::Floor, Gateway::Keypurse].map(|gateway| {
            let of = |value: fn(&Row) -> f64| {
                let rows = seen.iter().filter(|row| row.gateway == gateway);
                median(rows.map(value)).unwrap_or(f64::NAN)
            };
            Row {
                gateway,
                p50_ms: of(|row| row.p50_ms),
                p99_ms: of(|row| row.p99_ms),
            }
        });
        let rows = rows.into();
        Ok(Some(Self { rate, rows }))
    }

    pub(super) fn markdown(&self) -> String {
        let mut lines = vec![
            "| case | gateway | calls/s | p50 ms | p99 ms |".to_owned(),
            "|---|---|--:|--:|--:|".to_owned(),
        ];
        lines.extend(self.rows.iter().map(|row| {
            format!(
                "| JSON, {} connections, half of saturation | {} | {} | {:.2} | {:.2} |",
                CASE.connections, row.gateway, self.rate, row.p50_ms, row.p99_ms
            )
        }));
        lines.join("\n")
    }

    pub(super) fn limits(&self) -> [Limit; 2] {
        let p99 = |gateway| {
            let row = self.rows.iter().find(|row| row.gateway == gateway);
            row.map_or(f64::NAN, |row| row.p99_ms)
        };
        let (floor, keypurse) = (p99(Gateway::Floor), p99(Gateway::Keypurse));
        let counts = "half of saturation: the floor's p99, for the run to count";
        let above = "half of saturation: p99 above the floor's";
        [
            Limit::at_most(counts, floor, FLOOR_P99_MS).in_unit(" ms"),
            Limit::at_most(above, keypurse - floor, P99_ABOVE_FLOOR_MS).in_unit(" ms"),
        ]
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of calls is small and positive"
)]
fn half(calls_per_second: f64) -> u64 {
    (calls_per_second / 2.0).max(1.0) as u64
}

fn once(bench: &Bench, gateway: Gateway, rate: u64, seconds: u64) -> Result<Row> {
    let (port, _, secret) = bench.target(gateway);
    let load = Load {
        port,
        secret: Secret::One(secret),
        model: "bench/small",
        stream: false,
        connections: CASE.connections,
        seconds,
        rate: Some(rate),
        padding: 0,
    };
    let outcome = load
        .run(&bench.stage.load)
        .with_context(|| bench.log_tail())?;
    Ok(Row {
        gateway,
        p50_ms: outcome.p50_ms,
        p99_ms: outcome.p99_ms,
    })
}
