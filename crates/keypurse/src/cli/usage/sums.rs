//! `keypurse usage`: sums, in groups.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use super::command::{COSTS, Group, Step, SumsArgs, word};
use crate::api::Call;
use crate::cli::amount::{Dollars, count};
use crate::cli::session::Session;
use crate::cli::table::{self, Column, Said};

/// A report as the API tells it.
#[derive(Deserialize)]
pub(crate) struct Report {
    pub(crate) response: Vec<GroupSums>,
}

#[derive(Deserialize)]
pub(crate) struct GroupSums {
    pub(crate) group: BTreeMap<String, Option<String>>,
    pub(crate) data: BTreeMap<String, Sums>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Sums {
    pub(crate) total_cost: Dollars,
    #[serde(rename = "details")]
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    input_tokens: u64,
    output_tokens: u64,
    latency_ms: BTreeMap<String, Option<u64>>,
}

/// One line of the table.
struct Line<'a> {
    period: &'a str,
    values: Vec<&'a str>,
    sums: &'a Sums,
}

pub(super) async fn show(session: &mut Session<'_, '_>, args: &SumsArgs) -> anyhow::Result<()> {
    let (begin, end) = args.selection.range.days(session)?;
    let groups: Vec<String> = args.by.iter().map(word).collect();
    let mut parameters = vec![
        ("begin", begin.to_string()),
        ("end", end.to_string()),
        ("step", args.step.number().to_owned()),
        ("group_by", groups.join(",")),
    ];
    parameters.extend(args.selection.parameters());
    let call = Call::get(COSTS).query(parameters);
    let call = if args.selection.csv { call.csv() } else { call };
    let answer = session.ask(&call, "report usage").await?;
    if session.json || args.selection.csv {
        return Ok(session.console.write(answer.text())?);
    }
    let report: Report = answer.read()?;
    let lines = lines(&report, &groups, args.step);
    if lines.is_empty() {
        let none = format!("no calls from {begin} to {end}");
        return Ok(session.console.tell(none)?);
    }
    session
        .console
        .tell(format_args!("from {begin} to {end}"))?;
    print(session, args, &lines)
}

/// By period, then the dearest first.
fn lines<'a>(report: &'a Report, groups: &[String], step: Step) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for GroupSums { group, data } in &report.response {
        let value = |name: &String| group.get(name).and_then(Option::as_deref).unwrap_or("–");
        for (period, sums) in data {
            let values = groups.iter().map(value).collect();
            lines.push(Line {
                period: if step == Step::Total { "" } else { period },
                values,
                sums,
            });
        }
    }
    lines.sort_by(|one, other| {
        let key = |line: &Line<'a>| (line.period, Reverse(line.sums.total_cost));
        key(one)
            .cmp(&key(other))
            .then_with(|| one.values.cmp(&other.values))
    });
    lines
}

fn print(session: &mut Session<'_, '_>, args: &SumsArgs, lines: &[Line<'_>]) -> anyhow::Result<()> {
    let with_period = args.step != Step::Total;
    let mut columns = Vec::new();
    if with_period {
        columns.push(Column::Left("PERIOD"));
    }
    columns.extend(args.by.iter().map(|group| Column::Left(group.heading())));
    columns.extend(["CALLS", "ERRORS", "INPUT", "OUTPUT", "P50", "P99", "COST"].map(Column::Right));
    let mut rows: Vec<Vec<Said>> = lines.iter().map(|line| line.row(with_period)).collect();
    // A call counts under each of its tags: their sum would be too much.
    if lines.len() > 1 && !args.by.contains(&Group::Tag) {
        rows.push(total(lines, columns.len()).context("the sum is too large")?);
    }
    for line in table::lines(session.console, &columns, rows) {
        session.console.say(line)?;
    }
    Ok(())
}

impl Line<'_> {
    fn row(&self, with_period: bool) -> Vec<Said> {
        let mut row = Vec::new();
        if with_period {
            row.push(Said::from(self.period));
        }
        row.extend(self.values.iter().map(Said::from));
        let Sums {
            total_cost,
            calls,
            errors,
            input_tokens,
            output_tokens,
            ..
        } = self.sums;
        row.extend([
            Said::from(count(*calls)),
            Said::bad_if(count(*errors), *errors > 0),
            Said::from(count(*input_tokens)),
            Said::from(count(*output_tokens)),
            Said::from(self.latency("p50")),
            Said::from(self.latency("p99")),
            Said::from(total_cost),
        ]);
        row
    }

    fn latency(&self, percentile: &str) -> String {
        let known = self.sums.latency_ms.get(percentile).copied().flatten();
        known.map_or_else(|| "–".to_owned(), |ms| format!("{} ms", count(ms)))
    }
}

/// The last line: what all others come to. Percentiles do not add up.
fn total(lines: &[Line<'_>], width: usize) -> Option<Vec<Said>> {
    let sum = |of: fn(&Sums) -> u64| {
        let mut all = lines.iter().map(|line| of(line.sums));
        all.try_fold(0, u64::checked_add).map(count)
    };
    let cost: Dollars = lines.iter().map(|line| line.sums.total_cost).sum();
    let mut row = vec![Said::from("total")];
    row.resize(width - 7, Said::from(""));
    row.extend([
        Said::from(sum(|sums| sums.calls)?),
        Said::from(sum(|sums| sums.errors)?),
        Said::from(sum(|sums| sums.input_tokens)?),
        Said::from(sum(|sums| sums.output_tokens)?),
        Said::from(""),
        Said::from(""),
        Said::from(cost),
    ]);
    Some(row)
}

impl Step {
    /// The API's number for it.
    fn number(self) -> &'static str {
        match self {
            Self::Total => "0",
            Self::Day => "1",
            Self::Week => "2",
            Self::Month => "3",
            Self::Year => "4",
            Self::Hour => "5",
        }
    }
}

impl Group {
    fn heading(self) -> &'static str {
        match self {
            Self::Token => "TOKEN",
            Self::Provider => "PROVIDER",
            Self::Model => "MODEL",
            Self::Feature => "FEATURE",
            Self::Tag => "TAG",
            Self::Status => "STATUS",
        }
    }
}
