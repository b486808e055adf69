//! Where a page ends: at the ordered half of a call's id.

use keypurse_core::id::CallId;

use crate::http::fields::Reason;

const DIGITS: usize = 16;

/// What the page after a call is asked for with.
pub(super) fn after(call: CallId) -> String {
    format!("{:0DIGITS$x}", call.ordered)
}

/// Reads what [`after`] wrote.
pub(super) fn read(text: &str) -> Result<i64, Reason> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_one = text.len() == DIGITS && text.bytes().all(is_hex);
    let ordered = i64::from_str_radix(text, 16).ok().filter(|_| is_one);
    ordered.ok_or_else(|| "Send the `next_cursor` of a page, or leave this out.".into())
}

#[cfg(test)]
mod tests {
    use super::{after, read};
    use keypurse_core::id::CallId;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_in_no_other_way() {
        for ordered in [0, 1, 3_774_873_600_000_000_000, i64::MAX] {
            let cursor = after(CallId { ordered, random: 7 });
            assert_eq!(read(&cursor), Ok(ordered));
        }
        for text in [
            "1",
            "ffffffffffffffff",
            "+000000000000001",
            "000000000000000A",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
