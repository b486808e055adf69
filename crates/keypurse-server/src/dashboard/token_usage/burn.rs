//! How fast a token spends, and when it will be empty.

use jiff::civil::Date;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::Token;

use crate::dashboard::figures::{Dollars, Span, start_of};
use crate::dashboard::usage::{Calendar, Range};

const DAYS: i32 = 7;
const DAY: i64 = 24 * 3600;
/// Beyond this nobody cares when.
const FOR_EVER: i64 = 3650 * DAY;

/// How fast a token spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Burn {
    spent: Money,
    measured: Measured,
    outlook: Outlook,
}

/// What the rate goes by, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measured {
    /// All the days that are looked at.
    AllDays(i64),
    /// The token's life: it is younger.
    SinceMade(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outlook {
    /// Its balance is not checked.
    Unbounded,
    Empty,
    NotSpending,
    /// Less than a day says nothing of the next one.
    TooEarly,
    UntilReset,
    /// Empty after so many seconds.
    After(i64),
}

impl Burn {
    /// The days that are looked at.
    pub(in crate::dashboard) fn range(today: Date) -> Range {
        Range::last_days(DAYS, today)
    }

    /// From the token's balance, and what it spent in these days.
    pub(in crate::dashboard) fn of(
        token: &Token,
        (balance, spent): (Money, Money),
        calendar: &Calendar,
    ) -> Self {
        let now = calendar.now;
        let first = start_of(Self::range(calendar.today()).begin, &calendar.zone);
        let since = |at: Timestamp| (now.seconds() - at.seconds()).max(0);
        let measured = if first < token.created_at {
            Measured::SinceMade(since(token.created_at))
        } else {
            Measured::AllDays(since(first))
        };
        Self {
            spent,
            measured,
            outlook: outlook(token, (balance, spent), measured.seconds(), now),
        }
    }

    /// What becomes of the balance, in a few words.
    pub(in crate::dashboard) fn outlook(&self) -> String {
        match self.outlook {
            Outlook::Unbounded => "Never empty".to_owned(),
            Outlook::Empty => "Empty".to_owned(),
            Outlook::NotSpending => "Not spending".to_owned(),
            Outlook::TooEarly => "Too early to say".to_owned(),
            Outlook::UntilReset => "Lasts until the next reset".to_owned(),
            Outlook::After(seconds) if seconds >= FOR_EVER => "Lasts for years".to_owned(),
            Outlook::After(seconds) => format!("Empty in about {}", Span { seconds }),
        }
    }

    /// What it spends in a day; before it is a day old, what it spent.
    pub(in crate::dashboard) fn rate(&self) -> Dollars {
        let seconds = self.measured.seconds();
        if seconds < DAY {
            return Dollars(self.spent);
        }
        let per_day = i128::from(self.spent.nanos()) * i128::from(DAY) / i128::from(seconds);
        Dollars(Money::from_nanos(
            i64::try_from(per_day).unwrap_or(i64::MAX),
        ))
    }

    /// What the rate goes by, in a few words.
    pub(in crate::dashboard) fn measured(&self) -> String {
        match self.measured {
            Measured::AllDays(_) => format!("a day, over the last {DAYS} days"),
            Measured::SinceMade(seconds) if seconds < DAY => {
                format!("in the {} since it was made", Span { seconds })
            }
            Measured::SinceMade(seconds) => {
                format!("a day, in the {} since it was made", Span { seconds })
            }
        }
    }
}

impl Measured {
    fn seconds(self) -> i64 {
        match self {
            Self::AllDays(seconds) | Self::SinceMade(seconds) => seconds,
        }
    }
}

fn outlook(
    token: &Token,
    (balance, spent): (Money, Money),
    elapsed: i64,
    now: Timestamp,
) -> Outlook {
    if !token.settings.draws_on_balance() {
        return Outlook::Unbounded;
    }
    if balance <= Money::ZERO {
        return Outlook::Empty;
    }
    if spent <= Money::ZERO {
        return Outlook::NotSpending;
    }
    if elapsed < DAY {
        return Outlook::TooEarly;
    }
    let spent = i128::from(spent.nanos());
    let seconds = i128::from(balance.nanos()) * i128::from(elapsed) / spent;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    match token.settings.reset {
        Some(reset) if reset.next_at <= now.plus_seconds(seconds) => Outlook::UntilReset,
        Some(_) | None => Outlook::After(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::Burn;
    use crate::dashboard::usage::Calendar;
    use jiff::tz::TimeZone;
    use keypurse_core::id::{AccountId, TokenId};
    use keypurse_core::money::Money;
    use keypurse_core::period::{Reset, ResetPeriod};
    use keypurse_core::time::Timestamp;
    use keypurse_core::token::{Overdraft, TokenKind, TokenName, TokenSettings};
    use keypurse_store::Token;

    fn money(dollars: &str) -> Money {
        Money::parse_text(dollars).unwrap()
    }

    /// A token of a balance, made a while ago; it is noon.
    fn token(balance: &str, created_at: &str) -> Token {
        Token {
            id: TokenId(1),
            account: AccountId(1),
            settings: TokenSettings {
                name: TokenName::parse("a").unwrap(),
                kind: TokenKind::Live,
                has_budget: true,
                expires_at: None,
                overdraft: Overdraft::Clamp,
                reset: None,
                simulate_budget: false,
                rules: None,
            },
            balance: money(balance),
            digest: [0; 32],
            sealed: None,
            created_at: Timestamp::parse(created_at).unwrap(),
        }
    }

    #[track_caller]
    fn check(token: &Token, spent: &str, expected: (&str, &str)) {
        let calendar = Calendar {
            now: Timestamp::parse("2026-11-21T12:00:00Z").unwrap(),
            zone: TimeZone::UTC,
        };
        let burn = Burn::of(token, (token.balance, money(spent)), &calendar);
        let shown = (burn.rate().to_string(), burn.outlook());
        assert_eq!((&*shown.0, &*shown.1), expected);
    }

    #[test]
    fn a_balance_lasts_as_long_as_it_did_lately() {
        let old = |balance| token(balance, "2026-01-01T00:00:00Z");
        // 6.5 days are looked at.
        check(&old("10"), "6.5", ("$1.00", "Empty in about 10 days"));
        check(&old("0.5"), "6.5", ("$1.00", "Empty in about 12 h"));
        check(&old("90000"), "0.0065", ("$0.001", "Lasts for years"));
        check(&old("10"), "0", ("$0.00", "Not spending"));
        check(&old("0"), "6.5", ("$1.00", "Empty"));
    }

    #[test]
    fn a_new_token_is_judged_by_the_time_since_it_was_made_and_by_a_day_at_least() {
        let new = token("10", "2026-11-20T12:00:00Z");
        check(&new, "2", ("$2.00", "Empty in about 5 days"));
        let newest = token("10", "2026-11-21T11:59:00Z");
        check(&newest, "1", ("$1.00", "Too early to say"));
        let unused = token("10", "2026-11-21T11:59:00Z");
        check(&unused, "0", ("$0.00", "Not spending"));
    }

    #[test]
    fn a_rate_names_the_time_it_was_measured_over() {
        for (created_at, expected) in [
            ("2026-01-01T00:00:00Z", "a day, over the last 7 days"),
            ("2026-11-15T00:00:00Z", "a day, over the last 7 days"),
            (
                "2026-11-18T12:00:00Z",
                "a day, in the 3 days since it was made",
            ),
            (
                "2026-11-20T12:00:00Z",
                "a day, in the 24 h since it was made",
            ),
            ("2026-11-20T12:00:01Z", "in the 23 h since it was made"),
            ("2026-11-21T11:59:00Z", "in the 1 min since it was made"),
        ] {
            let calendar = Calendar {
                now: Timestamp::parse("2026-11-21T12:00:00Z").unwrap(),
                zone: TimeZone::UTC,
            };
            let token = token("10", created_at);
            let burn = Burn::of(&token, (token.balance, money("1")), &calendar);
            assert_eq!(burn.measured(), expected, "{created_at}");
        }
    }

    #[test]
    fn a_reset_or_no_budget_says_so() {
        let mut reset = token("10", "2026-01-01T00:00:00Z");
        reset.settings.reset = Some(Reset {
            period: ResetPeriod::Monthly,
            amount: money("20"),
            next_at: Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
        });
        check(&reset, "6.5", ("$1.00", "Lasts until the next reset"));
        check(&reset, "65", ("$10.00", "Empty in about 24 h"));
        let mut unbounded = token("0", "2026-01-01T00:00:00Z");
        unbounded.settings.has_budget = false;
        check(&unbounded, "6.5", ("$1.00", "Never empty"));
    }
}
