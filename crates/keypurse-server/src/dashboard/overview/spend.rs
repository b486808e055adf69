//! What was spent, and what the month will have cost at this rate.

use jiff::ToSpan;
use jiff::civil::Date;
use keypurse_core::money::Money;
use keypurse_store::UsageRow;

use crate::dashboard::figures::{Dollars, Span, start_of};
use crate::dashboard::usage::{Calendar, Range, Totals};

/// A forecast goes by so many days, today included.
const RECENT_DAYS: i64 = 7;
/// The first calls of an installation say nothing of a month.
const SHORTEST_SECONDS: i64 = 24 * 3600;

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Spend {
    pub(in crate::dashboard) today: Totals,
    pub(in crate::dashboard) yesterday: Totals,
    pub(in crate::dashboard) month: Totals,
    forecast: Forecast,
}

/// What the month will have cost if spending goes on as in the last days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Forecast {
    /// There were no calls for less than a day.
    #[default]
    TooEarly,
    /// As in all the days that are looked at.
    ByAllDays(Money),
    /// As in so many seconds: there were no calls before.
    BySeconds(Money, i64),
}

impl Spend {
    /// What the month will have cost, if that can be told.
    pub(in crate::dashboard) fn forecast(&self) -> Option<Dollars> {
        match self.forecast {
            Forecast::TooEarly => None,
            Forecast::ByAllDays(amount) | Forecast::BySeconds(amount, _) => Some(Dollars(amount)),
        }
    }

    /// What the forecast goes by, in a few words.
    pub(in crate::dashboard) fn forecast_goes_by(&self) -> String {
        match self.forecast {
            Forecast::TooEarly => "for the month, after a day of calls".to_owned(),
            Forecast::ByAllDays(_) => format!("for the month, as in the last {RECENT_DAYS} days"),
            Forecast::BySeconds(_, seconds) => {
                format!("for the month, as in the last {}", Span { seconds })
            }
        }
    }

    /// The days that [`Spend::of`] has to know.
    pub(in crate::dashboard) fn range(calendar: &Calendar) -> Range {
        let today = calendar.today();
        Range {
            begin: first_recent(calendar).min(today.first_of_month()),
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
        let recent: Vec<_> = days.iter().filter(since(first_recent(calendar))).collect();
        Self {
            today: today_sum,
            yesterday: since_yesterday.without(&today_sum),
            month,
            forecast: forecast(&recent, month.cost, calendar),
        }
    }
}

/// The first of the days that a forecast goes by.
fn first_recent(calendar: &Calendar) -> Date {
    let today = calendar.today();
    today.saturating_sub((RECENT_DAYS - 1).days())
}

/// What the month will have cost, which has cost so much.
fn forecast(recent: &[&UsageRow], so_far: Money, calendar: &Calendar) -> Forecast {
    let Some(first) = recent.iter().map(|row| row.period).min() else {
        return Forecast::ByAllDays(so_far);
    };
    let elapsed = calendar.now.seconds() - first.seconds();
    if elapsed < SHORTEST_SECONDS {
        return Forecast::TooEarly;
    }
    let whole = so_far + to_come(recent, elapsed, calendar);
    if first <= start_of(first_recent(calendar), &calendar.zone) {
        Forecast::ByAllDays(whole)
    } else {
        Forecast::BySeconds(whole, elapsed)
    }
}

/// What the rest of the month will cost, if it goes on as in the seconds that
/// elapsed.
fn to_come(recent: &[&UsageRow], elapsed: i64, calendar: &Calendar) -> Money {
    let next_month = calendar.today().last_of_month().saturating_add(1.day());
    let end = start_of(next_month, &calendar.zone);
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

    fn spend(now: &str, days: &[(&str, &str)]) -> Spend {
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
        Spend::of(&rows, &calendar)
    }

    /// What was spent, and what the forecast says and goes by.
    fn check(now: &str, days: &[(&str, &str)], expected: [&str; 3], forecast: (&str, &str)) {
        let spend = spend(now, days);
        let shown = [spend.today.cost, spend.yesterday.cost, spend.month.cost];
        assert_eq!(shown.map(|money| money.to_string()), expected, "{now}");
        let told = spend.forecast().map(|it| it.to_string());
        let told = (told.unwrap_or_default(), spend.forecast_goes_by());
        assert_eq!((&*told.0, &*told.1), forecast, "{now}");
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
        let by = ("$17.23", "for the month, as in the last 7 days");
        check("2026-11-21T12:00:00Z", &week, ["0.5", "1.5", "7.0"], by);
    }

    #[test]
    fn last_month_counts_towards_the_rate_but_not_the_sum() {
        let days = [("2026-10-31", "3"), ("2026-11-01", "0")];
        // 3 dollars in a day and a half, 29.5 days to come.
        let by = ("$59.00", "for the month, as in the last 36 h");
        check("2026-11-01T12:00:00Z", &days, ["0.0", "3.0", "0.0"], by);
    }

    #[test]
    fn less_than_a_day_of_calls_foretells_nothing() {
        let now = "2026-11-21T12:00:00Z";
        let by = ("", "for the month, after a day of calls");
        check(now, &[("2026-11-21", "3")], ["3.0", "0.0", "3.0"], by);
    }

    #[test]
    fn without_calls_nothing_is_to_come() {
        let by = ("$0.00", "for the month, as in the last 7 days");
        check("2026-11-21T12:00:00Z", &[], ["0.0", "0.0", "0.0"], by);
    }
}
