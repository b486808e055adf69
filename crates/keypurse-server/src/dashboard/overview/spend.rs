//! What was spent, and what the month will have cost at this rate.

use jiff::ToSpan;
use keypurse_core::money::Money;
use keypurse_store::UsageRow;

use crate::dashboard::figures::{Dollars, start_of};
use crate::dashboard::usage::{Calendar, Range, Totals};

/// A forecast goes by so many days, today included.
const RECENT_DAYS: i64 = 7;
/// One call in the first minute of an installation says nothing of a month.
const SHORTEST_SECONDS: i64 = 3600;

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Spend {
    pub(in crate::dashboard) today: Totals,
    pub(in crate::dashboard) yesterday: Totals,
    pub(in crate::dashboard) month: Totals,
    /// What the month will have cost if spending goes on as in the last days.
    pub(in crate::dashboard) forecast: Money,
}

impl Spend {
    pub(in crate::dashboard) fn forecast_dollars(&self) -> Dollars {
        Dollars(self.forecast)
    }

    /// The days that [`Spend::of`] has to know.
    pub(in crate::dashboard) fn range(calendar: &Calendar) -> Range {
        let today = calendar.today();
        let recent = today.saturating_sub((RECENT_DAYS - 1).days());
        Range {
            begin: recent.min(today.first_of_month()),
            end: today,
        }
    }

    /// From sums by day.
    pub(in crate::dashboard) fn of(days: &[UsageRow], calendar: &Calendar) -> Self {
        let today = calendar.today();
        let since = |day| {
            let start = start_of(day, &calendar.zone);
            move |row: &&UsageRow| row.period >= start
        };
        let sum = |rows: &mut dyn Iterator<Item = &UsageRow>| {
            let mut totals = Totals::default();
            rows.for_each(|row| totals.add(&row.sums));
            totals
        };
        let yesterday = today.saturating_sub(1.day());
        let today_sum = sum(&mut days.iter().filter(since(today)));
        let since_yesterday = sum(&mut days.iter().filter(since(yesterday)));
        let month = sum(&mut days.iter().filter(since(today.first_of_month())));
        let recent = today.saturating_sub((RECENT_DAYS - 1).days());
        let recent: Vec<_> = days.iter().filter(since(recent)).collect();
        Self {
            today: today_sum,
            yesterday: since_yesterday.without(&today_sum),
            month,
            forecast: month.cost + to_come(&recent, calendar),
        }
    }
}

/// What the rest of the month will cost.
fn to_come(recent: &[&UsageRow], calendar: &Calendar) -> Money {
    let Some(first) = recent.iter().map(|row| row.period).min() else {
        return Money::ZERO;
    };
    let next_month = calendar.today().last_of_month().saturating_add(1.day());
    let end = start_of(next_month, &calendar.zone);
    let elapsed = (calendar.now.seconds() - first.seconds()).max(SHORTEST_SECONDS);
    let left = end.seconds() - calendar.now.seconds();
    let spent: Money = recent.iter().map(|row| row.sums.cost).sum();
    // Rounded down: it is a guess.
    let nanos = i128::from(spent.nanos()) * i128::from(left) / i128::from(elapsed);
    Money::from_nanos(i64::try_from(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::Spend;
    use crate::dashboard::usage::Calendar;
    use jiff::tz::TimeZone;
    use keypurse_core::money::Money;
    use keypurse_core::time::Timestamp;
    use keypurse_store::{UsageKey, UsageRow, UsageSums};

    fn check(now: &str, days: &[(&str, &str)], expected: [&str; 4]) {
        let calendar = Calendar {
            now: Timestamp::parse(now).unwrap(),
            zone: TimeZone::UTC,
        };
        let row = |(day, cost): &(&str, &str)| UsageRow {
            period: Timestamp::parse(day).unwrap(),
            key: UsageKey::default(),
            sums: UsageSums {
                calls: 1,
                cost: Money::parse_text(cost).unwrap(),
                ..UsageSums::default()
            },
        };
        let rows: Vec<_> = days.iter().map(row).collect();
        let spend = Spend::of(&rows, &calendar);
        let shown = [
            spend.today.cost,
            spend.yesterday.cost,
            spend.month.cost,
            spend.forecast,
        ];
        assert_eq!(shown.map(|money| money.to_string()), expected, "{now}");
    }

    #[test]
    fn the_month_goes_on_as_the_last_seven_days() {
        // 7 dollars in 6.5 days; 9.5 days are left of November.
        let week = [
            ("2026-11-15", "1"),
            ("2026-11-16", "1"),
            ("2026-11-17", "1"),
            ("2026-11-18", "1"),
            ("2026-11-19", "1"),
            ("2026-11-20", "1.5"),
            ("2026-11-21", "0.5"),
        ];
        let expected = ["0.5", "1.5", "7.0", "17.23076923"];
        check("2026-11-21T12:00:00Z", &week, expected);
    }

    #[test]
    fn last_month_counts_towards_the_rate_but_not_the_sum() {
        let days = [("2026-10-31", "3"), ("2026-11-01", "0")];
        // 3 dollars in a day and a half, 29.5 days to come.
        let expected = ["0.0", "3.0", "0.0", "59.0"];
        check("2026-11-01T12:00:00Z", &days, expected);
    }

    #[test]
    fn without_calls_nothing_is_to_come() {
        check("2026-11-21T12:00:00Z", &[], ["0.0", "0.0", "0.0", "0.0"]);
    }
}
