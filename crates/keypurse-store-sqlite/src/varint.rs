//! Small numbers in few bytes: seven bits a byte, lowest first, the sign
//! folded in (`0, -1, 1, -2` become `0, 1, 2, 3`).

const CONTINUES: u8 = 0x80;
const SEVEN_BITS: u64 = 0x7f;

/// Appends a number.
pub(crate) fn write(bytes: &mut Vec<u8>, number: i64) {
    let mut folded = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
    while folded > SEVEN_BITS {
        bytes.push(low_bits(folded) | CONTINUES);
        folded >>= 7;
    }
    bytes.push(low_bits(folded));
}

/// Takes a number off the front; `None` when there is none.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Option<i64> {
    // Most numbers have one byte.
    let (byte, rest) = bytes.split_first()?;
    if byte & CONTINUES == 0 {
        *bytes = rest;
        return Some(unfolded((*byte).into()));
    }
    read_long(bytes)
}

fn read_long(bytes: &mut &[u8]) -> Option<i64> {
    let (mut folded, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & !CONTINUES);
        // The tenth byte has room for one bit.
        if shift > 63 || (shift == 63 && bits > 1) {
            return None;
        }
        folded |= bits << shift;
        if byte & CONTINUES == 0 {
            return Some(unfolded(folded));
        }
        shift += 7;
    }
}

const fn unfolded(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed()
}

fn low_bits(number: u64) -> u8 {
    u8::try_from(number & SEVEN_BITS).expect("seven bits fit in a byte")
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number in any::<i64>()) {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read(&mut rest), Some(number));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn small_numbers_are_short_and_torn_ones_are_noticed() {
        for (number, length) in [
            (0, 1),
            (-64, 1),
            (63, 1),
            (64, 2),
            (i64::MAX, 10),
            (i64::MIN, 10),
        ] {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            assert_eq!(bytes.len(), length, "{number}");
            for cut in 0..length {
                assert_eq!(read(&mut &bytes[..cut]), None, "{number}");
            }
        }
        assert_eq!(read(&mut [0xff; 11].as_slice()), None);
    }
}
