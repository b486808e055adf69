//! `GET /v2/cost_management/`: sums over calls, as the vendor tells them or in
//! groups.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use jiff::civil::Date;
use keypurse_store::{Step, UsageQuery, UsageRow};

use super::aside;
use super::costs;
use super::filters::{self, Filters, TOKEN};
use super::groups::{self, GROUP_BY, Group};
use super::parameters::{Parameters, values_of};
use super::period::{Periods, day_of};
use super::range::{self, BEGIN, END, Groups, Range, STEP};
use super::reader::Reader;
use super::selection::{Selection, select};
use crate::http::csv;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::AppState;

/// Sums in one answer: tokens times periods. Ten thousand tokens by month for
/// a year and a half, or a thousand by day for a year.
const MAX_SUMS: u64 = 400_000;
const TOO_OLD: &str = "Hours (step 5) are kept for 62 days; ask for days, or for a later day.";
const TOO_MUCH: &str = "This asks for too much at once; ask for longer periods, fewer days, or \
     one `token`.";

/// What is asked for.
#[derive(Debug)]
struct Asked {
    range: Range,
    step: Step,
    filters: Filters,
    groups: Option<Vec<Group>>,
}

pub(in crate::management) async fn summary(
    State(state): State<AppState>,
    reader: Reader,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = query.as_deref();
    refuse_strangers(&reader, query)?;
    let asked = Asked::read(query)?;
    let (selection, rows) = gather(&state, &reader, &asked).await?;
    let periods = Periods {
        range: asked.range,
        step: asked.step,
        zone: state.settings.zone.clone(),
    };
    let as_table = csv::is_preferred(&headers);
    aside(move || match (asked.groups, as_table) {
        (None, false) => costs::json(rows, &selection, &periods),
        (None, true) => costs::table(rows, &selection, &periods),
        (Some(groups), false) => groups::json(&groups, rows, &selection, &asked.filters, &periods),
        (Some(groups), true) => groups::table(&groups, rows, &selection, &asked.filters, &periods),
    })
    .await
}

/// Refuses a token that names another, before anything else is looked at.
pub(super) fn refuse_strangers(reader: &Reader, query: Option<&str>) -> Result<(), Refusal> {
    let named = values_of(query, TOKEN).into_iter();
    let mut named = named.filter(|name| !name.is_empty());
    named.try_for_each(|name| reader.may_see(&name))
}

/// What is asked for, and the names of everybody in it.
async fn gather(
    state: &AppState,
    reader: &Reader,
    asked: &Asked,
) -> Result<(Selection, Vec<UsageRow>), Refusal> {
    let selection = select(state, reader, &asked.filters).await?;
    let today = day_of(state.now(), &state.settings.zone);
    asked.must_be_answerable(&selection, today)?;
    let Some(query) = asked.query(reader, &selection) else {
        return Ok((selection, Vec::new()));
    };
    let rows = state.store.usage(query).await?;
    let is_known = |row: &UsageRow| selection.labels.knows(row.key.token);
    if rows.iter().all(is_known) {
        return Ok((selection, rows));
    }
    // A token was made, and has called, since the names were read.
    let selection = select(state, reader, &asked.filters).await?;
    Ok((selection, rows))
}

impl Asked {
    fn read(query: Option<&str>) -> Result<Self, Refusal> {
        let known = [&[BEGIN, END, STEP, GROUP_BY], &filters::ALL[..]].concat();
        let mut parameters = Parameters::read(query, &known);
        let range = Range::read(&mut parameters);
        let asks_groups = if parameters.has(GROUP_BY) {
            Groups::Asked
        } else {
            Groups::Not
        };
        let step = range::step(&mut parameters, range, asks_groups);
        let filters = Filters::read(&mut parameters);
        let groups = parameters.optional(GROUP_BY, groups::read);
        let read = range.zip(step).map(|(range, step)| Self {
            range,
            step,
            filters,
            groups,
        });
        parameters.done(read)
    }

    fn must_be_answerable(&self, selection: &Selection, today: Date) -> Result<(), Refusal> {
        let tells_tokens = |groups: &Vec<Group>| groups.iter().any(|group| group.is_by_token());
        let tokens = match &self.groups {
            Some(groups) if !tells_tokens(groups) => 1,
            Some(_) | None => selection.size(),
        };
        let sums = tokens.saturating_mul(self.range.periods(self.step, today));
        let mut faults = FieldFaults::default();
        if !self.range.is_kept(self.step, today) {
            faults.add(BEGIN, TOO_OLD);
        }
        if sums > MAX_SUMS {
            faults.add(STEP, TOO_MUCH);
        }
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        Ok(())
    }

    /// The question to storage; `None` when nobody's calls are asked for.
    fn query(&self, reader: &Reader, selection: &Selection) -> Option<UsageQuery> {
        let Range { begin, end } = self.range.clipped();
        let filters = self.filters.clone();
        Some(UsageQuery {
            account: reader.account,
            whose: selection.whose.clone()?,
            begin,
            end,
            step: self.step,
            by: match &self.groups {
                None => costs::DIMENSIONS.to_vec(),
                Some(groups) => groups::dimensions(groups),
            },
            provider: filters.provider,
            model: filters.model,
            feature: filters.feature,
            status: filters.status,
            detail: self.groups.is_some(),
        })
    }
}
