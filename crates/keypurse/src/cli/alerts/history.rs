//! What fired, and what receivers were told.

use keypurse_core::time::Timestamp;
use serde::Deserialize;

use super::command::{ALERTS, PageArgs};
use super::show;
use crate::api::{Call, in_path};
use crate::cli::session::Session;
use crate::cli::table::{self, Column, Said};
use crate::cli::when::{relative, relative_text};

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    rule: FiredRule,
    text: String,
    fired_at: String,
    cleared_at: Option<String>,
}

#[derive(Deserialize)]
struct FiredRule {
    name: String,
}

#[derive(Deserialize)]
struct Log {
    deliveries: Vec<Delivery>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    event: Option<String>,
    created_at: String,
    state: String,
    next_try_at: Option<String>,
    tries: Vec<Try>,
}

#[derive(Deserialize)]
struct Try {
    status: Option<u16>,
    error: Option<String>,
}

const EVENTS: [Column; 4] = [
    Column::Left("WHEN"),
    Column::Left("ALERT"),
    Column::Left("WHAT"),
    Column::Left("OVER"),
];

const DELIVERIES: [Column; 6] = [
    Column::Left("WHEN"),
    Column::Left("EVENT"),
    Column::Left("STATE"),
    Column::Right("TRIES"),
    Column::Left("LAST ANSWER"),
    Column::Left("NEXT TRY"),
];

pub(super) async fn events(session: &mut Session<'_, '_>, page: &PageArgs) -> anyhow::Result<()> {
    let call = Call::get(format!("{ALERTS}events/")).query(page.parameters());
    let answer = session.ask(&call, "list what fired").await?;
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let Events {
        events,
        next_cursor,
    } = answer.read()?;
    let now = session.console.now();
    let rows = events.iter().map(|event| event.row(now)).collect();
    print(session, &EVENTS, rows, next_cursor, "nothing has fired yet")
}

pub(super) async fn deliveries(
    session: &mut Session<'_, '_>,
    alert: &str,
    page: &PageArgs,
) -> anyhow::Result<()> {
    let id = show::find(session, alert).await?.id;
    let path = format!("{ALERTS}{}/deliveries/", in_path(&id));
    let call = Call::get(path).query(page.parameters());
    let doing = format!("list the deliveries of alert `{alert}`");
    let answer = session.ask(&call, &doing).await?;
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let Log {
        deliveries,
        next_cursor,
    } = answer.read()?;
    let now = session.console.now();
    let rows = deliveries
        .iter()
        .map(|delivery| delivery.row(now))
        .collect();
    let none = "nobody was told anything yet";
    print(session, &DELIVERIES, rows, next_cursor, none)
}

fn print(
    session: &mut Session<'_, '_>,
    columns: &[Column],
    rows: Vec<Vec<Said>>,
    next: Option<String>,
    none: &str,
) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(session.console.tell(none)?);
    }
    for line in table::lines(session.console, columns, rows) {
        session.console.say(line)?;
    }
    if let Some(cursor) = next {
        session
            .console
            .hint(format_args!("there are more: --cursor {cursor}"))?;
    }
    Ok(())
}

impl PageArgs {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let cursor = self.cursor.clone().map(|cursor| ("cursor", cursor));
        [("limit", self.limit.to_string())]
            .into_iter()
            .chain(cursor)
            .collect()
    }
}

impl Event {
    fn row(&self, now: Timestamp) -> Vec<Said> {
        let over = match &self.cleared_at {
            Some(at) => Said::faint(relative_text(at, now)),
            None => Said::bad_if("no", true),
        };
        vec![
            Said::from(relative_text(&self.fired_at, now)),
            Said::from(&self.rule.name),
            Said::from(&self.text),
            over,
        ]
    }
}

impl Delivery {
    fn row(&self, now: Timestamp) -> Vec<Said> {
        let last = self
            .tries
            .last()
            .map(|last| match (&last.error, last.status) {
                (Some(error), _) => error.clone(),
                (None, Some(status)) => status.to_string(),
                (None, None) => "none".to_owned(),
            });
        let next = self.next_try_at.as_ref();
        let next = next.map(|at| match Timestamp::parse(at) {
            Ok(at) => relative(at.max(now), now),
            Err(_) => at.clone(),
        });
        vec![
            Said::from(relative_text(&self.created_at, now)),
            Said::from(self.event.as_deref().unwrap_or("test")),
            Said::bad_if(self.state.replace('_', " "), self.state == "given_up"),
            Said::from(self.tries.len()),
            Said::from(last.unwrap_or_default()),
            Said::from(next.unwrap_or_default()),
        ]
    }
}
