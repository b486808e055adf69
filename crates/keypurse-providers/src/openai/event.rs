//! Server-sent events: where one ends, and what it carries.

use std::borrow::Cow;

use memchr::memchr_iter;

/// What one event carries.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// No data: a comment, a keep-alive, an empty line.
    Idle,
    /// The mark at the end of a stream.
    Done,
    /// Data that should be a chunk.
    Data(Cow<'a, str>),
    /// Bytes that are not text.
    Garbage,
}

/// Length of the first whole event in `bytes`, the blank line behind it
/// included. `searched` bytes are known to hold no end.
pub fn end_of_event(bytes: &[u8], searched: usize) -> Option<usize> {
    // An end is at most three bytes long and may have begun before.
    let from = searched.saturating_sub(3);
    memchr_iter(b'\n', &bytes[from..]).find_map(|found| {
        let at = from + found;
        let line_is_empty = match bytes[..at] {
            [] | [.., b'\n'] | [.., b'\n', b'\r'] => true,
            [b'\r'] => true,
            _ => false,
        };
        line_is_empty.then_some(at + 1)
    })
}

impl<'a> Event<'a> {
    /// Reads one event, its blank line included or not.
    pub fn read(bytes: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Garbage;
        };
        let mut data: Option<Cow<'a, str>> = None;
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let Some(value) = line.strip_prefix("data:") else {
                continue;
            };
            let value = value.strip_prefix(' ').unwrap_or(value);
            data = Some(match data {
                None => Cow::Borrowed(value),
                Some(earlier) => Cow::Owned(format!("{earlier}\n{value}")),
            });
        }
        match data {
            None => Self::Idle,
            Some(data) if data.trim() == "[DONE]" => Self::Done,
            Some(data) => Self::Data(data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, end_of_event};

    #[test]
    fn an_event_ends_with_a_blank_line_in_either_notation() {
        for (bytes, expected) in [
            ("data: a\n\ndata: b\n\n", Some(9)),
            ("data: a\r\n\r\nrest", Some(11)),
            ("data: a\nid: 1\n\n", Some(15)),
            ("\n", Some(1)),
            ("\r\nx", Some(2)),
            (": ping\n\n", Some(8)),
            ("data: a\n", None),
            ("data: a\r\n\r", None),
            ("", None),
        ] {
            assert_eq!(end_of_event(bytes.as_bytes(), 0), expected, "{bytes:?}");
            for searched in 0..bytes.len() {
                if end_of_event(&bytes.as_bytes()[..searched], 0).is_none() {
                    assert_eq!(
                        end_of_event(bytes.as_bytes(), searched),
                        expected,
                        "{bytes:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_event_carries_its_data_lines() {
        for (bytes, expected) in [
            ("data: {\"a\":1}\n\n", Event::Data("{\"a\":1}".into())),
            ("data:{}\r\n\r\n", Event::Data("{}".into())),
            ("event: x\ndata: {\ndata: }\n\n", Event::Data("{\n}".into())),
            ("data: [DONE]\n\n", Event::Done),
            ("data: [DONE]", Event::Done),
            (": comment\n\n", Event::Idle),
            ("\n", Event::Idle),
        ] {
            assert_eq!(Event::read(bytes.as_bytes()), expected, "{bytes:?}");
        }
        assert_eq!(Event::read(b"data: \xff\n\n"), Event::Garbage);
    }
}
