//! How fast a token spends, and when it will be empty.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::Token;

use crate::dashboard::figures::{Dollars, Span, start_of};
use crate::dashboard::usage::Range;

const DAYS: i32 = 7;
const DAY: i64 = 24 * 3600;
const SHORTEST_SECONDS: i64 = 3600;
/// Beyond this nobody cares when.
const FOR_EVER: i64 = 3650 * DAY;

/// How fast a token spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Burn {
    pub(in crate::dashboard) per_day: Money,
    outlook: Outlook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outlook {
    /// Its balance is not checked.
    Unbounded,
    Empty,
    NotSpending,
    UntilReset,
    /// Empty after so many seconds.
    After(i64),
}

impl Burn {
    /// The days that are looked at.
    pub(in crate::dashboard) fn range(today: Date) -> Range {
        Range::last_days(DAYS, today)
    }

    /// From what the token spent in these days.
    pub(in crate::dashboard) fn of(
        token: &Token,
        spent: Money,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Self {
        let today = crate::dashboard::figures::date_of(now, zone);
        let first = start_of(today.saturating_sub((DAYS - 1).days()), zone);
        let first = first.max(token.created_at);
        let elapsed = (now.seconds() - first.seconds()).max(SHORTEST_SECONDS);
        let spent = i128::from(spent.nanos());
        let per_day = spent * i128::from(DAY) / i128::from(elapsed);
        Self {
            per_day: Money::from_nanos(i64::try_from(per_day).unwrap_or(i64::MAX)),
            outlook: outlook(token, spent, elapsed, now),
        }
    }

    /// What becomes of the balance, in a few words.
    pub(in crate::dashboard) fn outlook(&self) -> String {
        match self.outlook {
            Outlook::Unbounded => "No budget: it is never empty".to_owned(),
            Outlook::Empty => "Empty".to_owned(),
            Outlook::NotSpending => "Not spending".to_owned(),
            Outlook::UntilReset => "Lasts until the next reset".to_owned(),
            Outlook::After(seconds) if seconds >= FOR_EVER => "Lasts for years".to_owned(),
            Outlook::After(seconds) => format!("Empty in about {}", Span { seconds }),
        }
    }

    /// `$1.20 a day`
    pub(in crate::dashboard) fn rate(&self) -> String {
        format!("{} a day", Dollars(self.per_day))
    }
}

fn outlook(token: &Token, spent: i128, elapsed: i64, now: Timestamp) -> Outlook {
    let balance = token.balance_at(now);
    if !token.settings.has_budget {
        return Outlook::Unbounded;
    }
    if balance <= Money::ZERO {
        return Outlook::Empty;
    }
    if spent <= 0 {
        return Outlook::NotSpending;
    }
    let seconds = i128::from(balance.nanos()) * i128::from(elapsed) / spent;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    match token.settings.reset {
        Some(reset) if reset.next_at <= now.plus_seconds(seconds) => Outlook::UntilReset,
        Some(_) | None => Outlook::After(seconds),
    }
}
