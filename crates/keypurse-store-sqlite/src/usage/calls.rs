//! Finished calls, newest first.

use std::fmt::Write as _;

use keypurse_core::time::Timestamp;
use keypurse_store::{CallsPage, ListedCall, StatusClass, Whose};
use rusqlite::{Connection, OptionalExtension};

use crate::call_row::{COLUMNS, CallRow, feature_code};
use crate::recover;
use crate::statement;

/// Of tokens with more calls, calls are looked through from the newest: one in
/// a hundred or so is theirs. Those of others are found by the tokens' index.
const FOUND_BY_INDEX: usize = 1_000_000;
/// A call id tells when its call arrived, in milliseconds above so many bits.
const ID_SEQUENCE_BITS: u32 = 21;
/// How much earlier than it finished a call may have arrived, and how wrong the
/// clock may have been meanwhile.
const SLACK_SECONDS: i64 = 24 * 3600;

/// A page of calls, in one snapshot.
pub(crate) fn calls(
    connection: &Connection,
    page: &CallsPage,
) -> rusqlite::Result<Vec<ListedCall>> {
    let snapshot = connection.unchecked_transaction()?;
    let filter = Filter::of(&snapshot, page)?;
    let unwritten = recover::replay(&snapshot)?.finished.into_iter();
    let mut calls: Vec<CallRow> = unwritten
        .map(|(_, call)| call)
        .filter(|call| filter.has(call))
        .collect();
    calls.extend(filter.written(&snapshot)?);
    calls.sort_unstable_by_key(|call| std::cmp::Reverse(call.call));
    calls.truncate(page.limit);
    calls.iter().map(|call| listed(&snapshot, call)).collect()
}

fn listed(connection: &Connection, call: &CallRow) -> rusqlite::Result<ListedCall> {
    Ok(ListedCall {
        token: call.token,
        record: statement::record(connection, call)?,
        charged: call.charged,
        rehearsed: call.rehearsed,
        finished_at: call.finished_at,
    })
}

/// Which calls are asked for.
struct Filter<'a> {
    page: &'a CallsPage,
    /// `None`: of any model.
    models: Option<Vec<i64>>,
    feature: Option<u8>,
    /// Ids from the first on and before the second.
    ids: (i64, i64),
}

impl<'a> Filter<'a> {
    fn of(connection: &Connection, page: &'a CallsPage) -> rusqlite::Result<Self> {
        let is_about_models = page.provider.is_some() || page.model.is_some();
        let arrived = |finished: Option<Timestamp>, slack: i64| {
            let arrived = finished?.plus_seconds(slack).micros().max(0) / 1000;
            arrived.checked_mul(1 << ID_SEQUENCE_BITS)
        };
        let after = arrived(page.from, -SLACK_SECONDS).unwrap_or(i64::MIN);
        let before = arrived(page.until, SLACK_SECONDS).unwrap_or(i64::MAX);
        Ok(Self {
            page,
            models: is_about_models
                .then(|| models(connection, page))
                .transpose()?,
            feature: page.feature.map(feature_code),
            ids: (after, before.min(page.before.unwrap_or(i64::MAX))),
        })
    }

    fn has(&self, call: &CallRow) -> bool {
        let page = self.page;
        let is_theirs = match &page.whose {
            Whose::All => true,
            Whose::AccountKey => call.token.is_none(),
            Whose::Tokens(tokens) => call.token.is_some_and(|token| tokens.contains(&token)),
        };
        let status = StatusClass::of(call.state, call.status);
        let model = call.held_call.model_id;
        call.account == page.account
            && is_theirs
            && page.before.is_none_or(|before| call.call.ordered < before)
            && page.from.is_none_or(|from| call.finished_at >= from)
            && page.until.is_none_or(|until| call.finished_at < until)
            && self.models.as_ref().is_none_or(|all| all.contains(&model))
            && self.feature.is_none_or(|of| of == call.held_call.feature)
            && status.is_some_and(|class| page.status.is_none_or(|of| of == class))
    }

    /// As SQL; all that is put into it are numbers. Whose they are does not
    /// choose the index.
    fn condition(&self) -> String {
        let page = self.page;
        let mut sql = format!(
            "account_id = {} AND NOT (state = 2 AND status < 400)",
            page.account.0
        );
        let mut and = |condition: String| {
            write!(sql, " AND {condition}").expect("writing to a string does not fail");
        };
        match &page.whose {
            Whose::All => {}
            Whose::AccountKey => and("+token_id IS NULL".to_owned()),
            Whose::Tokens(tokens) => and(among("+token_id", tokens.iter().map(|token| token.0))),
        }
        if let Some(from) = page.from {
            and(format!("finished_at >= {}", from.micros()));
        }
        if let Some(until) = page.until {
            and(format!("finished_at < {}", until.micros()));
        }
        if let Some(models) = &self.models {
            and(among("model_id", models.iter().copied()));
        }
        if let Some(feature) = self.feature {
            and(format!("feature = {feature}"));
        }
        if let Some(status) = page.status {
            let (first, last) = match status {
                StatusClass::Unanswered => (0, 0),
                StatusClass::Success => (1, 399),
                StatusClass::ClientError => (400, 499),
                StatusClass::ServerError => (500, i32::from(u16::MAX)),
            };
            and(format!("status BETWEEN {first} AND {last}"));
        }
        sql
    }

    /// The newest that have rows.
    fn written(&self, connection: &Connection) -> rusqlite::Result<Vec<CallRow>> {
        if let Whose::Tokens(_) = self.page.whose
            && let Some(ids) = self.ids_of_tokens(connection)?
        {
            return self.look_up(connection, &ids);
        }
        let (after, before) = self.ids;
        let sql = format!(
            "SELECT {COLUMNS} FROM call WHERE id >= {after} AND id < {before} AND {}
             ORDER BY id DESC LIMIT {}",
            self.condition(),
            self.page.limit
        );
        connection
            .prepare(&sql)?
            .query_map([], CallRow::read)?
            .collect()
    }

    /// The ids of all calls of the tokens, newest first, unless they are many.
    fn ids_of_tokens(&self, connection: &Connection) -> rusqlite::Result<Option<Vec<i64>>> {
        let Whose::Tokens(tokens) = &self.page.whose else {
            return Ok(None);
        };
        let mut of_token = connection.prepare_cached("SELECT id FROM call WHERE token_id = ?")?;
        let (after, before) = self.ids;
        let (mut seen, mut ids) = (0, Vec::new());
        for token in tokens {
            let mut rows = of_token.query([token.0])?;
            while let Some(row) = rows.next()? {
                seen += 1;
                if seen > FOUND_BY_INDEX {
                    return Ok(None);
                }
                let id = row.get(0)?;
                if (after..before).contains(&id) {
                    ids.push(id);
                }
            }
        }
        ids.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Some(ids))
    }

    fn look_up(&self, connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<CallRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM call WHERE id = ? AND {}",
            self.condition()
        );
        let mut one = connection.prepare(&sql)?;
        let mut calls = Vec::new();
        for id in ids {
            calls.extend(one.query_row([id], CallRow::read).optional()?);
            if calls.len() >= self.page.limit {
                break;
            }
        }
        Ok(calls)
    }
}

/// Numbers of the models that are asked for.
fn models(connection: &Connection, page: &CallsPage) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM model WHERE ifnull(provider = ?1, 1)
                 AND ifnull(provider || '/' || name = ?2, 1)",
        )?
        .query_map([&page.provider, &page.model], |row| row.get(0))?
        .collect()
}

fn among(column: &str, numbers: impl Iterator<Item = i64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("{column} IN ({})", numbers.join(", "))
}
