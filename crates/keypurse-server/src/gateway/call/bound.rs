//! The most a call can cost, known before it leaves.

use std::sync::Arc;

use bytes::Bytes;
use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::usage::{TokenCounts, Units};

use crate::gateway::call::count::{InputCount, length};
use crate::gateway::endpoint::asked::{Asked, Output};
use crate::gateway::endpoint::media::bound::Most;
use crate::gateway::endpoint::parts::Parts;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;
use crate::gateway::upstream::translation::Reading;

/// What a provider may put around what the client wrote: a chat template's
/// default system prompt and the marks between messages.
pub(in crate::gateway) const TEMPLATE_TOKENS: u64 = 64;
/// Output tokens that a stream's hold is ahead of what it delivers: what a
/// crash charges at most beyond what the client has.
pub(in crate::gateway) const BLOCK: u64 = 1024;
/// A call is clamped to no fewer output tokens than this, or it is refused.
const LEAST_OUTPUT: u64 = 256;
/// Of English text, about. With more per token a call keeps room it cannot use,
/// with fewer it may ask for more than there is, as if nobody had looked.
const BYTES_PER_TOKEN: u64 = 4;
/// What an escaped character takes beyond the two bytes it has otherwise.
const ESCAPE_BEYOND: u64 = 4;
/// Bytes of `"max_completion_tokens": 2147483648` and what separates it.
const LONGEST_LIMIT_MEMBER: u64 = 48;
/// Beyond any input; what it costs nothing to allow.
const ANY_INPUT: u64 = 1 << 40;
/// No purse holds more.
const DEAREST_CALL: Money = Money::from_nanos(100_000 * 1_000_000_000);

/// Limits of a call, and what they cost at most.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Bound {
    /// The most input tokens it can have.
    pub(in crate::gateway) input: u64,
    /// What input is counted as when the provider does not say, and nobody
    /// counted.
    pub(in crate::gateway) uncounted_input: u64,
    /// The most input tokens its images can have, and what the provider adds of
    /// its own.
    pub(in crate::gateway) image_tokens: u64,
    /// The output limit per choice.
    pub(in crate::gateway) limit: u64,
    /// Whether that is less than the model's own because of the request's length.
    pub(in crate::gateway) is_lowered: bool,
    /// How many choices.
    pub(in crate::gateway) choices: u64,
    /// The most the call can cost.
    pub(in crate::gateway) full: Money,
    /// The most it can cost when clamped as far as it may be.
    pub(in crate::gateway) least: Money,
    /// Whether its hold grows ahead of what it delivers.
    grows: bool,
    /// What is set aside at once: less than `full` for a stream whose hold
    /// grows.
    pub(in crate::gateway) first: Money,
    /// What a call of images or sounds is counted as when nobody tells: the
    /// most it can use.
    pub(in crate::gateway) most: Option<Most>,
    /// What of the model's price the call can reach: its bounds are bounds of
    /// this call.
    pub(in crate::gateway) price: Arc<Price>,
    /// What a provider of another dialect gets, with this limit: bounding it
    /// took translating it.
    pub(in crate::gateway) translated: Option<Bytes>,
}

impl Bound {
    /// Bounds a request to a model.
    ///
    /// A byte-level tokenizer never makes more tokens than there are bytes,
    /// and the JSON around each message is longer than the marks that stand
    /// for it. Images are bounded by what their provider publishes. What
    /// neither bounds (a sound, a stored file) the model's own input limit
    /// does.
    pub(in crate::gateway) fn of(
        asked: &Asked,
        route: &Route,
        default_limit: u64,
    ) -> Result<Self, GatewayError> {
        if let Some(media) = asked.asked_media() {
            return Self::of_media(asked, route, media.most(route)?);
        }
        let (limit, is_lowered) = output_limit(asked, route, default_limit);
        let Reading {
            text,
            parts,
            translated,
        } = asked.reading(route, limit)?;
        let images = image_tokens(&parts, route);
        let added = parts.added_tokens;
        let (input, uncounted_input) = match images {
            Some(images) => (text + images + added + TEMPLATE_TOKENS, text + images),
            None if route.is_free => (ANY_INPUT, text + parts.image_bytes),
            None => {
                let usual = route.opaque_input_bound()?;
                let most = asked
                    .long_input(route)
                    .map_or(usual, |long| long.max(usual));
                (most, text + parts.image_bytes)
            }
        };
        let tier = asked.tier.held(&route.price).unwrap_or_default();
        let reach = asked.parts.reach.with_tier(tier);
        let zero = Money::ZERO;
        Self {
            grows: asked.streamed && route.holds_in_blocks,
            input,
            uncounted_input: uncounted_input.min(input),
            image_tokens: images.unwrap_or(0) + added,
            limit,
            is_lowered,
            choices: asked.choices,
            full: zero,
            least: zero,
            first: zero,
            most: None,
            price: route.price_within(reach),
            translated,
        }
        .priced()
    }

    /// Bounds a call of images or sounds: it is made whole or not at all.
    fn of_media(asked: &Asked, route: &Route, most: Most) -> Result<Self, GatewayError> {
        let tier = asked.tier.held(&route.price).unwrap_or_default();
        let (counts, zero) = (most.counts, Money::ZERO);
        Self {
            grows: false,
            input: counts.input,
            uncounted_input: counts.input,
            image_tokens: 0,
            limit: counts.output,
            is_lowered: false,
            choices: 1,
            full: zero,
            least: zero,
            first: zero,
            most: Some(most),
            price: route.price_within(most.reach.with_tier(tier)),
            translated: None,
        }
        .priced()
    }

    /// The most it can use beside tokens.
    pub(in crate::gateway) fn units(&self) -> Units {
        self.most.map_or(Units::NONE, |most| most.counts.units)
    }

    /// What it is counted as when nobody tells, if that is no text.
    pub(in crate::gateway) fn counted_media(&self) -> Option<TokenCounts> {
        self.most.map(|most| most.counts)
    }

    /// The same call, answered without a provider: it can cost nothing.
    pub(in crate::gateway) fn free(&self) -> Self {
        let zero = Money::ZERO;
        Self {
            full: zero,
            least: zero,
            first: zero,
            ..self.clone()
        }
    }

    /// The same call with its input counted: for money that does not cover its
    /// bytes. Never above what it was. `None` when counting bounds nothing.
    pub(in crate::gateway) fn tightened(&self, count: &InputCount) -> Option<Self> {
        let input = count.most.checked_add(self.image_tokens)?;
        if input >= self.input {
            return None;
        }
        let tightened = Self {
            input,
            uncounted_input: self.uncounted_input.min(input),
            ..self.clone()
        };
        tightened.priced().ok()
    }

    /// The output limit per choice that `budget` buys.
    pub(in crate::gateway) fn affordable(&self, budget: Money) -> u64 {
        self.affordable_with(self.input, budget)
    }

    /// What a client may ask for instead: its request grows by the member that
    /// says so.
    pub(in crate::gateway) fn advisable(&self, budget: Money) -> u64 {
        self.affordable_with(self.input + LONGEST_LIMIT_MEMBER, budget)
    }

    fn affordable_with(&self, input: u64, budget: Money) -> u64 {
        if self.most.is_some() {
            return 0;
        }
        let output = self
            .price
            .affordable_output(budget.or_zero(), input)
            .unwrap_or(0);
        (output / self.choices).min(self.limit)
    }

    fn priced(self) -> Result<Self, GatewayError> {
        let full = self.cost_of(self.limit)?;
        let first = if self.grows {
            self.cost_of(self.limit.min(BLOCK))?
        } else {
            full
        };
        Ok(Self {
            full,
            least: match self.most {
                Some(_) => full,
                None => self.cost_of(self.limit.min(LEAST_OUTPUT))?,
            },
            first,
            ..self
        })
    }

    /// The most the call can cost with this output limit per choice.
    fn cost_of(&self, limit: u64) -> Result<Money, GatewayError> {
        let worst = {
            let output = limit * self.choices;
            self.price.bound_with(self.input, output, &self.units())
        };
        worst
            .filter(|cost| *cost <= DEAREST_CALL)
            .ok_or_else(too_dear)
    }
}

/// The output limit per choice, and whether it is less than the model's own
/// though the client stated none; 0 where output is not what is paid for.
fn output_limit(asked: &Asked, route: &Route, default_limit: u64) -> (u64, bool) {
    let Output::Tokens { stated } = asked.output else {
        return (0, false);
    };
    match (stated, route.max_output_tokens) {
        (None, most) => {
            let most = most.unwrap_or(default_limit.max(1));
            let limit = within_context(asked, route, most, default_limit);
            (limit, limit < most)
        }
        (Some(stated), None) => (stated, false),
        (Some(stated), Some(most)) => (stated.min(most), false),
    }
}

/// An output limit no larger than what a request leaves of the model's context,
/// about: many providers refuse another, which the client did not even state.
/// It is not lowered below the default limit, or an eighth of the context if
/// that is less.
fn within_context(asked: &Asked, route: &Route, most: u64, default_limit: u64) -> u64 {
    let Some(context) = route.max_input_tokens.filter(|_| !asked.parts.is_opaque) else {
        return most;
    };
    let text = length(asked.body.len()).saturating_sub(asked.parts.image_bytes);
    let left_by = |text: u64| context.saturating_sub(text / BYTES_PER_TOKEN);
    // Nearly all requests are short, and need no closer look.
    if most <= left_by(text) {
        return most;
    }
    let left = left_by(text.saturating_sub(escapes(&asked.body) * ESCAPE_BEYOND));
    let least = default_limit.min(context / 8).max(LEAST_OUTPUT);
    most.min(left.max(least))
}

/// How many characters JSON writes as `\u....`.
fn escapes(body: &[u8]) -> u64 {
    length(memchr::memmem::find_iter(body, b"\\u").count())
}

/// The most tokens a request's images can have. `None` when it has parts
/// nobody publishes a maximum for.
fn image_tokens(parts: &Parts, route: &Route) -> Option<u64> {
    if parts.is_opaque {
        return None;
    }
    if parts.all_images() == 0 {
        return Some(0);
    }
    let each = route.image_tokens?;
    let low = parts.low_images.checked_mul(each.low)?;
    low.checked_add(parts.images.checked_mul(each.high)?)
}

fn too_dear() -> GatewayError {
    GatewayError::invalid(
        Some("max_tokens"),
        "this could cost more than $100000; ask for fewer tokens or choices",
    )
}
