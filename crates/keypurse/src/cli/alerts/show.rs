//! Alerts as people see them.

use keypurse_core::time::Timestamp;
use serde::Deserialize;

use super::command::ALERTS;
use crate::api::{Answer, Call};
use crate::cli::amount::{Dollars, count};
use crate::cli::session::Session;
use crate::cli::table::{self, Column, Said};
use crate::cli::when::length;
use crate::hint::Hint;

/// An alert as the API shows it.
#[derive(Deserialize)]
pub(super) struct Alert {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    threshold: Option<Dollars>,
    window: Option<i64>,
    least_calls: Option<u64>,
    token: Option<String>,
    webhook: Option<Webhook>,
    enabled: bool,
    created_at: String,
}

#[derive(Deserialize)]
struct Webhook {
    url: String,
    format: String,
    signed: bool,
}

const COLUMNS: [Column; 6] = [
    Column::Left("ALERT"),
    Column::Left("WATCHES"),
    Column::Left("WAITS FOR"),
    Column::Left("TELLS"),
    Column::Left("ON"),
    Column::Left("ID"),
];

pub(super) async fn list(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let answer = session.ask(&Call::get(ALERTS), "list the alerts").await?;
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let alerts: Vec<Alert> = answer.read()?;
    if alerts.is_empty() {
        session.console.tell("there are no alerts yet")?;
        let create = "keypurse alerts create low --kind balance-below --threshold 5 --token '*'";
        return Ok(session.console.hint(create)?);
    }
    let rows = alerts.iter().map(Alert::row).collect();
    for line in table::lines(session.console, &COLUMNS, rows) {
        session.console.say(line)?;
    }
    Ok(())
}

/// Prints an answer that is an alert.
pub(super) fn print(session: &mut Session<'_, '_>, answer: &Answer) -> anyhow::Result<()> {
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let alert: Alert = answer.read()?;
    for line in table::facts(session.console, alert.facts()) {
        session.console.say(line)?;
    }
    Ok(())
}

/// The alert of an id, or the only one of a name.
pub(super) async fn find(session: &Session<'_, '_>, wanted: &str) -> anyhow::Result<Alert> {
    let answer = session.ask(&Call::get(ALERTS), "list the alerts").await?;
    let mut alerts: Vec<Alert> = answer.read()?;
    let is_it = |alert: &Alert| alert.id == wanted;
    if let Some(place) = alerts.iter().position(is_it) {
        return Ok(alerts.swap_remove(place));
    }
    alerts.retain(|alert| alert.name == wanted);
    let found = alerts.len();
    match alerts.pop() {
        Some(alert) if found == 1 => Ok(alert),
        found => {
            let wrong = match found {
                None => format!("there is no alert `{wanted}`"),
                Some(_) => format!("several alerts are called `{wanted}`; name one by its id"),
            };
            let hint = Hint("`keypurse alerts list` shows what there is".to_owned());
            Err(anyhow::Error::new(hint).context(wrong))
        }
    }
}

impl Alert {
    fn row(&self) -> Vec<Said> {
        let tells = match &self.webhook {
            Some(webhook) => Said::from(&webhook.url),
            None => Said::faint("nobody"),
        };
        vec![
            Said::from(&self.name),
            Said::from(self.watches()),
            Said::from(self.waits_for()),
            tells,
            Said::bad_if(if self.enabled { "yes" } else { "no" }, !self.enabled),
            Said::faint(&self.id),
        ]
    }

    fn facts(&self) -> Vec<(&'static str, Said)> {
        let mut facts = vec![
            ("alert", Said::from(&self.name)),
            ("id", Said::from(&self.id)),
            ("watches", Said::from(self.watches())),
            ("waits for", Said::from(self.waits_for())),
        ];
        if let Some(webhook) = &self.webhook {
            let signed = if webhook.signed {
                "signed"
            } else {
                "not signed"
            };
            let tells = format!("{} ({}, {signed})", webhook.url, webhook.format);
            facts.push(("tells", Said::from(tells)));
        }
        if !self.enabled {
            facts.push(("on", Said::bad_if("no", true)));
        }
        if let Ok(at) = Timestamp::parse(&self.created_at) {
            facts.push(("created", Said::faint(at)));
        }
        facts
    }

    fn watches(&self) -> String {
        match self.token.as_deref() {
            None if self.kind == "provider_down" => "providers".to_owned(),
            None => "the account".to_owned(),
            Some("*") => "each token".to_owned(),
            Some(name) => format!("token {name}"),
        }
    }

    /// A condition in words; of a kind we do not know, its name.
    fn waits_for(&self) -> String {
        let threshold = self.threshold.unwrap_or_default();
        let whole = threshold.0.nanos() / 1_000_000_000;
        let within = self
            .window
            .map_or_else(String::new, |window| format!(" within {}", length(window)));
        match &*self.kind {
            "balance_below" => format!("balance below {threshold}"),
            "balance_share_below" => format!("balance below {whole}% of the budget"),
            "spend_rate_above" => format!("more than {threshold} spent{within}"),
            "expiring_within" => format!("expiry within {}", length(whole)),
            "exhausted" => "nothing left".to_owned(),
            "error_rate_above" => {
                let least = self.least_calls.map_or_else(String::new, |least| {
                    format!(", of at least {}", count(least))
                });
                format!("more than {whole}% of calls failed{within}{least}")
            }
            "provider_down" => "a provider that is down".to_owned(),
            other => other.to_owned(),
        }
    }
}
