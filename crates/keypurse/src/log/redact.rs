//! Scrubs what looks like a secret from a line of the log.
//!
//! The last guard: headers and bodies are never logged, and secrets have no
//! text in our types. This is for what a library or a provider's error says.

use std::borrow::Cow;

const REDACTED: &str = "[redacted]";
/// How credentials begin that are told by their beginning: ours and those of
/// well-known providers.
const PREFIXES: [&str; 7] = [
    "kp_live_", "kp_test_", "sk-", "gsk_", "xai-", "AIza", "csk-",
];
/// Shorter than this, it is a word.
const SHORTEST: usize = 8;
/// What a credential follows, whatever it looks like; in lower case.
const MARKS: [&str; 6] = [
    "bearer ",
    "?key=",
    "&key=",
    "api_key=",
    "x-api-key: ",
    "access_token=",
];

/// The same line without secrets.
pub(super) fn redact(line: &str) -> Cow<'_, str> {
    let mut clean: Option<String> = None;
    let mut kept = 0;
    let mut at = 0;
    while at < line.len() {
        let Some((from, to)) = secret_at(line, at) else {
            at += line[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let clean = clean.get_or_insert_with(String::new);
        clean.push_str(&line[kept..from]);
        clean.push_str(REDACTED);
        (kept, at) = (to, to);
    }
    match clean {
        None => Cow::Borrowed(line),
        Some(mut clean) => {
            clean.push_str(&line[kept..]);
            Cow::Owned(clean)
        }
    }
}

/// The part to be left out, if what begins here is, or announces, a secret.
fn secret_at(line: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &line.as_bytes()[at..];
    let is_in_word = at > 0 && line.as_bytes()[at - 1].is_ascii_alphanumeric();
    if let Some(prefix) = PREFIXES
        .iter()
        .find(|prefix| rest.starts_with(prefix.as_bytes()))
    {
        let length = rest[prefix.len()..]
            .iter()
            .take_while(|byte| is_of_key(**byte))
            .count();
        if !is_in_word && length >= SHORTEST {
            return Some((at + prefix.len(), at + prefix.len() + length));
        }
    }
    let is_mark = |mark: &&&str| {
        let begins = rest.get(..mark.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(mark.as_bytes()))
    };
    let mark = MARKS.iter().find(is_mark)?;
    let value = &line[at + mark.len()..];
    let length = value.find(ends_value).unwrap_or(value.len());
    (length > 0).then(|| (at + mark.len(), at + mark.len() + length))
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn ends_value(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '\\' | '&' | ',' | ';' | ')' | '}' | ']' | '<'
        )
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn whatever_looks_like_a_secret_is_left_out() {
        for (line, expected) in [
            ("nothing to see", "nothing to see"),
            (
                "token kp_live_0123456789abcdefghijABCDEFGHIJ01abcdef is new",
                "token kp_live_[redacted] is new",
            ),
            ("kp_test_0123456789abc", "kp_test_[redacted]"),
            (
                "key sk-proj-abc_DEF-123456, next",
                "key sk-[redacted], next",
            ),
            (
                "Authorization: Bearer abc.def",
                "Authorization: Bearer [redacted]",
            ),
            ("{\"h\":\"bearer abc\"}", "{\"h\":\"bearer [redacted]\"}"),
            (
                "GET /v1?key=AIzaabc&alt=sse",
                "GET /v1?key=[redacted]&alt=sse",
            ),
            ("a=1&KEY=x y", "a=1&KEY=[redacted] y"),
            ("AIzaSyA1234567890 end", "AIza[redacted] end"),
            ("x-api-key: secret", "x-api-key: [redacted]"),
            ("gsk_12345678 xai-12345678", "gsk_[redacted] xai-[redacted]"),
            (
                "kp_live_short task-manager-service risk-free",
                "kp_live_short task-manager-service risk-free",
            ),
            ("größe sk-größe", "größe sk-größe"),
            ("Bearer ", "Bearer "),
        ] {
            assert_eq!(redact(line), expected);
        }
    }

    #[test]
    fn a_line_without_secrets_is_not_copied() {
        assert!(matches!(redact("plain"), std::borrow::Cow::Borrowed(_)));
    }
}
