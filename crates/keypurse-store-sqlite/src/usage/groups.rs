//! Sums by what a report tells apart.

use std::sync::Arc;

use keypurse_core::id::TokenId;
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Dimension, StatusClass, UsageKey, UsageQuery, UsageRow, UsageSums, pause_if_due,
};
use rusqlite::Connection;

use super::names::{Names, at};
use super::read::Sink;
use super::rows::ACCOUNT_KEY;
use super::sums::{Brief, Entry, Rest};
use crate::call_row::feature;

/// How far back a group is looked for before it is begun anew: sums of one
/// token come together, and what is begun twice is joined in the end.
const LOOKED_BACK: usize = 32;

/// What a group is of; 0 where the report does not tell it apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    period: i64,
    token: i64,
    provider: u32,
    model: u32,
    feature: u8,
    status: Option<StatusClass>,
}

#[derive(Clone, Debug)]
struct Group {
    key: GroupKey,
    brief: Brief,
    errors: u64,
    rest: Option<Box<Rest>>,
}

/// Gathers sums into groups.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    query: &'a UsageQuery,
    names: Names,
    groups: Vec<Group>,
}

impl<'a> Groups<'a> {
    pub(super) fn of(connection: &Connection, query: &'a UsageQuery) -> rusqlite::Result<Self> {
        Ok(Self {
            query,
            names: Names::read(connection, query)?,
            groups: Vec::new(),
        })
    }

    /// The groups by period and name, each once; `begin` tells when a period
    /// begins.
    pub(super) fn finish(mut self, mut begin: impl FnMut(i64) -> Timestamp) -> Vec<UsageRow> {
        // Most of it is in order.
        self.groups.sort_by_key(|group| group.key);
        let mut rows = Vec::with_capacity(self.groups.len());
        let mut groups = std::mem::take(&mut self.groups).into_iter().peekable();
        while let Some(mut group) = groups.next() {
            pause_if_due();
            while let Some(same) = groups.next_if(|next| next.key == group.key) {
                group.join(&same);
            }
            rows.push(UsageRow {
                period: begin(group.key.period),
                key: self.key(&group.key),
                sums: group.sums(),
            });
        }
        rows
    }

    fn key(&self, group: &GroupKey) -> UsageKey {
        let mut key = UsageKey::default();
        for dimension in &self.query.by {
            match dimension {
                Dimension::Token => {
                    key.token = (group.token != ACCOUNT_KEY).then_some(TokenId(group.token));
                }
                Dimension::Provider => {
                    key.provider = Some(Arc::clone(&self.names.providers[at(group.provider)]));
                }
                Dimension::Model => {
                    key.model = Some(Arc::clone(&self.names.models[at(group.model)]));
                }
                Dimension::Feature => key.feature = feature(group.feature),
                Dimension::Status => key.status = group.status,
            }
        }
        key
    }
}

impl Sink for Groups<'_> {
    fn wants_details(&self) -> bool {
        self.query.detail
    }

    fn add(&mut self, period: i64, token: i64, entry: &Entry<'_>) -> rusqlite::Result<()> {
        let kind = entry.kind;
        let Some(model) = self.names.wanted(kind) else {
            return Ok(());
        };
        let mut key = GroupKey {
            period,
            ..GroupKey::default()
        };
        for dimension in &self.query.by {
            match dimension {
                Dimension::Token => key.token = token,
                Dimension::Provider => key.provider = model.provider,
                Dimension::Model => key.model = model.model,
                Dimension::Feature => key.feature = kind.feature,
                Dimension::Status => key.status = Some(kind.status),
            }
        }
        // Sums of one token come together: its groups are the last ones. They
        // are kept in order, so that there is next to nothing to sort.
        let mut place = self.groups.len();
        for group in self.groups.iter_mut().rev().take(LOOKED_BACK) {
            if group.key == key {
                return group.add(entry);
            }
            if (group.key.period, group.key.token) != (period, key.token) || group.key < key {
                break;
            }
            place -= 1;
        }
        let mut group = Group {
            key,
            brief: Brief::default(),
            errors: 0,
            rest: self.query.detail.then(|| Box::new(Rest::NONE)),
        };
        group.add(entry)?;
        self.groups.insert(place, group);
        Ok(())
    }
}

impl Group {
    fn add(&mut self, entry: &Entry<'_>) -> rusqlite::Result<()> {
        self.brief.add(&entry.brief);
        if entry.kind.status != StatusClass::Success {
            self.errors += entry.brief.calls;
        }
        if let Some(rest) = &mut self.rest {
            rest.add(&entry.rest()?);
        }
        Ok(())
    }

    fn join(&mut self, other: &Self) {
        self.brief.add(&other.brief);
        self.errors += other.errors;
        if let (Some(rest), Some(more)) = (&mut self.rest, &other.rest) {
            rest.add(more);
        }
    }

    fn sums(self) -> UsageSums {
        let Brief {
            calls,
            simulated,
            estimated,
            cost,
        } = self.brief;
        UsageSums {
            calls,
            simulated,
            errors: self.errors,
            estimated,
            cost,
            detail: self.rest.map(|rest| Box::new(rest.detail())),
        }
    }
}
