//! Simulated responses that are stored: for a while, in this process alone, for
//! the token that made them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use keypurse_core::id::TokenId;
use keypurse_providers::simulator::{Content, Scenario};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::gateway::endpoint::responses::ids::{Names, provider_of};
use crate::gateway::endpoint::responses::shown::shown;
use crate::gateway::error::GatewayError;
use crate::http::authenticate::Caller;
use crate::state::State;

/// All of them together, in bytes.
const MOST_KEPT: usize = 16 << 20;
/// A longer one is not kept.
const LONGEST_KEPT: usize = 1 << 20;
/// What one takes besides its body, about. So it bounds how many there are.
const OVERHEAD: usize = 512;

/// Whose it is, and what the simulator named it.
type Key = (TokenId, Box<str>);

/// Responses to be shown again, the oldest of which give way.
#[derive(Default)]
pub(in crate::gateway) struct StoredResponses {
    stored: Mutex<Stored>,
}

#[derive(Default)]
struct Stored {
    by_key: HashMap<Key, (u64, Bytes)>,
    oldest_first: BTreeMap<u64, Key>,
    made: u64,
    bytes: usize,
}

/// What a model said is in no log.
impl fmt::Debug for StoredResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredResponses({} bytes)", self.lock().bytes)
    }
}

/// A response that may be stored.
#[derive(Deserialize)]
struct Made<'a> {
    id: &'a str,
    store: bool,
}

/// The last event of a stream.
#[derive(Deserialize)]
struct Last<'a> {
    #[serde(borrow)]
    response: &'a RawValue,
}

impl StoredResponses {
    /// Keeps the response an answer is or ends with, unless its client does not
    /// want that, or asked for half of an answer.
    pub(in crate::gateway) fn keep(
        &self,
        token: TokenId,
        content: &Content,
        scenario: Option<Scenario>,
    ) {
        let is_half = |scenario| matches!(scenario, Scenario::CutStream | Scenario::MalformedChunk);
        if scenario.is_some_and(is_half) {
            return;
        }
        match content {
            Content::Json(json) => self.keep_response(token, json),
            Content::Stream(stream) => {
                let last = stream.events.last();
                let last =
                    last.and_then(|event| serde_json::from_str::<Last<'_>>(&event.data).ok());
                if let Some(Last { response }) = last {
                    self.keep_response(token, response.get().as_bytes());
                }
            }
            Content::File { .. } => {}
        }
    }

    fn keep_response(&self, token: TokenId, response: &[u8]) {
        let made: Option<Made<'_>> = serde_json::from_slice(response).ok();
        let Some(Made { id, store: true }) = made else {
            return;
        };
        if response.len() > LONGEST_KEPT {
            return;
        }
        let key = (token, Box::from(id));
        self.lock().add(key, Bytes::copy_from_slice(response));
    }

    fn get(&self, key: &Key) -> Option<Bytes> {
        self.lock().by_key.get(key).map(|(_, body)| body.clone())
    }

    fn delete(&self, key: &Key) -> bool {
        self.lock().remove(key)
    }

    /// Forgets those of a token.
    pub(in crate::gateway) fn forget(&self, token: TokenId) {
        let mut stored = self.lock();
        let keys: Vec<Key> = stored
            .by_key
            .keys()
            .filter(|key| key.0 == token)
            .cloned()
            .collect();
        for key in keys {
            stored.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn add(&mut self, key: Key, body: Bytes) {
        // What has the same name is replaced, not counted twice.
        self.remove(&key);
        self.made += 1;
        self.bytes += body.len() + OVERHEAD;
        self.oldest_first.insert(self.made, key.clone());
        self.by_key.insert(key, (self.made, body));
        while self.bytes > MOST_KEPT
            && let Some((_, oldest)) = self.oldest_first.pop_first()
        {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &Key) -> bool {
        let Some((order, body)) = self.by_key.remove(key) else {
            return false;
        };
        self.oldest_first.remove(&order);
        self.bytes -= body.len() + OVERHEAD;
        true
    }
}

/// Shows a stored response, or deletes it.
///
/// A rehearsed one has a name of ours, as a live one has.
pub(in crate::gateway) fn stored(
    state: &State,
    (caller, token): (&Caller, TokenId),
    id: &str,
    method: &Method,
) -> Result<Response, GatewayError> {
    let names =
        provider_of(id).map(|provider| Names::of(state.vault.keyring(), caller, provider.into()));
    let opened = names.and_then(|names| Some((names.open(id).ok()?, Some(names))));
    let (theirs, names) = opened.unwrap_or_else(|| (id.to_owned(), None));
    let key = (token, theirs.into_boxed_str());
    let responses = &state.gateway.stored_responses;
    let body = if *method == Method::DELETE {
        let gone = json!({"id": &key.1, "object": "response", "deleted": true});
        responses.delete(&key).then(|| gone.to_string().into())
    } else {
        responses.get(&key)
    };
    let body = body.ok_or(GatewayError::NoSuchResponse { param: None })?;
    let mut response = Response::new(Body::from(shown(&body, names.as_ref(), None)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use keypurse_core::id::TokenId;
    use keypurse_providers::simulator::Content;
    use serde_json::json;

    use super::{LONGEST_KEPT, MOST_KEPT, OVERHEAD, StoredResponses};

    fn response(id: &str, bytes: usize) -> Content {
        let mut response = json!({"id": id, "store": true, "output": ""}).to_string();
        let rest = "x".repeat(bytes - response.len());
        response = response.replace("\"output\":\"\"", &format!("\"output\":\"{rest}\""));
        Content::Json(response.into())
    }

    #[test]
    fn a_response_of_the_same_name_replaces_the_one_before() {
        let stored = StoredResponses::default();
        let count = MOST_KEPT / (LONGEST_KEPT + OVERHEAD) + 1;
        for _ in 0..count {
            stored.keep(TokenId(1), &response("same", LONGEST_KEPT), None);
        }
        stored.keep(TokenId(1), &response("same", 100), None);
        let left = stored.lock();
        assert_eq!((left.by_key.len(), left.oldest_first.len()), (1, 1));
        assert_eq!(left.bytes, 100 + OVERHEAD);
    }

    #[test]
    fn the_oldest_give_way_and_too_long_ones_are_not_kept() {
        let stored = StoredResponses::default();
        let has = |id: &str| stored.get(&(TokenId(1), id.into())).is_some();
        let count = MOST_KEPT / (LONGEST_KEPT + OVERHEAD) + 1;
        for at in 0..count {
            stored.keep(TokenId(1), &response(&format!("r{at}"), LONGEST_KEPT), None);
        }
        assert!(!has("r0") && has("r1"));
        stored.keep(TokenId(1), &response("long", LONGEST_KEPT + 1), None);
        assert!(!has("long") && has("r1"));
        assert!(stored.delete(&(TokenId(1), "r1".into())) && !has("r1"));
        stored.keep(TokenId(2), &response("r2", 100), None);
        stored.forget(TokenId(1));
        let left = stored.lock();
        assert_eq!((left.by_key.len(), left.oldest_first.len()), (1, 1));
        assert_eq!(left.bytes, 100 + OVERHEAD);
    }
}
