//! Shelves: what sixteen tokens with neighbouring numbers used, in one row.
//!
//! Both parts of a shelf are the same for each token in order: a byte that
//! says which, how long its part is, and the part. A token without calls has
//! none.

use std::collections::BTreeMap;

use super::sums::{ByKind, Packed, read_part, unreadable, write_length};

const BITS: u32 = 4;

/// Whose shelf it is.
pub(super) const fn shelf_of(token: i64) -> i64 {
    token >> BITS
}

/// A shelf as it is read; without details where nobody reads them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelf<'a> {
    pub(super) shelf: i64,
    pub(super) packed: Packed<'a>,
}

impl<'a> Shelf<'a> {
    /// Shows what each token used to `see`.
    pub(super) fn each_token(
        mut self,
        mut see: impl FnMut(i64, Packed<'a>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        while !self.packed.briefs.is_empty() {
            let (token, packed) = self.next().ok_or_else(unreadable)?;
            see(token, packed)?;
        }
        if self.packed.rests.is_some_and(|rests| !rests.is_empty()) {
            return Err(unreadable());
        }
        Ok(())
    }

    fn next(&mut self) -> Option<(i64, Packed<'a>)> {
        let (place, briefs) = read_token(&mut self.packed.briefs)?;
        let rests = match &mut self.packed.rests {
            Some(rests) => {
                let (same, rests) = read_token(rests)?;
                (same == place).then_some(Some(rests))?
            }
            None => None,
        };
        let token = (self.shelf << BITS) + i64::from(place);
        Some((token, Packed { briefs, rests }))
    }
}

fn read_token<'a>(part: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (place, after) = part.split_first()?;
    *part = after;
    Some((*place, read_part(part)?))
}

/// Both parts of a shelf with more sums, all of them of its tokens.
pub(super) fn merged(
    known: Option<Shelf<'_>>,
    more: &BTreeMap<i64, ByKind>,
) -> rusqlite::Result<(Vec<u8>, Vec<u8>)> {
    let mut all = BTreeMap::new();
    if let Some(known) = known {
        known.each_token(|token, packed| {
            all.insert(token, packed);
            Ok(())
        })?;
    }
    let mut added = BTreeMap::new();
    for (token, sums) in more {
        let mut sums = sums.clone();
        if let Some(known) = all.remove(token) {
            sums.add_packed(known)?;
        }
        added.insert(*token, sums.pack());
    }
    for (token, (briefs, rests)) in &added {
        let rests = Some(&**rests);
        all.insert(*token, Packed { briefs, rests });
    }
    write(&all).ok_or_else(unreadable)
}

fn write(all: &BTreeMap<i64, Packed<'_>>) -> Option<(Vec<u8>, Vec<u8>)> {
    let length = |part: &[u8]| 3 + part.len();
    let mut briefs = Vec::with_capacity(all.values().map(|one| length(one.briefs)).sum());
    let mut rests = Vec::with_capacity(all.values().filter_map(|one| one.rests).map(length).sum());
    for (token, one) in all {
        write_token(&mut briefs, *token, one.briefs);
        write_token(&mut rests, *token, one.rests?);
    }
    Some((briefs, rests))
}

fn write_token(bytes: &mut Vec<u8>, token: i64, part: &[u8]) {
    let place = token & ((1 << BITS) - 1);
    bytes.push(u8::try_from(place).expect("a few bits"));
    write_length(bytes, part);
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Shelf, merged, shelf_of};
    use crate::usage::sums::{ByKind, Kind, Packed, Sums};
    use keypurse_store::StatusClass;
    use proptest::prelude::*;

    type OfTokens = BTreeMap<i64, ByKind>;

    fn sums(model: i64, calls: u64) -> (Kind, Sums) {
        let kind = Kind {
            model,
            feature: 1,
            status: StatusClass::Success,
        };
        (kind, Sums::made_up(calls))
    }

    fn read(shelf: i64, briefs: &[u8], rests: Option<&[u8]>) -> rusqlite::Result<OfTokens> {
        let mut read = OfTokens::new();
        let packed = Packed { briefs, rests };
        Shelf { shelf, packed }
            .each_token(|token, packed| read.entry(token).or_default().add_packed(packed))?;
        Ok(read)
    }

    proptest! {
        #[test]
        fn a_shelf_holds_what_was_put_on_it(
            shelf in -1..3_i64,
            puts in proptest::collection::vec((0..16_i64, 0..3_i64, 1..1000_u64), 1..40),
            at_once in 1..8_usize,
        ) {
            let mut all = OfTokens::new();
            let mut parts: Option<(Vec<u8>, Vec<u8>)> = None;
            for puts in puts.chunks(at_once) {
                let mut more = OfTokens::new();
                for (place, model, calls) in puts {
                    let token = shelf * 16 + place;
                    prop_assert_eq!(shelf_of(token), shelf);
                    let (kind, sums) = sums(*model, *calls);
                    more.entry(token).or_default().add(kind, &sums);
                    all.entry(token).or_default().add(kind, &sums);
                }
                let known = parts.as_ref().map(|(briefs, rests)| Shelf {
                    shelf,
                    packed: Packed { briefs, rests: Some(rests) },
                });
                parts = Some(merged(known, &more).unwrap());
            }
            let (briefs, rests) = parts.unwrap();
            prop_assert_eq!(read(shelf, &briefs, Some(&rests)).unwrap(), all);
            for cut in 1..rests.len() {
                prop_assert!(read(shelf, &briefs, Some(&rests[..cut])).is_err());
            }
        }
    }
}
