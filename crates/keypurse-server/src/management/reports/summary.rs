//! `GET /v2/cost_management/`: sums over calls, as the vendor tells them or in
//! groups.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use jiff::civil::Date;
use keypurse_core::id::TokenId;
use keypurse_store::{Costs, Step, UsageQuery};

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
    let periods = Periods {
        range: asked.range,
        step: asked.step,
        zone: state.settings.zone.clone(),
    };
    let selection = select(&state, &reader, &asked.filters).await?;
    asked.must_be_answerable(&selection, day_of(state.now(), &periods.zone))?;
    let as_table = csv::is_preferred(&headers);
    let query = asked.query(&reader, &selection);
    let Some(groups) = asked.groups.as_deref() else {
        let costs = match query {
            Some(query) => state.store.costs(query).await?,
            None => Costs::default(),
        };
        let tokens = costs.tokens.iter().map(|one| one.token);
        let selection = anew(&state, &reader, &asked.filters, selection, tokens).await?;
        if as_table {
            return aside(move || costs::table(costs, selection, &periods)).await;
        }
        return costs::json(costs, selection, periods).await;
    };
    let rows = match query {
        Some(query) => state.store.usage(query).await?,
        None => Vec::new(),
    };
    let tokens = rows.iter().map(|row| row.key.token);
    let selection = anew(&state, &reader, &asked.filters, selection, tokens).await?;
    let groups = groups.to_vec();
    let told = if as_table {
        groups::table
    } else {
        groups::json
    };
    aside(move || told(&groups, rows, &selection, &asked.filters, &periods)).await
}

/// Refuses a token that names another, before anything else is looked at.
pub(super) fn refuse_strangers(reader: &Reader, query: Option<&str>) -> Result<(), Refusal> {
    let named = values_of(query, TOKEN).into_iter();
    let mut named = named.filter(|name| !name.is_empty());
    named.try_for_each(|name| reader.may_see(&name))
}

/// Reads the names again if a token was made, and has called, since they were
/// read.
async fn anew(
    state: &AppState,
    reader: &Reader,
    filters: &Filters,
    selection: Selection,
    tokens: impl Iterator<Item = Option<TokenId>>,
) -> Result<Selection, Refusal> {
    if selection.labels.know_all(tokens) {
        return Ok(selection);
    }
    select(state, reader, filters).await
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
                None => Vec::new(),
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
