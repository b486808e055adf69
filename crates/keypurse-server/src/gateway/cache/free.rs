//! What an answer tells of its cost, told again: nothing.

use bytes::Bytes;
use keypurse_core::money::Money;

/// How a cost stands in an answer, as a member and as a stream's comment. In a
/// text a model said, its quotes would be escaped.
const MARKS: [&[u8]; 2] = [b"\"cost\":", b": keypurse-cost="];

/// The same answer at no cost.
pub(super) fn free(answer: &[u8]) -> Bytes {
    let zero = Money::ZERO.to_string();
    let mut shown = Vec::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(end) = next_mark(rest) {
        let (before, after) = rest.split_at(end);
        shown.extend_from_slice(before);
        let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = after.iter().take_while(|byte| is_number(byte)).count();
        if length > 0 {
            shown.extend_from_slice(zero.as_bytes());
        }
        rest = &after[length..];
    }
    shown.extend_from_slice(rest);
    shown.into()
}

/// Where the first mark, and the blanks after it, end.
fn next_mark(text: &[u8]) -> Option<usize> {
    let ends = MARKS.iter().filter_map(|mark| {
        let at = memchr::memmem::find(text, mark)?;
        Some(at + mark.len())
    });
    let end = ends.min()?;
    let blanks = text[end..].iter().take_while(|byte| **byte == b' ');
    Some(end + blanks.count())
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn costs_become_nothing_and_texts_stay() {
        for (answer, expected) in [
            (
                r#"{"text":"\"cost\":5","cost":0.00042,"usage":{"cost": 1e-06}}"#,
                r#"{"text":"\"cost\":5","cost":0.0,"usage":{"cost": 0.0}}"#,
            ),
            (
                "data: {\"cost\":null}\n\n: keypurse-cost=0.5\n\ndata: [DONE]\n\n",
                "data: {\"cost\":null}\n\n: keypurse-cost=0.0\n\ndata: [DONE]\n\n",
            ),
            ("", ""),
            ("\"cost\":", "\"cost\":"),
        ] {
            assert_eq!(free(answer.as_bytes()), expected);
        }
    }
}
