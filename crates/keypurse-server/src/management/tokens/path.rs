//! Which token a path names.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use keypurse_core::token::TokenName;
use percent_encoding::percent_decode_str;

use crate::http::refusal::Refusal;

/// `/v2/user/custom_token/{name}`: the name is the fifth piece.
const NAME_PIECE: usize = 4;

/// The name in a path, still encoded. Reading it is the last check of all.
#[derive(Debug)]
pub(in crate::management) struct NamePath {
    encoded: String,
}

impl NamePath {
    /// The name, if any token can have it.
    pub(super) fn name(&self) -> Result<TokenName, Refusal> {
        decode(&self.encoded).ok_or(Refusal::NoSuchToken)
    }
}

impl<S: Sync> FromRequestParts<S> for NamePath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let piece = parts.uri.path().split('/').nth(NAME_PIECE);
        Ok(Self {
            encoded: piece.unwrap_or_default().to_owned(),
        })
    }
}

/// Exactly one spelling names a token: no trimming here, unlike on create.
fn decode(encoded: &str) -> Option<TokenName> {
    let bytes = encoded.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let percents = encoded.match_indices('%');
    if !percents
        .into_iter()
        .all(|(at, _)| is_hex(at + 1) && is_hex(at + 2))
    {
        return None;
    }
    let text = percent_decode_str(encoded).decode_utf8().ok()?;
    let name = TokenName::parse(&text).ok()?;
    (name.as_str() == text).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use keypurse_core::token::TokenName;

    #[test]
    fn a_path_names_a_token_in_exactly_one_way() {
        for (encoded, expected) in [
            ("plain", Some("plain")),
            ("a%2Fb", Some("a/b")),
            ("a%2fb", Some("a/b")),
            ("100%25", Some("100%")),
            ("a+b", Some("a+b")),
            ("%C3%A9", Some("é")),
            ("%252F", Some("%2F")),
            ("100%", None),
            ("%2", None),
            ("%zz", None),
            ("%ff", None),
            ("%20a", None),
            ("a%00", None),
            ("%2E%2E", None),
            ("m%65", None),
            ("", None),
        ] {
            let name = decode(encoded);
            assert_eq!(name.as_ref().map(TokenName::as_str), expected, "{encoded}");
        }
    }
}
