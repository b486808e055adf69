//! Charts: data for the script, and the same as a table for everybody else.

use std::fmt::Write as _;

use keypurse_core::money::Money;

use super::figures::{Dollars, Grouped, Short};
use super::usage::{Metric, Plot, Totals};

/// What `chart.html` shows.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct Chart {
    /// What it is of, for those who cannot see it.
    pub(in crate::dashboard) title: String,
    /// JSON for the script: `unit`, `labels` and `series` of `name`, `values`.
    pub(in crate::dashboard) data: String,
    pub(in crate::dashboard) legend: Vec<Entry>,
    /// Newest first, only periods with something in them.
    pub(in crate::dashboard) rows: Vec<Row>,
    pub(in crate::dashboard) is_empty: bool,
}

/// A series and its sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Entry {
    pub(in crate::dashboard) name: String,
    pub(in crate::dashboard) sum: String,
}

/// A period: the value of each series, and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Row {
    pub(in crate::dashboard) label: String,
    pub(in crate::dashboard) values: Vec<String>,
    pub(in crate::dashboard) sum: String,
}

impl Chart {
    /// A plot by what its series are large by.
    pub(in crate::dashboard) fn of(title: impl Into<String>, plot: &Plot, metric: Metric) -> Self {
        let sums = plot.sums();
        let legend = plot.series.iter().map(|series| {
            let mut sum = Totals::default();
            for total in &series.totals {
                sum.add_totals(total);
            }
            Entry {
                name: series.name.clone(),
                sum: short(metric, &sum),
            }
        });
        let row = |(at, label): (usize, &String)| Row {
            label: label.clone(),
            values: plot
                .series
                .iter()
                .map(|series| full(metric, &series.totals[at]))
                .collect(),
            sum: full(metric, &sums[at]),
        };
        let rows = plot.labels.iter().enumerate().rev();
        let rows = rows.filter(|(at, _)| sums[*at].calls > 0).map(row);
        Self {
            title: title.into(),
            data: data(plot, metric),
            legend: legend.collect(),
            rows: rows.collect(),
            is_empty: plot.is_empty(),
        }
    }
}

/// Written by hand: figures go in from their digits and never through a float.
fn data(plot: &Plot, metric: Metric) -> String {
    let unit = if metric == Metric::Cost {
        "usd"
    } else {
        "count"
    };
    let labels = serde_json::to_string(&plot.labels).expect("texts are JSON");
    let mut data = format!(r#"{{"unit":"{unit}","labels":{labels},"series":["#);
    for (at, series) in plot.series.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let name = serde_json::to_string(&series.name).expect("a text is JSON");
        let values = series.totals.iter().map(|total| number(metric, total));
        let values = values.collect::<Vec<_>>().join(",");
        let _ = write!(data, r#"{comma}{{"name":{name},"values":[{values}]}}"#);
    }
    data.push_str("]}");
    data
}

/// A JSON number.
fn number(metric: Metric, totals: &Totals) -> String {
    let size = metric.size(totals);
    match metric {
        _ if size == 0 => "0".to_owned(),
        Metric::Cost => Money::from_nanos(size).to_string(),
        Metric::Calls | Metric::Errors | Metric::InputTokens | Metric::OutputTokens => {
            size.to_string()
        }
    }
}

/// For people, in a table.
pub(in crate::dashboard) fn full(metric: Metric, totals: &Totals) -> String {
    let size = metric.size(totals);
    match metric {
        Metric::Cost => Dollars(Money::from_nanos(size)).to_string(),
        Metric::Calls | Metric::Errors | Metric::InputTokens | Metric::OutputTokens => {
            Grouped(size.unsigned_abs()).to_string()
        }
    }
}

fn short(metric: Metric, totals: &Totals) -> String {
    match metric {
        Metric::Cost => full(metric, totals),
        Metric::Calls | Metric::Errors | Metric::InputTokens | Metric::OutputTokens => {
            Short(metric.size(totals).unsigned_abs()).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chart;
    use crate::dashboard::usage::{Metric, Plot, Series, Totals};
    use keypurse_core::money::Money;
    use keypurse_core::time::Timestamp;

    fn totals(nanos: i64, calls: u64) -> Totals {
        Totals {
            cost: Money::from_nanos(nanos),
            calls,
            ..Totals::default()
        }
    }

    #[test]
    fn a_chart_is_data_and_the_same_as_a_table() {
        let series = |name: &str, first, second| Series {
            name: name.to_owned(),
            totals: vec![first, Totals::default(), second],
        };
        let plot = Plot {
            starts: vec![Timestamp::default(); 3],
            labels: ["1 Nov", "2 Nov", "3 Nov"].map(str::to_owned).to_vec(),
            series: vec![
                series("openai", totals(1_500_000_000, 3), totals(38, 1)),
                series("</script>\"", totals(0, 0), totals(2_000_000_000, 1)),
            ],
        };
        let chart = Chart::of("Spend", &plot, Metric::Cost);
        let data: serde_json::Value = serde_json::from_str(&chart.data).unwrap();
        assert_eq!(data["unit"], "usd");
        assert!(
            chart.data.contains(r#""values":[1.5,0,0.000000038]"#),
            "no float"
        );
        assert_eq!(data["series"][1]["name"], "</script>\"");
        assert_eq!(chart.legend[0].sum, "$1.50");
        let labels: Vec<_> = chart.rows.iter().map(|row| &*row.label).collect();
        assert_eq!(
            labels,
            ["3 Nov", "1 Nov"],
            "newest first, none without calls"
        );
        assert_eq!(chart.rows[0].values, ["$0.000000038", "$2.00"]);
        assert_eq!(chart.rows[1].sum, "$1.50");
    }
}
