//! Counts a request's tokens, and an answer's, where the model's vocabulary is
//! public. Never on an async thread when it takes long.

use keypurse_providers::tokenizer::Tokenizer;
use tokio::task::spawn_blocking;

use super::bound::TEMPLATE_TOKENS;
use super::fund::Funded;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::responses;
use crate::gateway::routing::route::Route;

/// Longer requests are not counted: a client without money could make us
/// count for it. Thirty milliseconds.
const LONGEST_COUNTED: usize = 1024 * 1024;
/// Counted where we are: half a millisecond.
const SHORT: usize = 16 * 1024;
/// Beyond the count one token in so many, should the vocabulary in use differ
/// from the published one.
pub(in crate::gateway) const MARGIN: u64 = 16;

/// How many tokens the input of a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct InputCount {
    /// The most tokens the vendor can count for it.
    pub(in crate::gateway) most: u64,
    /// What the vendor most likely counts.
    pub(in crate::gateway) likely: u64,
}

impl InputCount {
    /// The client did the counting: these are tokens.
    pub(in crate::gateway) fn exactly(tokens: u64) -> Self {
        Self {
            most: tokens + TEMPLATE_TOKENS,
            likely: tokens,
        }
    }

    /// So many tokens of text that nothing is put around.
    pub(in crate::gateway) fn of_texts(tokens: u64) -> Self {
        Self {
            most: tokens + tokens / MARGIN + 1 + TEMPLATE_TOKENS,
            likely: tokens,
        }
    }
}

/// Counts a request's input, images left out. `None`: its vocabulary is not
/// known, or not there yet, or it is too long to be counted.
pub(in crate::gateway) async fn count_input(asked: &Asked, route: &Route) -> Option<InputCount> {
    let tokenizer = route.tokenizer.filter(Tokenizer::ready)?;
    let (endpoint, body) = (asked.endpoint, asked.body.clone());
    if asked.parts.is_opaque || body.len() > LONGEST_COUNTED {
        return None;
    }
    let is_chat = endpoint == Endpoint::Responses && !asked.can_be_stored(route);
    let count = move || {
        if is_chat {
            responses::count::count_as_chat(&body, tokenizer)
        } else {
            endpoint.count_input(&body, tokenizer)
        }
    };
    off_thread(asked.body.len(), count).await?
}

impl Funded {
    /// The input tokens of a call whose provider does not tell them, or has not
    /// yet: one for each byte where nobody can count them.
    pub(in crate::gateway) async fn counted_input(&self) -> InputCount {
        let uncounted = self.uncounted_input();
        let with_images = |text: u64| uncounted.most.min(text + self.bound.image_tokens);
        match count_input(&self.asked, &self.route).await {
            Some(InputCount { most, likely }) => InputCount {
                most: with_images(most),
                likely: with_images(likely),
            },
            None => uncounted,
        }
    }

    /// The same where nobody counts.
    pub(in crate::gateway) fn uncounted_input(&self) -> InputCount {
        let bytes = self.bound.uncounted_input;
        InputCount {
            most: bytes,
            likely: bytes,
        }
    }

    /// The tokens of texts a model said: one for each byte where its vocabulary
    /// is not known.
    pub(in crate::gateway) async fn counted_output(&self, texts: Vec<String>, bytes: u64) -> u64 {
        let Some(tokenizer) = self.route.tokenizer.filter(Tokenizer::ready) else {
            return bytes;
        };
        let length = texts.iter().map(String::len).sum();
        let count = move || texts.iter().map(|text| tokenizer.count(text)).sum();
        off_thread(length, count).await.unwrap_or(bytes)
    }
}

/// `None` when counting panicked: a count is not worth a call.
async fn off_thread<T: Send + 'static>(
    length: usize,
    count: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if length <= SHORT {
        return Some(count());
    }
    spawn_blocking(count).await.ok()
}

/// A length as a count.
pub(in crate::gateway) fn length(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits in u64")
}
