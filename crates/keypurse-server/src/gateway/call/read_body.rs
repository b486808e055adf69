//! Takes in a request's body: whole, bounded, uncompressed.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use crate::http::pace::TooSlow;

/// Memory set aside at once for a body that is announced; what is not sent is
/// not believed.
const AT_ONCE: usize = 1 << 20;

/// Why a body was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum BodyError {
    TooLarge { limit: usize },
    Compressed,
    TooSlow,
    Interrupted,
}

/// The whole body, at most `limit` bytes.
pub(in crate::gateway) async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, BodyError> {
    refuse_compressed(headers)?;
    if announced(headers).is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limit {
        return Err(BodyError::TooLarge { limit });
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    let announced = announced(headers).unwrap_or_default();
    let mut whole = BytesMut::with_capacity(announced.clamp(first.len(), AT_ONCE.max(first.len())));
    whole.extend_from_slice(&first);
    while let Some(piece) = next(&mut body).await? {
        if whole.len() + piece.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Decompressing would let a small request become a large one.
fn refuse_compressed(headers: &HeaderMap) -> Result<(), BodyError> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(BodyError::Compressed)
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(error)) if TooSlow::is_cause_of(&error) => return Err(BodyError::TooSlow),
            Some(Err(_)) => return Err(BodyError::Interrupted),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
