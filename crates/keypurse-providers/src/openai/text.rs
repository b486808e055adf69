//! Measures the text in a piece of JSON without decoding it.

use std::borrow::Cow;

use memchr::memchr2;

use crate::members::Members;

/// Members that carry no text of the model's.
const LABELS: [&[u8]; 5] = [b"role", b"id", b"type", b"signature", b"thought_signature"];

/// Whether `json` is meant as an object: serde would also read a list into a
/// struct, member by member.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// UTF-8 bytes of all string values in `json`, labels left out. `json` must be
/// valid; broken surrogates, which some providers send, are counted like any
/// other character.
pub(crate) fn text_bytes(json: &str) -> u64 {
    let bytes = json.as_bytes();
    let (mut at, mut total, mut labelled) = (0, 0, false);
    while let Some(start) = memchr::memchr(b'"', &bytes[at..]).map(|found| at + found + 1) {
        let string = Scanned::read(&bytes[start..]);
        let end = start + string.raw_len;
        at = (end + 1).min(bytes.len());
        if is_key(&bytes[at..]) {
            labelled = LABELS.contains(&&bytes[start..end]);
        } else {
            total += if labelled { 0 } else { string.text_len };
            labelled = false;
        }
    }
    total
}

/// What a message or a delta says, each thing once: some servers write the same
/// reasoning under both its names.
pub(crate) fn once(said: &str) -> Cow<'_, str> {
    if memchr::memmem::find(said.as_bytes(), b"\"reasoning_content\"").is_none() {
        return Cow::Borrowed(said);
    }
    let Some(Members(mut members)) = Members::read(said) else {
        return Cow::Borrowed(said);
    };
    let of = |name: &str| members.iter().find(|(member, _)| member == name);
    let text = |name: &str| of(name).map(|(_, value)| value.get());
    if text("reasoning").is_none() || text("reasoning") != text("reasoning_content") {
        return Cow::Borrowed(said);
    }
    members.retain(|(name, _)| name != "reasoning");
    Cow::Owned(Members(members).with(&[]))
}

/// The string values of which [`text_bytes`] is the sum, empty ones left out.
pub(crate) fn texts(json: &str) -> Vec<String> {
    let bytes = json.as_bytes();
    let (mut at, mut found, mut labelled) = (0, Vec::new(), false);
    while let Some(start) = memchr::memchr(b'"', &bytes[at..]).map(|found| at + found + 1) {
        let end = start + Scanned::read(&bytes[start..]).raw_len;
        at = (end + 1).min(bytes.len());
        if is_key(&bytes[at..]) {
            labelled = LABELS.contains(&&bytes[start..end]);
        } else {
            if !labelled && end > start {
                found.push(decoded(&json[start - 1..at]));
            }
            labelled = false;
        }
    }
    found
}

/// A string that does not decode is taken as it is written: it is to be
/// counted, not shown.
fn decoded(string: &str) -> String {
    serde_json::from_str(string).unwrap_or_else(|_| string.to_owned())
}

fn is_key(after: &[u8]) -> bool {
    after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// A string up to its closing quote.
struct Scanned {
    raw_len: usize,
    text_len: u64,
}

impl Scanned {
    fn read(bytes: &[u8]) -> Self {
        let (mut at, mut saved) = (0, 0);
        while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
            at += found;
            if bytes[at] == b'"' {
                break;
            }
            let (written, meant) = escape(&bytes[at..]);
            saved += written - meant;
            at = (at + written).min(bytes.len());
        }
        let text_len = u64::try_from(at.saturating_sub(saved)).unwrap_or(u64::MAX);
        Self {
            raw_len: at,
            text_len,
        }
    }
}

/// How long an escape is as written, and as UTF-8. Half of a surrogate pair
/// counts as half of its four bytes.
fn escape(bytes: &[u8]) -> (usize, usize) {
    if bytes.get(1) != Some(&b'u') {
        return (2, 1);
    }
    let digits = bytes
        .get(2..6)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match code.unwrap_or(0) {
        0..0x80 => (6, 1),
        0x80..0x800 | 0xd800..0xe000 => (6, 2),
        _ => (6, 3),
    }
}

#[cfg(test)]
mod tests {
    use super::{once, text_bytes, texts};

    #[test]
    fn text_is_measured_in_utf8_whatever_its_notation() {
        for (json, expected) in [
            ("{}", 0),
            (r#"{"content":"Hello"}"#, 5),
            (r#"{"role":"assistant","content":""}"#, 0),
            (r#"{"role" : "assistant", "content" : "é"}"#, 2),
            (r#"{"content":"\u00e9\n\"\\"}"#, 5),
            (r#"{"content":"\ud83d\ude00"}"#, 4),
            (r#"{"content":"\ud83d"}"#, 2),
            (
                r#"{"content":"a","reasoning_content":"bc","refusal":null}"#,
                3,
            ),
            (
                r#"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}"#,
                8,
            ),
        ] {
            assert_eq!(text_bytes(json), expected, "{json}");
        }
    }

    #[test]
    fn reasoning_under_both_its_names_is_said_once() {
        for (said, expected) in [
            (
                r#"{"reasoning":"ab","reasoning_content":"ab","content":"c"}"#,
                3,
            ),
            (r#"{"reasoning":"ab","reasoning_content":"b"}"#, 3),
            (r#"{"reasoning":"ab"}"#, 2),
            (r#"{"reasoning_content":"ab"}"#, 2),
            (r#"{"reasoning":null,"reasoning_content":null}"#, 0),
        ] {
            assert_eq!(text_bytes(&once(said)), expected, "{said}");
        }
    }

    #[test]
    fn texts_are_decoded_and_labels_left_out() {
        let call = r#"{"role":"assistant","content":"a\u00e9\n","tool_calls":[{"index":0,"id":"c1",
            "type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],"refusal":""}"#;
        assert_eq!(texts(call), ["aé\n", "f", r#"{"a":1}"#]);
        assert_eq!(texts(r#"{"content":"\ud83d"}"#), [r#""\ud83d""#]);
        assert!(texts("{}").is_empty());
    }
}
