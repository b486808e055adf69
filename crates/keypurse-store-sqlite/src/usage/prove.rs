//! Proves that sums are those of the calls, and that coarser sums are those of
//! finer ones.

use std::collections::HashMap;

use rusqlite::Connection;

use super::days::{Days, from_number, month};
use super::rows::{EVERYBODY, token_code};
use super::start::parse;
use super::sums::{Kind, Packed, Sums, each};
use super::tables::{DAYS, HOURS, MONTHS, Shelves, read_shelf};
use crate::audit::AuditError;
use crate::call_row::CallRow;

/// What sums are of: an account, a token or everybody, and a period.
type Of = (i64, i64, i64);

/// Many sums at once: they differ if one of them does. Each number counts with
/// a factor of its own kind and place, so that nothing makes up for anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest {
    calls: u64,
    nanos: u64,
    rest: u64,
}

impl Digest {
    fn of(kind: Kind, sums: &Sums) -> Self {
        let Sums { brief, rest } = sums;
        let status = 1 + kind.status as u64;
        let seed =
            scattered(kind.model.cast_unsigned() << 16 | u64::from(kind.feature) << 8 | status);
        let nanos = brief.cost.nanos().cast_unsigned();
        let brief = [brief.calls, nanos, brief.simulated, brief.estimated];
        let numbers = (1..).zip(brief.iter().chain(rest.numbers()));
        let rest = numbers.fold(0_u64, |rest, (place, number)| {
            let factor = scattered(seed.wrapping_add(place << 48));
            rest.wrapping_add(number.wrapping_mul(factor))
        });
        Self {
            calls: brief[0],
            nanos,
            rest,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.wrapping_add(other.calls),
            nanos: self.nanos.wrapping_add(other.nanos),
            rest: self.rest.wrapping_add(other.rest),
        }
    }
}

/// The finaliser of splitmix64.
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Two sums that have to be the same, for each key.
#[derive(Debug, Default)]
struct Pairs(HashMap<Of, (Digest, Digest)>);

impl Pairs {
    fn add_left(&mut self, of: Of, digest: Digest) {
        let (left, _) = self.0.entry(of).or_default();
        *left = left.plus(digest);
    }

    fn add_right(&mut self, of: Of, digest: Digest) {
        let (_, right) = self.0.entry(of).or_default();
        *right = right.plus(digest);
    }

    /// Names the first pair that differs.
    fn agree(&self, left: &str, right: &str, period: fn(i64) -> String) -> Result<(), AuditError> {
        let differing = self.0.iter().filter(|(_, (left, right))| left != right);
        let Some(((account, token, at), (one, other))) = differing.min_by_key(|(of, _)| **of)
        else {
            return Ok(());
        };
        let whose = match *token {
            EVERYBODY => format!("account {account}"),
            0 => format!("the key of account {account}"),
            token => format!("token {token}"),
        };
        let told =
            |digest: &Digest| format!("{} calls for {} nano-dollars", digest.calls, digest.nanos);
        let why = if (one.calls, one.nanos) == (other.calls, other.nanos) {
            "differ in units, latencies or how calls ended".to_owned()
        } else {
            format!("are {} and {}", told(one), told(other))
        };
        Err(AuditError::Difference(format!(
            "usage of {whose} in {}: the sums of {left} and of {right} {why}",
            period(*at)
        )))
    }
}

/// Sums the calls it is shown, and compares.
#[derive(Debug)]
pub(crate) struct Prover {
    /// Zones by the line they are from, the last first; each from its line on.
    zones: Vec<(i64, Days)>,
    /// Calls beyond this line have no row, and are in no sum.
    materialised: i64,
    /// The first day of which no call was forgotten.
    first_whole_day: i32,
    hours_from: i64,
    by_day: Pairs,
    /// Everything an account was charged, by its sums and by its books.
    by_account: Pairs,
}

impl Prover {
    /// `None`: nothing is summed yet.
    pub(crate) fn read(connection: &Connection) -> Result<Option<Self>, AuditError> {
        let zones = zones(connection)?;
        if zones.is_empty() {
            return Ok(None);
        }
        let materialised =
            connection.query_row("SELECT materialised FROM progress", [], |row| row.get(0))?;
        let (forgotten, hours_from): (Option<i64>, i64) = connection.query_row(
            "SELECT forgotten_before, hours_from FROM usage_progress",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let first_whole_day = forgotten.map_or(i32::MIN, first_whole_day);
        let mut prover = Self {
            zones,
            materialised,
            first_whole_day,
            hours_from,
            by_day: Pairs::default(),
            by_account: Pairs::default(),
        };
        prover.add_forgotten(connection)?;
        Ok(Some(prover))
    }

    /// Checkpoints stand for forgotten calls, but not all of these were summed.
    fn add_forgotten(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut forgotten = connection.prepare(
            "SELECT account_id, -amount FROM entry WHERE token_id IS NULL AND kind = 5
             UNION ALL SELECT account_id, -charged FROM usage_before",
        )?;
        let mut rows = forgotten.query([])?;
        while let Some(row) = rows.next()? {
            let (account, nanos): (i64, i64) = (row.get(0)?, row.get(1)?);
            self.charge(account, nanos);
        }
        Ok(())
    }

    fn charge(&mut self, account: i64, nanos: i64) {
        let digest = Digest {
            nanos: nanos.cast_unsigned(),
            ..Digest::default()
        };
        self.by_account.add_right((account, EVERYBODY, 0), digest);
    }

    pub(crate) fn add_call(&mut self, call: &CallRow) {
        if call.line > self.materialised {
            return;
        }
        let account = call.account.0;
        self.charge(account, call.charged_to_account().nanos());
        let zone = self.zones.iter_mut().find(|(from, _)| *from < call.line);
        let (Some((_, days)), Some((kind, sums))) = (zone, Sums::of(call)) else {
            return;
        };
        let day = days.slot(call.finished_at).day;
        if day >= self.first_whole_day {
            let of = (account, token_code(call), i64::from(day));
            self.by_day.add_left(of, Digest::of(kind, &sums));
        }
    }

    /// Compares with what is in the tables of sums.
    pub(crate) fn finish(mut self, connection: &Connection) -> Result<(), AuditError> {
        let (mut months, mut hours, mut everybody) =
            (Pairs::default(), Pairs::default(), Pairs::default());
        self.add_days(connection, |of, digest, is_fresh| {
            let (account, token, day) = of;
            let common = (account, EVERYBODY, day);
            if token == EVERYBODY {
                everybody.add_left(common, digest);
            } else {
                everybody.add_right(common, digest);
            }
            if !is_fresh {
                let day = i32::try_from(day).unwrap_or(i32::MAX);
                months.add_right((account, token, month(day).into()), digest);
                hours.add_right(of, digest);
            }
        })?;
        each_on_shelves(connection, &MONTHS, |of, digest| {
            months.add_left(of, digest);
        })?;
        each_on_shelves(connection, &HOURS, |of, digest| hours.add_left(of, digest))?;
        hours.0.retain(|(_, _, day), _| *day >= self.hours_from);
        self.by_day.agree("its calls", "its days", named_day)?;
        everybody.agree("everybody", "each token", named_day)?;
        hours.agree("hours", "days", named_day)?;
        months.agree("months", "days", named_month)?;
        self.by_account
            .agree("all days", "all charges", |_| "all".to_owned())
    }

    /// What is summed by day, fresh or not; and shows it.
    fn add_days(
        &mut self,
        connection: &Connection,
        mut see: impl FnMut(Of, Digest, bool),
    ) -> Result<(), AuditError> {
        let (first, by_day, by_account) =
            (self.first_whole_day, &mut self.by_day, &mut self.by_account);
        let mut add = |of: Of, digest: Digest| {
            let (account, token, day) = of;
            if token == EVERYBODY {
                let charged = Digest {
                    nanos: digest.nanos,
                    ..Digest::default()
                };
                by_account.add_left((account, EVERYBODY, 0), charged);
            } else if day >= i64::from(first) {
                by_day.add_right(of, digest);
            }
        };
        each_fresh(connection, |of, digest| {
            see(of, digest, true);
            add(of, digest);
        })?;
        each_on_shelves(connection, &DAYS, |of, digest| {
            see(of, digest, false);
            add(of, digest);
        })?;
        Ok(())
    }
}

/// Shows the digest of every fresh row to `see`.
fn each_fresh(connection: &Connection, mut see: impl FnMut(Of, Digest)) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT account_id, token_id, day, sums FROM usage_fresh")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let packed = Packed::of_one(row.get_ref(3)?.as_blob()?)?;
        see((row.get(0)?, row.get(1)?, row.get(2)?), digest(packed)?);
    }
    Ok(())
}

/// Shows the digest of what each token used in each period to `see`.
fn each_on_shelves(
    connection: &Connection,
    table: &Shelves,
    mut see: impl FnMut(Of, Digest),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(table.everything)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (account, period) = (row.get(3)?, row.get(4)?);
        read_shelf(row, true)?.each_token(|token, packed| {
            see((account, token, period), digest(packed)?);
            Ok(())
        })?;
    }
    Ok(())
}

fn digest(packed: Packed<'_>) -> rusqlite::Result<Digest> {
    let mut digest = Digest::default();
    each(packed, |entry| {
        let (brief, rest) = (entry.brief, entry.rest()?);
        digest = digest.plus(Digest::of(entry.kind, &Sums { brief, rest }));
        Ok(())
    })?;
    Ok(digest)
}

fn zones(connection: &Connection) -> rusqlite::Result<Vec<(i64, Days)>> {
    connection
        .prepare("SELECT from_line, zone FROM usage_zone ORDER BY from_line DESC")?
        .query_map([], |row| {
            let name: String = row.get(1)?;
            Ok((row.get(0)?, Days::of(parse(&name)?)))
        })?
        .collect()
}

/// In whatever zone: no zone is a whole day from UTC.
fn first_whole_day(forgotten_before: i64) -> i32 {
    let micros_in_day = 24 * 3600 * 1_000_000;
    let day = forgotten_before.div_euclid(micros_in_day) + 2;
    i32::try_from(day).unwrap_or(i32::MAX)
}

fn named_day(day: i64) -> String {
    let day = i32::try_from(day).unwrap_or(i32::MAX);
    from_number(day).to_string()
}

fn named_month(month: i64) -> String {
    format!(
        "{:04}-{:02}",
        month.div_euclid(12),
        month.rem_euclid(12) + 1
    )
}
