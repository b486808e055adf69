//! Strings, the only part of a body that is ever long.

use std::borrow::Cow;

/// So many bytes at a time, which the compiler compares at once.
const CHUNK: usize = 64;
const WORD: usize = size_of::<u64>();
const LOWEST: u64 = u64::from_ne_bytes([0x01; WORD]);
const HIGHEST: u64 = u64::from_ne_bytes([0x80; WORD]);

/// The first byte from `from` on that is no plain part of a string: a quote, a
/// backslash or a control character; the length of the text if there is none.
pub(super) fn end_of_plain(text: &[u8], from: usize) -> usize {
    // Most strings are short.
    let near = text.len().min(from + CHUNK);
    let end = first_special(&text[..near], from);
    if end < near {
        return end;
    }
    let (chunks, _) = text[near..].as_chunks::<CHUNK>();
    let plain = chunks.iter().take_while(|chunk| is_plain(chunk)).count();
    first_special(text, near + plain * CHUNK)
}

fn first_special(text: &[u8], from: usize) -> usize {
    let (words, rest) = text[from..].as_chunks::<WORD>();
    for (number, word) in words.iter().enumerate() {
        let special = special_in(u64::from_le_bytes(*word));
        if special != 0 {
            return from + number * WORD + (special.trailing_zeros() / 8) as usize;
        }
    }
    let special = rest.iter().position(|byte| is_special(*byte) != 0);
    text.len() - rest.len() + special.unwrap_or(rest.len())
}

/// Without a branch, so that wide registers can do it.
fn is_plain(chunk: &[u8; CHUNK]) -> bool {
    let mut special = 0;
    for byte in chunk {
        special |= is_special(*byte);
    }
    special == 0
}

/// 1 if it is.
fn is_special(byte: u8) -> u8 {
    u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < b' ')
}

/// The highest bit of each special byte, and perhaps of some behind the first.
fn special_in(word: u64) -> u64 {
    let below = |word: u64, least: u64| word.wrapping_sub(LOWEST * least) & !word & HIGHEST;
    let equal = |byte: u8| below(word ^ (LOWEST * u64::from(byte)), 1);
    equal(b'"') | equal(b'\\') | below(word, u64::from(b' '))
}

/// How many bytes an escape has, its backslash included. `None`: it is none, or
/// half of a character.
pub(super) fn escape_length(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => match code_unit(text)? {
            0xD800..=0xDBFF => {
                let low = code_unit(text.get(6..)?)?;
                (0xDC00..=0xDFFF).contains(&low).then_some(12)
            }
            0xDC00..=0xDFFF => None,
            _ => Some(6),
        },
        _ => None,
    }
}

/// The unit that `\uXXXX` at the beginning of `text` stands for.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let digit = |unit: u16, digit: &u8| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    };
    digits.iter().try_fold(0, digit)
}

/// What a checked string says, its quotes included in `text`.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    let plain = &text[1..text.len() - 1];
    if memchr::memchr(b'\\', plain.as_bytes()).is_none() {
        return Cow::Borrowed(plain);
    }
    Cow::Owned(serde_json::from_str(text).expect("the string was checked"))
}
