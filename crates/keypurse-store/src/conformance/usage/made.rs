//! What a call was, and what it is in reports, told anew from scratch.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp as Instant;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::id::{CallId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{COUNTS, TokenCounts};

use crate::{
    CallsPage, Dimension, Feature, Latency, StatusClass, Step, UsageDetail, UsageKey, UsageQuery,
    UsageRow, UsageSums, Whose,
};

/// A call that counts.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) call: CallId,
    pub(super) token: Option<TokenId>,
    pub(super) provider: &'static str,
    pub(super) model: &'static str,
    pub(super) feature: Feature,
    pub(super) status: StatusClass,
    pub(super) is_simulated: bool,
    pub(super) is_estimated: bool,
    /// What the account was charged.
    pub(super) cost: Money,
    pub(super) counts: TokenCounts,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Timestamp,
}

impl Made {
    fn full_model(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }

    fn is_of(&self, whose: &Whose) -> bool {
        match whose {
            Whose::All => true,
            Whose::AccountKey => self.token.is_none(),
            Whose::Tokens(tokens) => self.token.is_some_and(|token| tokens.contains(&token)),
        }
    }

    fn is_asked_for(&self, query: &UsageQuery, zone: &TimeZone) -> bool {
        let provider = query.provider.as_deref();
        let day = local_day(self.finished_at, zone);
        self.is_of(&query.whose)
            && (query.begin..=query.end).contains(&day)
            && provider.is_none_or(|provider| provider == self.provider)
            && query
                .model
                .as_ref()
                .is_none_or(|model| *model == self.full_model())
            && query.feature.is_none_or(|feature| feature == self.feature)
            && query.status.is_none_or(|status| status == self.status)
    }

    fn key(&self, by: &[Dimension]) -> UsageKey {
        let mut key = UsageKey::default();
        for dimension in by {
            match dimension {
                Dimension::Token => key.token = self.token,
                Dimension::Provider => key.provider = Some(Arc::from(self.provider)),
                Dimension::Model => key.model = Some(Arc::from(self.full_model())),
                Dimension::Feature => key.feature = Some(self.feature),
                Dimension::Status => key.status = Some(self.status),
            }
        }
        key
    }

    fn add_to(&self, sums: &mut UsageSums, detail: bool) {
        sums.calls += 1;
        sums.simulated += u64::from(self.is_simulated);
        sums.estimated += u64::from(self.is_estimated);
        sums.errors += u64::from(self.status != StatusClass::Success);
        sums.cost += self.cost;
        if !detail {
            return;
        }
        let UsageDetail { counts, latency } = &mut **sums.detail.get_or_insert_default();
        let (mut all, more) = (counts.to_array(), self.counts.to_array());
        for at in 0..COUNTS {
            all[at] += more[at];
        }
        *counts = TokenCounts::from_array(all).expect("the standard tier");
        if self.status != StatusClass::Unanswered {
            let took = self.finished_at.micros() - self.started_at.micros();
            let is_within = |bound: &u32| took < i64::from(*bound) * 1000;
            let bucket = Latency::BOUNDS_MS.iter().position(is_within);
            latency.buckets[bucket.unwrap_or(Latency::BOUNDS_MS.len())] += 1;
        }
    }

    pub(super) fn is_on(&self, page: &CallsPage) -> bool {
        let provider = page.provider.as_deref();
        self.is_of(&page.whose)
            && page.from.is_none_or(|from| self.finished_at >= from)
            && page.until.is_none_or(|until| self.finished_at < until)
            && provider.is_none_or(|provider| provider == self.provider)
            && page
                .model
                .as_ref()
                .is_none_or(|model| *model == self.full_model())
            && page.feature.is_none_or(|feature| feature == self.feature)
            && page.status.is_none_or(|status| status == self.status)
            && page.before.is_none_or(|before| self.call.ordered < before)
    }
}

pub(super) fn local_day(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant(at)).date()
}

fn instant(at: Timestamp) -> Instant {
    Instant::from_microsecond(at.micros()).expect("an instant of these years")
}

/// What a report has to say.
pub(super) fn expected(made: &[Made], query: &UsageQuery, zone: &TimeZone) -> Vec<UsageRow> {
    let mut sums: BTreeMap<(Timestamp, UsageKey), UsageSums> = BTreeMap::new();
    for call in made.iter().filter(|call| call.is_asked_for(query, zone)) {
        let period = period(call.finished_at, query, zone);
        let of = sums.entry((period, call.key(&query.by))).or_default();
        call.add_to(of, query.detail);
    }
    let row = |((period, key), sums)| UsageRow { period, key, sums };
    sums.into_iter().map(row).collect()
}

fn period(at: Timestamp, query: &UsageQuery, zone: &TimeZone) -> Timestamp {
    let at = instant(at).to_zoned(zone.clone());
    let day = at.date();
    let first = match query.step {
        Step::Hour => {
            let begun = i64::from(at.minute()) * 60 + i64::from(at.second());
            let second = at.timestamp().as_second() - begun;
            return Timestamp::from_micros(second * 1_000_000);
        }
        Step::Day => day,
        Step::Week => {
            let since_monday = i64::from(day.weekday().to_monday_zero_offset());
            let days = jiff::Span::new().days(since_monday);
            day.checked_sub(days).expect("a Monday")
        }
        Step::Month => day.first_of_month(),
        Step::Year => day.first_of_year(),
        Step::Whole => query.begin,
    };
    let first = first.to_zoned(zone.clone()).expect("a day of these years");
    Timestamp::from_micros(first.timestamp().as_microsecond())
}
