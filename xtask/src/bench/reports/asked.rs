//! Which reports are asked for over HTTP.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// A report that is measured.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) name: &'static str,
    /// After `/v2/cost_management/?`.
    pub(super) query: String,
    /// Whether it was promised how long it takes.
    pub(super) is_promised: bool,
}

/// Every report, the heaviest one that is promised first. A token is asked for
/// by name.
pub(super) fn all(token: &str) -> Result<Vec<Asked>> {
    let (first, today) = (date("-11 months", "+%Y-%m-01")?, date("now", "+%Y-%m-%d")?);
    let (middle, lately) = (
        date("-11 months", "+%Y-%m-16")?,
        date("-29 days", "+%Y-%m-%d")?,
    );
    let year = format!("begin={first}&end={today}");
    let asked = |name, query, is_promised| Asked {
        name,
        query,
        is_promised,
    };
    Ok(vec![
        asked(
            "a year by month, every token",
            format!("{year}&step=3"),
            true,
        ),
        asked(
            "a year by day, one token",
            format!("{year}&step=1&token={token}"),
            true,
        ),
        asked(
            "a year by month from the 16th, every token",
            format!("begin={middle}&end={today}&step=3"),
            false,
        ),
        asked(
            "30 days as one month or two, every token",
            format!("begin={lately}&end={today}&step=3"),
            false,
        ),
        asked(
            "30 days by model",
            format!("begin={lately}&end={today}&step=1&group_by=model"),
            false,
        ),
        asked(
            "a year by month, by token and model, latencies and units",
            format!("{year}&step=3&group_by=token,model"),
            false,
        ),
    ])
}

/// In UTC, as the server's days are. Months are counted from this one's first
/// day: not each has a 31st.
fn date(ago: &str, format: &str) -> Result<String> {
    let run = |arguments: &[&str]| -> Result<String> {
        let mut date = Command::new("date");
        date.arg("-u").args(arguments);
        Ok(process::output(&mut date)?.trim().to_owned())
    };
    if !ago.ends_with("months") {
        return run(&["-d", ago, format]);
    }
    let this_month = run(&["+%Y-%m-01"])?;
    run(&["-d", &format!("{this_month} {ago}"), format]).context("a date of GNU's `date`")
}
