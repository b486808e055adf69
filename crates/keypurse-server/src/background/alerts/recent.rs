//! What calls were lately: reports tell days, windows are shorter. Between two
//! looks a day's sums grow by what happened meanwhile.
//!
//! A restart begins anew: until a whole window was watched there may have been
//! more than is known, and nothing that fired is over for that.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::alert::Lately;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Dimension, StatusClass, Step, Store, StoreError, UsageQuery, UsageRow, Whose,
};

/// Looks are this far apart at least, in seconds.
const LOOK_EVERY: i64 = 10;
/// A window is kept in so many pieces.
const PIECES: i64 = 120;

/// Whose calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Account,
    Token(TokenId),
}

/// Calls, without those the simulator answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    spent: Money,
    calls: u64,
    errors: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.spent += other.spent;
        self.calls += other.calls;
        self.errors += other.errors;
    }

    /// What came since; sums only grow.
    fn since(self, before: Self) -> Self {
        Self {
            spent: (self.spent - before.spent).or_zero(),
            calls: self.calls.saturating_sub(before.calls),
            errors: self.errors.saturating_sub(before.errors),
        }
    }
}

/// Sums of days by token; `None`: the account's own key.
type Sums = HashMap<(Date, Option<TokenId>), Tally>;

/// What the accounts' calls were lately.
#[derive(Debug, Default)]
pub(super) struct Recent {
    accounts: HashMap<AccountId, Watched>,
}

#[derive(Debug)]
struct Watched {
    looked_at: Timestamp,
    /// Of the day of the last look.
    sums: Sums,
    windows: BTreeMap<u32, Window>,
}

/// What happened within so many seconds.
#[derive(Debug)]
struct Window {
    since: Timestamp,
    pieces: HashMap<Of, VecDeque<(Timestamp, Tally)>>,
}

impl Recent {
    /// Forgets accounts that nobody asks for any more.
    pub(super) fn keep(&mut self, accounts: &BTreeMap<AccountId, impl Sized>) {
        self.accounts.retain(|id, _| accounts.contains_key(id));
    }

    /// Looks at an account's calls, for windows of so many seconds.
    pub(super) async fn look(
        &mut self,
        store: &dyn Store,
        account: AccountId,
        zone: &TimeZone,
        windows: &BTreeSet<u32>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let day = day_of(now, zone);
        let Some(watched) = self.accounts.get_mut(&account) else {
            let sums = sums(store, account, (day, day), zone).await?;
            let mut watched = Watched {
                looked_at: now,
                sums,
                windows: BTreeMap::new(),
            };
            watched.want(windows);
            self.accounts.insert(account, watched);
            return Ok(());
        };
        watched.want(windows);
        if now < watched.looked_at.plus_seconds(LOOK_EVERY) {
            return Ok(());
        }
        let before = day_of(watched.looked_at, zone);
        let sums = sums(store, account, (before, day), zone).await?;
        watched.learn(sums, day, now);
        Ok(())
    }

    /// What the calls within this window were.
    pub(super) fn of(
        &self,
        account: AccountId,
        window_seconds: u32,
        of: Of,
        now: Timestamp,
    ) -> Option<Lately> {
        let watched = self.accounts.get(&account)?;
        let window = watched.windows.get(&window_seconds)?;
        let begin = now.plus_seconds(-i64::from(window_seconds));
        let mut sum = Tally::default();
        let pieces = window.pieces.get(&of).into_iter().flatten();
        for (_, tally) in pieces.filter(|(at, _)| *at > begin) {
            sum.add(*tally);
        }
        Some(Lately {
            spent: sum.spent,
            calls: sum.calls,
            errors: sum.errors,
            is_whole: window.since <= begin,
        })
    }
}

impl Watched {
    fn want(&mut self, windows: &BTreeSet<u32>) {
        self.windows.retain(|seconds, _| windows.contains(seconds));
        for seconds in windows {
            self.windows.entry(*seconds).or_insert_with(|| Window {
                since: self.looked_at,
                pieces: HashMap::new(),
            });
        }
    }

    fn learn(&mut self, sums: Sums, day: Date, now: Timestamp) {
        let mut grown = HashMap::<Of, Tally>::new();
        for ((of_day, token), sum) in &sums {
            let before = self.sums.get(&(*of_day, *token)).copied();
            let since = sum.since(before.unwrap_or_default());
            if since == Tally::default() {
                continue;
            }
            grown.entry(Of::Account).or_default().add(since);
            if let Some(token) = token {
                grown.entry(Of::Token(*token)).or_default().add(since);
            }
        }
        for (seconds, window) in &mut self.windows {
            window.learn(*seconds, &grown, now);
        }
        self.sums = sums;
        self.sums.retain(|(of_day, _), _| *of_day == day);
        self.looked_at = now;
    }
}

impl Window {
    fn learn(&mut self, seconds: u32, grown: &HashMap<Of, Tally>, now: Timestamp) {
        let begin = now.plus_seconds(-i64::from(seconds));
        let piece_seconds = i64::from(seconds) / PIECES;
        for (of, tally) in grown {
            let pieces = self.pieces.entry(*of).or_default();
            match pieces.back_mut() {
                Some((at, piece)) if now < at.plus_seconds(piece_seconds) => piece.add(*tally),
                Some(_) | None => pieces.push_back((now, *tally)),
            }
        }
        self.pieces.retain(|_, pieces| {
            while pieces.front().is_some_and(|(at, _)| *at <= begin) {
                pieces.pop_front();
            }
            !pieces.is_empty()
        });
    }
}

fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone.clone()).date()
}

async fn sums(
    store: &dyn Store,
    account: AccountId,
    (begin, end): (Date, Date),
    zone: &TimeZone,
) -> Result<Sums, StoreError> {
    let query = UsageQuery {
        account,
        whose: Whose::All,
        // A clock that steps back must not ask for days in reverse.
        begin: begin.min(end),
        end,
        step: Step::Day,
        by: vec![Dimension::Token, Dimension::Status],
        provider: None,
        model: None,
        feature: None,
        status: None,
        detail: false,
    };
    let mut sums = Sums::new();
    for row in store.usage(query).await? {
        let day = day_of(row.period, zone);
        sums.entry((day, row.key.token))
            .or_default()
            .add(tally(&row));
    }
    Ok(sums)
}

fn tally(row: &UsageRow) -> Tally {
    let calls = row.sums.calls.saturating_sub(row.sums.simulated);
    let is_error = row.key.status != Some(StatusClass::Success);
    Tally {
        spent: row.sums.cost,
        calls,
        errors: if is_error { calls } else { 0 },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::civil::date;
    use keypurse_core::alert::Lately;
    use keypurse_core::id::{AccountId, TokenId};
    use keypurse_core::money::Money;
    use keypurse_core::time::Timestamp;

    use super::{Of, Recent, Sums, Tally, Watched};

    const ACCOUNT: AccountId = AccountId(1);
    const TOKEN: TokenId = TokenId(7);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_seconds(seconds)
    }

    fn sums(day: i8, nanos: i64, calls: u64) -> Sums {
        let tally = Tally {
            spent: Money::from_nanos(nanos),
            calls,
            errors: 0,
        };
        Sums::from([((date(2026, 1, day), Some(TOKEN)), tally)])
    }

    fn recent(window: u32) -> Recent {
        let mut watched = Watched {
            looked_at: at(0),
            sums: sums(1, 1000, 10),
            windows: BTreeMap::new(),
        };
        watched.want(&BTreeSet::from([window]));
        let mut recent = Recent::default();
        recent.accounts.insert(ACCOUNT, watched);
        recent
    }

    fn learn(recent: &mut Recent, sums: Sums, day: i8, seconds: i64) {
        let watched = recent.accounts.get_mut(&ACCOUNT).unwrap();
        watched.learn(sums, date(2026, 1, day), at(seconds));
    }

    fn spent(recent: &Recent, of: Of, seconds: i64) -> (i64, bool) {
        let Lately {
            spent, is_whole, ..
        } = recent.of(ACCOUNT, 60, of, at(seconds)).unwrap();
        (spent.nanos(), is_whole)
    }

    #[test]
    fn what_was_spent_before_the_first_look_is_not_counted_and_what_is_old_is_forgotten() {
        let mut recent = recent(60);
        assert_eq!(spent(&recent, Of::Account, 0), (0, false));
        learn(&mut recent, sums(1, 1500, 11), 1, 10);
        learn(&mut recent, sums(1, 1700, 12), 1, 40);
        assert_eq!(spent(&recent, Of::Account, 40), (700, false));
        assert_eq!(spent(&recent, Of::Token(TOKEN), 60), (700, true));
        assert_eq!(spent(&recent, Of::Token(TokenId(8)), 60), (0, true));
        assert_eq!(spent(&recent, Of::Account, 71), (200, true));
        learn(&mut recent, sums(1, 1700, 12), 1, 101);
        assert_eq!(spent(&recent, Of::Account, 101), (0, true));
        let watched = &recent.accounts[&ACCOUNT];
        assert!(watched.windows[&60].pieces.is_empty(), "nothing is kept");
    }

    #[test]
    fn a_window_reaches_over_midnight() {
        let mut recent = recent(60);
        let mut both = sums(1, 1100, 11);
        both.extend(sums(2, 30, 1));
        learn(&mut recent, both, 2, 10);
        assert_eq!(spent(&recent, Of::Account, 10), (130, false));
        learn(&mut recent, sums(2, 35, 2), 2, 20);
        assert_eq!(spent(&recent, Of::Account, 20), (135, false));
    }
}
