//! `ETag` and `If-Match`: changing only what one has seen.

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};
use keypurse_store::Token;
use thiserror::Error;

use crate::tokens::etag;

/// What a client has seen of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// `*`: any token that exists.
    Any,
    /// One of these strong tags, quoted.
    OneOf(Vec<String>),
}

/// The header is not of the form that RFC 9110 gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("send `*`, or entity tags as they came, in double quotes")]
pub(super) struct BadIfMatch;

impl IfMatch {
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, BadIfMatch> {
        let values: Vec<&HeaderValue> = headers.get_all(IF_MATCH).iter().collect();
        match values[..] {
            [] => Ok(None),
            [any] if any == "*" => Ok(Some(Self::Any)),
            _ => {
                let mut strong = Vec::new();
                let mut count = 0;
                for value in values {
                    count += tags(value.to_str().map_err(|_| BadIfMatch)?, &mut strong)?;
                }
                (count > 0)
                    .then_some(Some(Self::OneOf(strong)))
                    .ok_or(BadIfMatch)
            }
        }
    }

    pub(super) fn holds_for(&self, token: &Token) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(&etag(token)),
        }
    }
}

/// Reads the tags of one list and counts them. Weak ones match nothing.
fn tags(list: &str, strong: &mut Vec<String>) -> Result<usize, BadIfMatch> {
    const BLANK: [char; 2] = [' ', '\t'];
    let (mut rest, mut count) = (list.trim_matches(BLANK), 0);
    while !rest.is_empty() {
        // A list may have empty members.
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start_matches(BLANK);
            continue;
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let inner = quoted.strip_prefix('"').ok_or(BadIfMatch)?;
        let (tag, after) = inner.split_once('"').ok_or(BadIfMatch)?;
        if tag.contains(|c: char| !c.is_ascii_graphic()) {
            return Err(BadIfMatch);
        }
        if quoted.len() == rest.len() {
            strong.push(format!("\"{tag}\""));
        }
        count += 1;
        rest = after.trim_start_matches(BLANK);
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(BadIfMatch);
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::{BadIfMatch, IfMatch};
    use http::header::IF_MATCH;
    use http::{HeaderMap, HeaderValue};

    fn read(values: &[&str]) -> Result<Option<IfMatch>, BadIfMatch> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(IF_MATCH, value);
        }
        IfMatch::read(&headers)
    }

    #[test]
    fn if_match_is_read_as_rfc_9110_writes_it() {
        let one_of = |tags: &[&str]| {
            let tags = tags.iter().map(|tag| format!("\"{tag}\"")).collect();
            Ok(Some(IfMatch::OneOf(tags)))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(IfMatch::Any)));
        assert_eq!(read(&[r#""a""#]), one_of(&["a"]));
        assert_eq!(read(&[r#"  "a" ,, "b,c" "#]), one_of(&["a", "b,c"]));
        assert_eq!(read(&[r#""a""#, r#""b""#]), one_of(&["a", "b"]));
        assert_eq!(read(&[r#"W/"a", "b""#]), one_of(&["b"]));
        assert_eq!(read(&[r#"W/"a""#]), one_of(&[]));
        assert_eq!(read(&[r#""""#]), one_of(&[""]));
        for bad in [
            &[""][..],
            &[","],
            &["a"],
            &[r#""a"#],
            &[r#""a" "b""#],
            &[r#"w/"a""#],
            &[r#"*, "a""#],
            &["*", "*"],
            &["\"a b\""],
            &["\"é\""],
        ] {
            assert_eq!(read(bad), Err(BadIfMatch), "{bad:?}");
        }
    }
}
