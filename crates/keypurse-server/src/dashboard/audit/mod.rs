//! `GET /audit`: who changed what, when and from where.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_core::time::Timestamp;
use keypurse_store::{AuditHead, AuditPage, AuditRecord};
use serde_json::{Map, Value};

use super::form::Form;
use super::frame::{Frame, Place};
use super::page;
use super::session::Viewer;
use super::trouble::Trouble;
use crate::state::AppState;

/// Records on a page.
const ON_A_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct LogPage {
    frame: Frame,
    records: Vec<Row>,
    /// Whether these are the newest.
    is_first: bool,
    /// Before which place the next page is.
    next: Option<i64>,
    head: AuditHead,
}

/// A record as the page has it.
struct Row {
    seq: i64,
    at: Timestamp,
    who: String,
    address: String,
    action: &'static str,
    /// The action as the API names it.
    code: String,
    tone: &'static str,
    subject: String,
    details: Vec<(String, String)>,
    hash: String,
}

/// `GET /audit`
pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let before = query.get("cursor").parse().ok().filter(|place| *place > 0);
    let page = AuditPage {
        account: viewer.account.id,
        before,
        // One more tells whether there is another page.
        limit: ON_A_PAGE + 1,
    };
    let mut records = state.store.audit_page(page).await?;
    let has_more = records.len() > ON_A_PAGE;
    records.truncate(ON_A_PAGE);
    Ok(page::show(&LogPage {
        frame: Frame::of(&viewer, Place::Audit),
        next: records.last().filter(|_| has_more).map(|record| record.seq),
        records: records.into_iter().map(Row::of).collect(),
        is_first: before.is_none(),
        head: state.store.audit_head().await?,
    }))
}

impl Row {
    fn of(record: AuditRecord) -> Self {
        let (action, tone) = words(&record.action);
        let head = AuditHead {
            seq: record.seq,
            hash: record.hash,
        };
        Self {
            seq: record.seq,
            at: record.at,
            who: who(&record.actor),
            address: record.address.unwrap_or_default(),
            action,
            tone,
            subject: subject(&record.action, record.subject),
            code: record.action,
            details: details(&record.details),
            hash: head.hex(),
        }
    }
}

fn who(actor: &str) -> String {
    match actor {
        "account_key" => "Account key".to_owned(),
        "viewer" => "Viewer key".to_owned(),
        "command_line" => "Command line".to_owned(),
        "system" => "Keypurse".to_owned(),
        other => match other.strip_prefix("session:") {
            Some(id) => format!("Dashboard, session {id}"),
            None => other.to_owned(),
        },
    }
}

/// A token may be called as a session is.
fn subject(action: &str, name: String) -> String {
    let is_session = matches!(action, "sign_in" | "sign_out" | "session.end");
    match name.strip_prefix("session:").filter(|_| is_session) {
        Some(id) => format!("Session {id}"),
        None => name,
    }
}

/// What people call an action, and how much it matters.
fn words(action: &str) -> (&'static str, &'static str) {
    match action {
        "token.create" => ("Token created", "good"),
        "token.update" => ("Token changed", ""),
        "token.rotate" => ("New secret", "warn"),
        "token.top_up" => ("Token topped up", "good"),
        "token.delete" => ("Token deleted", "bad"),
        "account.create" => ("Account created", "good"),
        "account.reset_key" => ("New account key", "warn"),
        "account.top_up" => ("Credits added", "good"),
        "viewer_key.create" => ("Viewer key made", "warn"),
        "viewer_key.delete" => ("Viewer key ended", "bad"),
        "sign_in" => ("Signed in", ""),
        "sign_in.failed" => ("Sign-in failed", "bad"),
        "sign_out" => ("Signed out", ""),
        "session.end" => ("Session ended", ""),
        "configuration.change" => ("Configuration changed", "warn"),
        "key.adopt" => ("Key in use", ""),
        "key.retire" => ("Key removed", ""),
        "key.abandon" => ("Key given up", "bad"),
        "restore.acknowledge" => ("Restore acknowledged", "warn"),
        "clock.step" => ("Clock jumped", "warn"),
        "overrun" => ("Cost overrun", "bad"),
        "fail_closed" => ("Nothing was spent", "bad"),
        "alert.create" => ("Alert made", "good"),
        "alert.update" => ("Alert changed", ""),
        "alert.delete" => ("Alert deleted", "bad"),
        "audit_key.replace" => ("Audit key replaced", "warn"),
        _ => ("Something else", ""),
    }
}

/// The members of the details, each in one line; details that cannot be read
/// are shown as they are.
fn details(text: &str) -> Vec<(String, String)> {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(text) else {
        return vec![("details".to_owned(), text.to_owned())];
    };
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.replace('_', " "), shown(&value)))
        .collect()
}

fn shown(value: &Value) -> String {
    match (value, value.get("from").zip(value.get("to"))) {
        (_, Some((from, to))) => format!("{} → {}", shown(from), shown(to)),
        (Value::String(text), None) => text.clone(),
        (Value::Null, None) => "none".to_owned(),
        (other, None) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{details, subject, who};

    #[test]
    fn a_record_is_told_in_words() {
        for (actor, expected) in [
            ("account_key", "Account key"),
            ("session:7", "Dashboard, session 7"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(who(actor), expected);
        }
        for (action, name, expected) in [
            ("sign_in", "session:7", "Session 7"),
            ("token.create", "session:7", "session:7"),
            ("sign_in.failed", "dashboard", "dashboard"),
        ] {
            assert_eq!(subject(action, name.to_owned()), expected);
        }
        let shown = details(
            r#"{"reset_period":"daily","amount":1.5,"tags":["a"],"note":null,"was":{"from":null,"to":"5"}}"#,
        );
        let shown: Vec<_> = shown
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            shown,
            [
                "reset period=daily",
                "amount=1.5",
                r#"tags=["a"]"#,
                "note=none",
                "was=none → 5"
            ]
        );
        assert_eq!(details("not JSON")[0].1, "not JSON");
    }
}
