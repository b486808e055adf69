//! `Idempotency-Key`: how clients name an operation that is to be done once.

use std::fmt::{Display, Write as _};

use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keypurse_store::Claim;
use thiserror::Error;

/// The header that carries a key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const LONGEST_KEY: usize = 255;

/// The header is there, but is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("send one key of 1 to 255 visible ASCII characters")]
pub struct BadKey;

/// The key a request carries, if any.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>, BadKey> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().map_err(|_| BadKey)?;
    let is_key = (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
        && values.next().is_none();
    is_key.then_some(Some(key)).ok_or(BadKey)
}

/// All that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// How.
    pub method: &'a Method,
    /// Of which route, with or without its trailing slash.
    pub path: &'a str,
    /// With which words, to the byte.
    pub body: &'a [u8],
}

/// The claim of `owner` (an account or a token) to have this done once. Only
/// digests of it leave here.
pub fn claim(owner: &dyn Display, key: &str, asked: &Asked<'_>) -> Claim {
    let mut named = String::new();
    // Neither an id nor a key has a line break: no two pairs read the same.
    let _ = write!(named, "{owner}\n{key}");
    let route = format!("{}\n{}\n", asked.method, asked.path.trim_end_matches('/'));
    Claim {
        key: digest(&[named.as_bytes()]),
        fingerprint: digest(&[route.as_bytes(), asked.body]),
    }
}

fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece);
    }
    let digest = context.finish();
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Says that this answer was given before and that nothing was done again.
pub fn mark_replayed(headers: &mut HeaderMap) {
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
}

#[cfg(test)]
mod tests {
    use super::{Asked, BadKey, IDEMPOTENCY_KEY, claim, key};
    use http::{HeaderMap, HeaderValue, Method};

    fn read(values: &[&str]) -> Result<Option<String>, BadKey> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(IDEMPOTENCY_KEY, value);
        }
        key(&headers).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn a_key_is_1_to_255_visible_ascii_characters_and_stands_alone() {
        assert_eq!(read(&[]), Ok(None));
        let longest = "k".repeat(255);
        for good in ["a", "order-17", "!~", &longest] {
            assert_eq!(read(&[good]), Ok(Some(good.to_owned())));
        }
        let too_long = "k".repeat(256);
        for bad in [
            &[""][..],
            &["a b"],
            &["é"],
            &["a\tb"],
            &["a", "a"],
            &[&too_long],
        ] {
            assert_eq!(read(bad), Err(BadKey), "{bad:?}");
        }
    }

    #[test]
    fn a_claim_is_of_one_owner_one_key_one_route_and_one_body() {
        let of = |owner: &str, key: &str, method: &Method, path: &str, body: &str| {
            let body = body.as_bytes();
            claim(&owner, key, &Asked { method, path, body })
        };
        let first = of("acc_1", "k", &Method::POST, "/a/", "{}");
        assert_eq!(first, of("acc_1", "k", &Method::POST, "/a", "{}"));
        let others = [
            of("acc_1", "k", &Method::PATCH, "/a", "{}"),
            of("acc_1", "k", &Method::POST, "/b", "{}"),
            of("acc_1", "k", &Method::POST, "/a", "{ }"),
        ];
        for other in others {
            assert_eq!(other.key, first.key);
            assert_ne!(other.fingerprint, first.fingerprint);
        }
        assert_ne!(of("acc_2", "k", &Method::POST, "/a", "{}").key, first.key);
        assert_ne!(of("acc_1", "l", &Method::POST, "/a", "{}").key, first.key);
    }
}
