//! Which names mean a model: `gpt-4o-2024-08-06` is priced as `gpt-4o`.
//!
//! A rule is one short text. Its first character says how to compare, `#` in
//! the first two kinds stands for one digit, and what follows a `!` must not
//! occur:
//!
//! | Rule | Matches names that |
//! |---|---|
//! | `=gpt-6-sol-####-##-##` | are exactly that, with digits |
//! | `^gemini-2.5-pro!-tts` | begin so and do not contain `-tts` |
//! | `$-latest` | end so |
//! | `*claude-3-haiku` | contain it |

/// One way to name a model. Names are compared in lower case.
#[derive(Debug)]
pub(super) struct Rule {
    how: How,
    text: Box<str>,
    without: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
}

impl Rule {
    /// Reads a rule as the catalogue's file writes it.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let mut rest = written.chars();
        let how = match rest.next()? {
            '=' => How::Equals,
            '^' => How::StartsWith,
            '$' => How::EndsWith,
            '*' => How::Contains,
            _ => return None,
        };
        let (text, without) = match rest.as_str().split_once('!') {
            Some((text, without)) => (text, Some(without.into())),
            None => (rest.as_str(), None),
        };
        (!text.is_empty()).then(|| Self {
            how,
            text: text.into(),
            without,
        })
    }

    /// The one name this rule matches, if it is one without wildcards.
    pub(super) fn as_exact(&self) -> Option<&str> {
        let exact = self.how == How::Equals && self.without.is_none() && !self.text.contains('#');
        exact.then_some(&self.text)
    }

    /// Whether names it matches begin as it says.
    pub(super) fn fixes_beginning(&self) -> bool {
        matches!(self.how, How::Equals | How::StartsWith)
    }

    /// Whether the name, in lower case, means the model.
    pub(super) fn matches(&self, name: &str) -> bool {
        let found = match self.how {
            How::Equals => name.len() == self.text.len() && starts_with(name, &self.text),
            How::StartsWith => starts_with(name, &self.text),
            How::EndsWith => name.ends_with(&*self.text),
            How::Contains => name.contains(&*self.text),
        };
        found
            && !self
                .without
                .as_ref()
                .is_some_and(|without| name.contains(&**without))
    }
}

fn starts_with(name: &str, text: &str) -> bool {
    name.len() >= text.len()
        && name
            .bytes()
            .zip(text.bytes())
            .all(|(byte, expected)| match expected {
                b'#' => byte.is_ascii_digit(),
                _ => byte == expected,
            })
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn a_rule_matches_what_it_says_and_nothing_else() {
        for (rule, name, expected) in [
            ("=gpt-4o", "gpt-4o", true),
            ("=gpt-4o", "gpt-4o-mini", false),
            ("=gpt-6-sol-####-##-##", "gpt-6-sol-2026-09-22", true),
            ("=gpt-6-sol-####-##-##", "gpt-6-sol-2026-09-2x", false),
            ("=gpt-6-sol-####-##-##", "gpt-6-sol", false),
            ("^claude-opus-4-5", "claude-opus-4-5-20251101", true),
            ("^claude-opus-4-5", "eu.claude-opus-4-5", false),
            ("^gemini-2.5-pro!-tts", "gemini-2.5-pro-preview", true),
            ("^gemini-2.5-pro!-tts", "gemini-2.5-pro-preview-tts", false),
            ("$-latest", "grok-latest", true),
            ("$-latest", "grok-latest-1", false),
            ("*claude-3-haiku", "anthropic.claude-3-haiku-v1", true),
            ("*claude-3-haiku", "claude-3", false),
            ("^é", "e", false),
        ] {
            let rule = Rule::parse(rule).unwrap();
            assert_eq!(rule.matches(name), expected, "{rule:?} on {name}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for written in ["", "=", "gpt-4o", "~gpt", "^!tts"] {
            assert!(Rule::parse(written).is_none(), "{written}");
        }
    }
}
