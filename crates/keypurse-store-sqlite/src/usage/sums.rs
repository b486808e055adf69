//! Sums over calls, and how they are packed.
//!
//! Packed sums are entries in the order of their kinds, in two parts. In the
//! one an entry is its model (a number of the table `model`), a byte of feature
//! and status, and the numbers every report wants. In the other, which few
//! reports read, it is its length, a mask that says which of the other numbers
//! are not zero, and those numbers. Numbers are added at the end, so that sums
//! packed before have none of the new ones.

use keypurse_core::money::Money;
use keypurse_core::usage::{COUNTS, Certainty, ServiceTier, TokenCounts};
use keypurse_store::{CallState, Latency, StatusClass, UsageDetail};
use rusqlite::types::Type;

use crate::call_row::CallRow;
use crate::varint;

const BUCKETS: usize = Latency::BOUNDS_MS.len() + 1;
/// Latencies first: there may be more counts one day.
const NUMBERS: usize = BUCKETS + COUNTS;
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

/// What every report wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) calls: u64,
    pub(crate) simulated: u64,
    pub(crate) estimated: u64,
    /// What the account was charged.
    pub(crate) cost: Money,
}

/// What some reports want: latencies and units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest([u64; NUMBERS]);

/// Sums over calls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) brief: Brief,
    pub(crate) rest: Rest,
}

impl Brief {
    pub(crate) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.simulated += other.simulated;
        self.estimated += other.estimated;
        self.cost += other.cost;
    }
}

impl Rest {
    pub(crate) const NONE: Self = Self([0; NUMBERS]);

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, number) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.checked_add(*number).expect("sums over calls fit");
        }
    }

    pub(crate) fn detail(&self) -> UsageDetail {
        let (latency, counts) = self.0.split_at(BUCKETS);
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

impl Sums {
    /// Those of one call; `None`: it does not count.
    pub(crate) fn of(call: &CallRow) -> Option<(Kind, Self)> {
        let status = StatusClass::of(call.state, call.status)?;
        let brief = Brief {
            calls: 1,
            simulated: (call.rehearsed || call.state == CallState::Simulated).into(),
            estimated: (call.certainty == Certainty::Estimated).into(),
            cost: call.charged_to_account(),
        };
        let mut numbers = [0; NUMBERS];
        if status != StatusClass::Unanswered {
            let took = call.finished_at.micros() - call.held_call.started_at.micros();
            let millis = u64::try_from(took / 1000).unwrap_or(0);
            numbers[Latency::bucket(millis)] = 1;
        }
        let counts = TokenCounts {
            tier: ServiceTier::Standard,
            ..call.counts
        };
        numbers[BUCKETS..].copy_from_slice(&counts.to_array());
        let kind = Kind {
            model: call.held_call.model_id,
            feature: call.held_call.feature,
            status,
        };
        let rest = Rest(numbers);
        Some((kind, Self { brief, rest }))
    }

    /// Those of so many calls as nobody made.
    #[cfg(any(test, feature = "generate"))]
    pub(super) fn made_up(calls: u64) -> Self {
        let brief = Brief {
            calls,
            cost: Money::from_nanos(i64::try_from(calls * 1_234_567).expect("little money")),
            ..Brief::default()
        };
        let mut numbers = [0; NUMBERS];
        let (latency, counts) = numbers.split_at_mut(BUCKETS);
        for (part, bucket) in (2..).zip(&mut latency[7..13]) {
            *bucket = calls.div_ceil(part);
        }
        let used = TokenCounts {
            input: calls * 1_511,
            cached_input: calls * 277,
            output: calls * 389,
            reasoning: calls * 83,
            ..TokenCounts::NONE
        };
        counts.copy_from_slice(&used.to_array());
        let rest = Rest(numbers);
        Self { brief, rest }
    }

    fn add(&mut self, other: &Self) {
        self.brief.add(&other.brief);
        self.rest.add(&other.rest);
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

    pub(crate) fn add_packed(&mut self, packed: Packed<'_>) -> rusqlite::Result<()> {
        each(packed, |entry| {
            let (brief, rest) = (entry.brief, entry.rest()?);
            self.add(entry.kind, &Sums { brief, rest });
            Ok(())
        })
    }

    /// Both parts.
    pub(crate) fn pack(&self) -> (Vec<u8>, Vec<u8>) {
        let mut briefs = Vec::with_capacity(self.0.len() * 12);
        let mut rests = Vec::with_capacity(self.0.len() * 40);
        let mut rest = Vec::with_capacity(40);
        for (kind, sums) in &self.0 {
            varint::write(&mut briefs, kind.model);
            briefs.push(kind.feature << STATUS_BITS | status_code(kind.status));
            let Brief {
                calls,
                simulated,
                estimated,
                cost,
            } = sums.brief;
            varint::write(&mut briefs, calls.cast_signed());
            varint::write(&mut briefs, simulated.cast_signed());
            varint::write(&mut briefs, estimated.cast_signed());
            varint::write(&mut briefs, cost.nanos());
            sums.rest.pack(&mut rest);
            write_length(&mut rests, &rest);
            rests.append(&mut rest);
        }
        (briefs, rests)
    }

    /// Both parts in one, as a row of fresh sums has them.
    pub(crate) fn pack_as_one(&self) -> Vec<u8> {
        let (briefs, mut rests) = self.pack();
        let mut bytes = Vec::with_capacity(2 + briefs.len() + rests.len());
        write_length(&mut bytes, &briefs);
        bytes.extend_from_slice(&briefs);
        bytes.append(&mut rests);
        bytes
    }
}

/// Packed sums; without details where nobody reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'a> {
    pub(crate) briefs: &'a [u8],
    pub(crate) rests: Option<&'a [u8]>,
}

impl<'a> Packed<'a> {
    /// Reads what [`ByKind::pack_as_one`] packed.
    pub(crate) fn of_one(mut bytes: &'a [u8]) -> rusqlite::Result<Self> {
        let briefs = read_part(&mut bytes).ok_or_else(unreadable)?;
        let rests = Some(bytes);
        Ok(Self { briefs, rests })
    }
}

/// Appends how long a part is that follows.
pub(super) fn write_length(bytes: &mut Vec<u8>, part: &[u8]) {
    varint::write(bytes, i64::try_from(part.len()).expect("some bytes"));
}

/// Takes a part and its length off the front.
pub(super) fn read_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::read(bytes)?).ok()?;
    let (part, after) = bytes.split_at_checked(length)?;
    *bytes = after;
    Some(part)
}

impl Rest {
    fn pack(&self, bytes: &mut Vec<u8>) {
        let set = |mask: u64, (at, number): (usize, &u64)| mask | u64::from(*number != 0) << at;
        let mask = self.0.iter().enumerate().fold(0, set);
        varint::write(bytes, mask.cast_signed());
        for number in self.0.iter().filter(|number| **number != 0) {
            varint::write(bytes, number.cast_signed());
        }
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut numbers = [0; NUMBERS];
        let mut mask = varint::read(&mut bytes)?.cast_unsigned();
        while mask != 0 {
            let at = usize::try_from(mask.trailing_zeros()).ok()?;
            *numbers.get_mut(at)? = varint::read(&mut bytes)?.cast_unsigned();
            mask &= mask - 1;
        }
        bytes.is_empty().then_some(Self(numbers))
    }
}

/// An entry of packed sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Kind,
    pub(crate) brief: Brief,
    rest: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    fn read(packed: &mut Packed<'a>) -> Option<Self> {
        let bytes = &mut packed.briefs;
        let model = varint::read(bytes)?;
        let (code, after) = bytes.split_first()?;
        *bytes = after;
        let kind = Kind {
            model,
            feature: code >> STATUS_BITS,
            status: StatusClass::ALL[usize::from(code & 3)],
        };
        let brief = Brief {
            calls: varint::read(bytes)?.cast_unsigned(),
            simulated: varint::read(bytes)?.cast_unsigned(),
            estimated: varint::read(bytes)?.cast_unsigned(),
            cost: Money::from_nanos(varint::read(bytes)?),
        };
        let rest = match &mut packed.rests {
            Some(rests) => Some(read_part(rests)?),
            None => None,
        };
        Some(Self { kind, brief, rest })
    }

    /// What few reports want; it has to be there.
    pub(crate) fn rest(&self) -> rusqlite::Result<Rest> {
        self.rest.and_then(Rest::read).ok_or_else(unreadable)
    }
}

/// Shows every entry of packed sums to `see`.
pub(crate) fn each<'a>(
    mut packed: Packed<'a>,
    mut see: impl FnMut(Entry<'a>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    while !packed.briefs.is_empty() {
        see(Entry::read(&mut packed).ok_or_else(unreadable)?)?;
    }
    if packed.rests.is_some_and(|rests| !rests.is_empty()) {
        return Err(unreadable());
    }
    Ok(())
}

const fn status_code(status: StatusClass) -> u8 {
    match status {
        StatusClass::Success => 0,
        StatusClass::ClientError => 1,
        StatusClass::ServerError => 2,
        StatusClass::Unanswered => 3,
    }
}

pub(super) fn unreadable() -> rusqlite::Error {
    let why = "sums over calls are not readable";
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, why.into())
}

#[cfg(test)]
mod tests {
    use super::{Brief, ByKind, Kind, NUMBERS, Packed, Rest, Sums, each};
    use keypurse_core::money::Money;
    use keypurse_store::StatusClass;
    use proptest::prelude::*;

    fn any_number() -> impl Strategy<Value = u64> {
        prop_oneof![3 => Just(0), 2 => 1..1000_u64, 1 => 0..1_u64 << 60]
    }

    fn any_entry() -> impl Strategy<Value = (Kind, Sums)> {
        let numbers = proptest::collection::vec(any_number(), NUMBERS);
        let brief = (any_number(), any_number(), any_number(), 0..1_i64 << 60);
        (0..9_i64, 1..7_u8, 0..4_usize, brief, numbers).prop_map(
            |(model, feature, status, brief, numbers)| {
                let status = StatusClass::ALL[status];
                let kind = Kind {
                    model,
                    feature,
                    status,
                };
                let (calls, simulated, estimated, cost) = brief;
                let brief = Brief {
                    calls,
                    simulated,
                    estimated,
                    cost: Money::from_nanos(cost),
                };
                let rest = Rest(numbers.try_into().unwrap());
                (kind, Sums { brief, rest })
            },
        )
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
                let packed = one.pack_as_one();
                sums.add_packed(Packed::of_one(&packed).unwrap()).unwrap();
            }
            prop_assert_eq!(&sums, &all);
            let mut again = ByKind::default();
            let (briefs, rests) = all.pack();
            let rests = Some(&*rests);
            again.add_packed(Packed { briefs: &briefs, rests }).unwrap();
            prop_assert_eq!(&again, &all);
        }

        #[test]
        fn torn_sums_are_noticed(entry in any_entry(), cut in 1..100_usize) {
            let mut sums = ByKind::default();
            sums.add(entry.0, &entry.1);
            let packed = sums.pack_as_one();
            let torn = &packed[..packed.len().saturating_sub(cut)];
            let read = Packed::of_one(torn).and_then(|torn| each(torn, |_| Ok(())));
            prop_assert!(read.is_err());
        }
    }
}
