//! The text a custom tool is called with, out of the arguments of the function
//! that stands for it, as they come.

/// Before the text, white space left out.
const PREFIX: &str = r#"{"input":""#;

/// How far the arguments have come.
#[derive(Debug)]
pub(super) enum CustomInput {
    /// In what stands before the text; so many bytes of it are there.
    Before(usize),
    Within,
    /// In the text, behind half of a pair of surrogates.
    Half(u16),
    /// In the text, in an escape that is written so far; before it the half, if
    /// there is one.
    Escape(String, Option<u16>),
    /// The text is whole.
    Over,
    /// The model wrote something else, which is passed on as it is.
    Other,
}

impl Default for CustomInput {
    fn default() -> Self {
        Self::Before(0)
    }
}

impl CustomInput {
    /// Takes in more of the arguments, and adds to `out` what there is of the
    /// text.
    pub(super) fn push(&mut self, arguments: &str, out: &mut String) {
        for c in arguments.chars() {
            *self = std::mem::take(self).after(c, out);
        }
    }

    fn after(self, c: char, out: &mut String) -> Self {
        match self {
            Self::Before(at) => before(at, c, out),
            Self::Within => within(c, None, out),
            Self::Half(half) => within(c, Some(half), out),
            Self::Escape(written, high) => escape(written, high, c, out),
            Self::Over => Self::Over,
            Self::Other => {
                out.push(c);
                Self::Other
            }
        }
    }
}

fn before(at: usize, c: char, out: &mut String) -> CustomInput {
    if PREFIX[at..].starts_with(c) {
        return match at + 1 {
            all if all == PREFIX.len() => CustomInput::Within,
            some => CustomInput::Before(some),
        };
    }
    // Between JSON's tokens.
    if c.is_ascii_whitespace() && matches!(at, 0 | 1 | 8 | 9) {
        return CustomInput::Before(at);
    }
    out.push_str(&PREFIX[..at]);
    out.push(c);
    CustomInput::Other
}

fn within(c: char, half: Option<u16>, out: &mut String) -> CustomInput {
    if c == '\\' {
        return CustomInput::Escape(String::new(), half);
    }
    if half.is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    if c == '"' {
        return CustomInput::Over;
    }
    out.push(c);
    CustomInput::Within
}

fn escape(mut written: String, half: Option<u16>, c: char, out: &mut String) -> CustomInput {
    written.push(c);
    let digits = written.strip_prefix('u');
    if digits.is_some_and(|digits| digits.len() < 4) {
        return CustomInput::Escape(written, half);
    }
    let unit = match digits {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => unit(c),
    };
    let unit = unit.unwrap_or(REPLACEMENT);
    if (0xD800..0xDC00).contains(&unit) {
        out.extend(half.map(|_| char::REPLACEMENT_CHARACTER));
        return CustomInput::Half(unit);
    }
    let units: Vec<u16> = half.into_iter().chain([unit]).collect();
    out.push_str(&String::from_utf16_lossy(&units));
    CustomInput::Within
}

/// Stands for what cannot be.
const REPLACEMENT: u16 = 0xFFFD;

/// What a letter stands for after a backslash.
fn unit(c: char) -> Option<u16> {
    let c = match c {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => c,
    };
    u16::try_from(u32::from(c)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::CustomInput;

    fn read(pieces: &[&str]) -> String {
        let (mut input, mut out) = (CustomInput::default(), String::new());
        for piece in pieces {
            input.push(piece, &mut out);
        }
        out
    }

    #[test]
    fn the_text_is_the_same_wherever_the_arguments_are_cut() {
        let text = "*** Begin\n\t\"é\" \\ / \u{8}\u{1f600}\u{7f}";
        let ascii = json!({ "input": text })
            .to_string()
            .replace('\u{1f600}', "\\ud83d\\ude00");
        for written in [
            json!({ "input": text }).to_string(),
            ascii,
            format!("{{ \"input\" :\n {} }}", json!(text)),
        ] {
            let chars: Vec<char> = written.chars().collect();
            for length in [1, 2, 5, chars.len()] {
                let pieces: Vec<String> =
                    chars.chunks(length).map(|it| it.iter().collect()).collect();
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                assert_eq!(read(&pieces), text, "{written} by {length}");
            }
        }
    }

    #[test]
    fn what_is_no_text_passes_as_it_is() {
        for (written, expected) in [
            ("ls -l", "ls -l"),
            (r#"{"input":7}"#, r#"{"input":7}"#),
            (r#"{"input": "cut of"#, "cut of"),
            (r#"{"input":"a\ud83d-"}"#, "a\u{fffd}-"),
            (r#"{"input":"a\ud83d"}"#, "a\u{fffd}"),
            (r#"{"input":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (r#"{"in put":"a"}"#, r#"{"in put":"a"}"#),
            (r#"{"input":"a\uzzzz\q"}"#, "a\u{fffd}q"),
            ("", ""),
        ] {
            assert_eq!(read(&[written]), expected, "{written}");
        }
    }
}
