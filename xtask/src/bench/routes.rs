//! What routes cost beside each other: simulated, translated, large, endless.

use anyhow::{Context, Result};
use serde_json::json;

use super::command::Options;
use super::load::{Load, Outcome, Secret};
use super::proc::{self, CpuTimes};
use super::section::{Limit, Section, median};
use super::stage::{self, Stage};
use crate::process::Background;
use crate::server::Server;

/// What a sandbox call is worth beside a live one through the bare proxy.
const SANDBOX_OVER_FLOOR: f64 = 1.0;
/// What a translated call may cost beside one in the provider's own dialect.
const TRANSLATED_OVER_SAME: f64 = 2.0;
const LARGE_BYTES: usize = 1_000_000;
const LARGE_ABOVE_FLOOR_MS: f64 = 1.0;
/// Memory after streams of fifty thousand pieces over that after fifty.
const ENDLESS_OVER_SHORT: f64 = 1.1;
const ENDLESS_CONNECTIONS: u32 = 4;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Floor,
    Live,
    Sandbox,
}

/// One kind of call.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    target: Target,
    model: &'static str,
    stream: bool,
    connections: u32,
    padding: usize,
}

impl Case {
    const fn json(name: &'static str, target: Target, connections: u32) -> Self {
        let model = match target {
            Target::Sandbox => "openai/gpt-4o-mini",
            Target::Floor | Target::Live => "bench/small",
        };
        Self {
            name,
            target,
            model,
            stream: false,
            connections,
            padding: 0,
        }
    }

    const fn large(self) -> Self {
        Self {
            padding: LARGE_BYTES,
            ..self
        }
    }

    const fn streamed(self) -> Self {
        Self {
            stream: true,
            ..self
        }
    }

    const fn translated(self) -> Self {
        Self {
            model: "translated/small",
            ..self
        }
    }
}

const CASES: [Case; 12] = [
    Case::json("JSON, 16 connections, floor", Target::Floor, 16),
    Case::json("JSON, 16 connections, sandbox", Target::Sandbox, 16),
    Case::json("JSON, 64 connections, floor", Target::Floor, 64),
    Case::json("JSON, 64 connections, sandbox", Target::Sandbox, 64),
    Case::json("JSON of 1 MB, 1 connection, floor", Target::Floor, 1).large(),
    Case::json("JSON of 1 MB, 1 connection, keypurse", Target::Live, 1).large(),
    Case::json("JSON of 1 MB, 4 connections, floor", Target::Floor, 4).large(),
    Case::json("JSON of 1 MB, 4 connections, keypurse", Target::Live, 4).large(),
    Case::json("JSON, same dialect", Target::Live, 16),
    Case::json("JSON, translated", Target::Live, 16).translated(),
    Case::json("stream, same dialect", Target::Live, 16).streamed(),
    Case::json("stream, translated", Target::Live, 16)
        .streamed()
        .translated(),
];

/// Everything running.
#[derive(Debug)]
struct Running {
    keypurse: Server,
    live: String,
    sandbox: String,
    floor: (Background, u16),
    stage: Stage,
}

/// What came of one load.
#[derive(Clone, Copy, Debug)]
struct Sample {
    case: usize,
    outcome: Outcome,
    cpu_us_per_call: f64,
}

pub(super) fn run(options: &Options) -> Result<Section> {
    let running = Running::start()?;
    let memory = running.memory(options.seconds)?;
    let mut samples = Vec::new();
    for round in 1..=options.rounds {
        for (number, case) in CASES.iter().enumerate() {
            eprintln!("round {round}: {}", case.name);
            samples.push(running.once(number, *case, options.seconds)?);
        }
    }
    let Options {
        rounds, seconds, ..
    } = options;
    Ok(Section {
        name: "routes",
        how: format!(
            "Medians of {rounds} interleaved rounds of {seconds} s each. The upstream speaks \
             OpenAI's dialect and, where\na chat is translated, Anthropic's. What a body of 1 MB \
             adds is judged over one connection:\nover more the two cores are full."
        ),
        table: table(&samples, memory),
        limits: limits(&samples, memory),
    })
}

impl Running {
    fn start() -> Result<Self> {
        let stage = Stage::start()?;
        let keypurse = stage.keypurse(&stage.scratch().join("data"), &[])?;
        let sandbox = json!({"name": "sandbox", "token_type": "sandbox_api_token"});
        Ok(Self {
            live: stage::new_token(&keypurse, "bench")?,
            sandbox: stage::create_token(&keypurse, &sandbox)?,
            floor: stage.floor()?,
            keypurse,
            stage,
        })
    }

    fn once(&self, number: usize, case: Case, seconds: u64) -> Result<Sample> {
        let (port, pid, secret) = match case.target {
            Target::Floor => (self.floor.1, self.floor.0.pid(), "none"),
            Target::Live => (self.keypurse.port(), self.keypurse.pid(), &*self.live),
            Target::Sandbox => (self.keypurse.port(), self.keypurse.pid(), &*self.sandbox),
        };
        let load = Load {
            port,
            secret: Secret::One(secret),
            model: case.model,
            stream: case.stream,
            connections: case.connections,
            seconds,
            rate: None,
            padding: case.padding,
        };
        let before = CpuTimes::of(pid)?;
        let outcome = load
            .run(&self.stage.load)
            .with_context(|| format!("{}\n{}", case.name, self.keypurse.log_tail()))?;
        let cpu = CpuTimes::of(pid)?.seconds_since(&before);
        Ok(Sample {
            case: number,
            outcome,
            cpu_us_per_call: cpu * 1e6 / outcome.calls,
        })
    }

    /// The most memory after short streams, and after endless ones.
    fn memory(&self, seconds: u64) -> Result<(f64, f64)> {
        let case = Case::json("short streams", Target::Live, ENDLESS_CONNECTIONS).streamed();
        let endless = Case {
            name: "endless streams",
            model: "bench/endless",
            ..case
        };
        let peak = |case: Case| -> Result<f64> {
            eprintln!("{}", case.name);
            self.once(0, case, seconds)?;
            proc::peak_mib(self.keypurse.pid())
        };
        Ok((peak(case)?, peak(endless)?))
    }
}

/// The median of one number of one case.
fn of(samples: &[Sample], name: &str, value: fn(&Sample) -> f64) -> f64 {
    let of_case = |sample: &&Sample| CASES[sample.case].name == name;
    median(samples.iter().filter(of_case).map(value)).unwrap_or(f64::NAN)
}

fn calls_per_second(sample: &Sample) -> f64 {
    sample.outcome.calls_per_second()
}

fn p50_ms(sample: &Sample) -> f64 {
    sample.outcome.p50_ms
}

fn cpu_us(sample: &Sample) -> f64 {
    sample.cpu_us_per_call
}

fn table(samples: &[Sample], (short, endless): (f64, f64)) -> String {
    let mut lines = vec![
        "| case | calls/s | p50 ms | p99 ms | CPU µs/call |".to_owned(),
        "|---|--:|--:|--:|--:|".to_owned(),
    ];
    lines.extend(CASES.iter().map(|case| {
        let of = |value| of(samples, case.name, value);
        format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.1} |",
            case.name,
            of(calls_per_second),
            of(p50_ms),
            of(|sample| sample.outcome.p99_ms),
            of(cpu_us),
        )
    }));
    lines.push(format!(
        "\n| {ENDLESS_CONNECTIONS} streams at a time | most memory |\n|---|--:|\n\
         | of 50 pieces | {short:.1} MiB |\n\
         | of 50,000 pieces | {endless:.1} MiB |"
    ));
    lines.join("\n")
}

fn limits(samples: &[Sample], (short, endless): (f64, f64)) -> Vec<Limit> {
    let over = |one: &str, other: &str, value| of(samples, one, value) / of(samples, other, value);
    let mut limits: Vec<_> = [16, 64]
        .map(|connections| {
            let name = |target| format!("JSON, {connections} connections, {target}");
            Limit::at_least(
                format!("sandbox, {connections} connections: calls/s over the floor's"),
                over(&name("sandbox"), &name("floor"), calls_per_second),
                SANDBOX_OVER_FLOOR,
            )
        })
        .into();
    let large = of(samples, "JSON of 1 MB, 1 connection, keypurse", p50_ms)
        - of(samples, "JSON of 1 MB, 1 connection, floor", p50_ms);
    let large = Limit::at_most(
        "a body of 1 MB: p50 above the floor's",
        large,
        LARGE_ABOVE_FLOOR_MS,
    );
    limits.push(large.in_unit(" ms"));
    limits.extend(["JSON", "stream"].map(|answer| {
        let name = |dialect| format!("{answer}, {dialect}");
        Limit::at_most(
            format!("{answer}: CPU of a translated call over the same dialect's"),
            over(&name("translated"), &name("same dialect"), cpu_us),
            TRANSLATED_OVER_SAME,
        )
    }));
    limits.push(Limit::at_most(
        "memory: streams of 50,000 pieces over those of 50",
        endless / short,
        ENDLESS_OVER_SHORT,
    ));
    limits
}
