//! Sums over calls, and how they are packed.
//!
//! Packed sums are entries in the order of their kinds. An entry is its model
//! (a number of the table `model`), a byte of feature and status, a mask that
//! says which numbers are not zero, and those numbers. Numbers are added at the
//! end, so that sums packed before have none of the new ones.

use keypurse_core::money::Money;
use keypurse_core::usage::{COUNTS, Certainty, ServiceTier, TokenCounts};
use keypurse_store::{CallState, Latency, StatusClass, UsageDetail};
use rusqlite::types::Type;

use crate::call_row::CallRow;
use crate::varint;

const CALLS: usize = 0;
const COST: usize = 1;
const SIMULATED: usize = 2;
const ESTIMATED: usize = 3;
/// What every report wants.
const BRIEF: usize = 4;
const BUCKETS: usize = Latency::BOUNDS_MS.len() + 1;
const NUMBERS: usize = BRIEF + BUCKETS + COUNTS;
const STATUS_BITS: u32 = 2;

/// What calls have in common that are summed as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// As in the table `model`.
    pub(crate) model: i64,
    /// As in calls' rows.
    pub(crate) feature: u8,
    pub(crate) status: StatusClass,
}

/// How much of packed sums is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Brief,
    Whole,
}

/// Sums over calls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums([u64; NUMBERS]);

impl Sums {
    pub(crate) const NONE: Self = Self([0; NUMBERS]);

    /// Those of one call; `None`: it does not count.
    pub(crate) fn of(call: &CallRow) -> Option<(Kind, Self)> {
        let status = StatusClass::of(call.state, call.status)?;
        let mut numbers = [0; NUMBERS];
        numbers[CALLS] = 1;
        numbers[COST] = unsigned(call.charged_to_account().nanos());
        let is_simulated = call.rehearsed || call.state == CallState::Simulated;
        numbers[SIMULATED] = is_simulated.into();
        numbers[ESTIMATED] = (call.certainty == Certainty::Estimated).into();
        if status != StatusClass::Unanswered {
            let took = call.finished_at.micros() - call.held_call.started_at.micros();
            let millis = u64::try_from(took / 1000).unwrap_or(0);
            numbers[BRIEF + Latency::bucket(millis)] = 1;
        }
        let counts = TokenCounts {
            tier: ServiceTier::Standard,
            ..call.counts
        };
        numbers[BRIEF + BUCKETS..].copy_from_slice(&counts.to_array());
        let kind = Kind {
            model: call.held_call.model_id,
            feature: call.held_call.feature,
            status,
        };
        Some((kind, Self(numbers)))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, number) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.checked_add(*number).expect("sums over calls fit");
        }
    }

    pub(crate) const fn calls(&self) -> u64 {
        self.0[CALLS]
    }

    pub(crate) const fn simulated(&self) -> u64 {
        self.0[SIMULATED]
    }

    pub(crate) const fn estimated(&self) -> u64 {
        self.0[ESTIMATED]
    }

    pub(crate) fn cost(&self) -> Money {
        let nanos = i64::try_from(self.0[COST]).expect("charges are money together");
        Money::from_nanos(nanos)
    }

    pub(crate) fn detail(&self) -> UsageDetail {
        let (latency, counts) = self.0[BRIEF..].split_at(BUCKETS);
        let mut detail = UsageDetail::default();
        detail.latency.buckets.copy_from_slice(latency);
        let counts = <[u64; COUNTS]>::try_from(counts).expect("as many as there are counts");
        detail.counts = TokenCounts::from_array(counts).expect("the standard tier");
        detail
    }

    /// All numbers, for a proof.
    pub(crate) const fn numbers(&self) -> &[u64] {
        &self.0
    }
}

/// Sums by kind, in the order of kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByKind(Vec<(Kind, Sums)>);

impl ByKind {
    pub(crate) fn add(&mut self, kind: Kind, sums: &Sums) {
        match self.0.binary_search_by_key(&kind, |(kind, _)| *kind) {
            Ok(at) => self.0[at].1.add(sums),
            Err(at) => self.0.insert(at, (kind, *sums)),
        }
    }

    pub(crate) fn add_packed(&mut self, packed: &[u8]) -> rusqlite::Result<()> {
        each(packed, Depth::Whole, |kind, sums| self.add(kind, sums))
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 32);
        for (kind, sums) in &self.0 {
            varint::write(&mut bytes, kind.model);
            bytes.push(kind.feature << STATUS_BITS | status_code(kind.status));
            let set = |mask: u64, (at, number): (usize, &u64)| mask | u64::from(*number != 0) << at;
            let mask = sums.0.iter().enumerate().fold(0, set);
            varint::write(&mut bytes, mask.cast_signed());
            for number in sums.0.iter().filter(|number| **number != 0) {
                varint::write(&mut bytes, number.cast_signed());
            }
        }
        bytes
    }
}

/// Shows every entry of packed sums to `see`.
pub(crate) fn each(
    packed: &[u8],
    depth: Depth,
    mut see: impl FnMut(Kind, &Sums),
) -> rusqlite::Result<()> {
    let mut rest = packed;
    while !rest.is_empty() {
        let (kind, sums) = read(&mut rest, depth).ok_or_else(unreadable)?;
        see(kind, &sums);
    }
    Ok(())
}

fn read(bytes: &mut &[u8], depth: Depth) -> Option<(Kind, Sums)> {
    let model = varint::read(bytes)?;
    let (code, rest) = bytes.split_first()?;
    *bytes = rest;
    let kind = Kind {
        model,
        feature: code >> STATUS_BITS,
        status: StatusClass::ALL[usize::from(code & 3)],
    };
    let mut mask = varint::read(bytes)?.cast_unsigned();
    let mut sums = Sums::NONE;
    while mask != 0 {
        let at = usize::try_from(mask.trailing_zeros()).ok()?;
        mask &= mask - 1;
        if depth == Depth::Brief && at >= BRIEF {
            skip(bytes)?;
        } else {
            *sums.0.get_mut(at)? = varint::read(bytes)?.cast_unsigned();
        }
    }
    Some((kind, sums))
}

fn skip(bytes: &mut &[u8]) -> Option<()> {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    *bytes = &bytes[last + 1..];
    Some(())
}

const fn status_code(status: StatusClass) -> u8 {
    match status {
        StatusClass::Success => 0,
        StatusClass::ClientError => 1,
        StatusClass::ServerError => 2,
        StatusClass::Unanswered => 3,
    }
}

fn unsigned(nanos: i64) -> u64 {
    u64::try_from(nanos).expect("a charge is not negative")
}

fn unreadable() -> rusqlite::Error {
    let why = "sums over calls are not readable";
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, why.into())
}

#[cfg(test)]
mod tests {
    use super::{BRIEF, ByKind, Depth, Kind, NUMBERS, Sums, each};
    use keypurse_store::StatusClass;
    use proptest::prelude::*;

    fn any_number() -> impl Strategy<Value = u64> {
        prop_oneof![3 => Just(0), 2 => 1..1000_u64, 1 => 0..1_u64 << 60]
    }

    fn any_entry() -> impl Strategy<Value = (Kind, Sums)> {
        let numbers = proptest::collection::vec(any_number(), NUMBERS);
        (0..9_i64, 1..7_u8, 0..4_usize, numbers).prop_map(|(model, feature, status, numbers)| {
            let status = StatusClass::ALL[status];
            let kind = Kind {
                model,
                feature,
                status,
            };
            (kind, Sums(numbers.try_into().unwrap()))
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_added_to_what_there_is(
            entries in proptest::collection::vec(any_entry(), 0..4),
        ) {
            let mut all = ByKind::default();
            let mut sums = ByKind::default();
            for (kind, numbers) in &entries {
                all.add(*kind, numbers);
                let mut one = ByKind::default();
                one.add(*kind, numbers);
                sums.add_packed(&one.pack()).unwrap();
            }
            prop_assert_eq!(&sums, &all);
            let mut again = ByKind::default();
            again.add_packed(&all.pack()).unwrap();
            prop_assert_eq!(&again, &all);

            let mut brief = ByKind::default();
            each(&all.pack(), Depth::Brief, |kind, sums| brief.add(kind, sums)).unwrap();
            for ((kind, brief), (same, whole)) in brief.0.iter().zip(&all.0) {
                prop_assert_eq!((kind, &brief.0[..BRIEF]), (same, &whole.0[..BRIEF]));
                prop_assert!(brief.0[BRIEF..].iter().all(|number| *number == 0));
            }
        }

        #[test]
        fn torn_sums_are_noticed(entry in any_entry(), cut in 1..100_usize) {
            let mut sums = ByKind::default();
            sums.add(entry.0, &entry.1);
            let packed = sums.pack();
            let torn = &packed[..packed.len().saturating_sub(cut)];
            prop_assume!(!torn.is_empty());
            for depth in [Depth::Brief, Depth::Whole] {
                let read = each(torn, depth, |_, _| ());
                prop_assert!(read.is_err());
            }
        }
    }
}
