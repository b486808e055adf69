//! The most a call can cost, known before it leaves.

use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_core::price::Price;

use super::count::InputCount;
use super::error::GatewayError;
use super::request::ChatRequest;
use super::resolve::Route;

/// What a provider may put around what the client wrote: a chat template's
/// default system prompt and the marks between messages.
pub(super) const TEMPLATE_TOKENS: u64 = 64;
/// Output tokens that a stream's hold is ahead of what it delivers: what a
/// crash charges at most beyond what the client has.
pub(super) const BLOCK: u64 = 1024;
/// A call is clamped to no fewer output tokens than this, or it is refused.
const LEAST_OUTPUT: u64 = 256;
/// Bytes of `"max_completion_tokens": 2147483648` and what separates it.
const LONGEST_LIMIT_MEMBER: u64 = 48;
/// No purse holds more.
const DEAREST_CALL: Money = Money::from_nanos(100_000 * 1_000_000_000);

/// Limits of a call, and what they cost at most.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    /// The most input tokens it can have.
    pub(super) input: u64,
    /// What input is counted as when the provider does not say, and nobody
    /// counted.
    pub(super) counted_input: u64,
    /// The most input tokens its images can have.
    pub(super) image_tokens: u64,
    /// The output limit per choice.
    pub(super) limit: u64,
    /// How many choices.
    pub(super) choices: u64,
    /// The most the call can cost.
    pub(super) full: Money,
    /// The most it can cost when clamped as far as it may be.
    pub(super) least: Money,
    /// Whether its hold grows ahead of what it delivers.
    grows: bool,
    /// What is set aside at once: less than `full` for a stream whose hold
    /// grows.
    pub(super) first: Money,
    /// What of the model's price the call can reach: its bounds are bounds of
    /// this call.
    pub(super) price: Arc<Price>,
}

impl Bound {
    /// Bounds a request to a model.
    ///
    /// A byte-level tokenizer never makes more tokens than there are bytes,
    /// and the JSON around each message is longer than the marks that stand
    /// for it. Images are bounded by what their provider publishes. What
    /// neither bounds (a sound, a stored file) the model's own input limit
    /// does.
    pub(super) fn of(
        request: &ChatRequest,
        route: &Route,
        default_limit: u64,
    ) -> Result<Self, GatewayError> {
        let bytes = u64::try_from(request.body.len()).expect("a body fits in u64");
        let text = bytes - request.parts.image_bytes;
        let images = image_tokens(request, route);
        let (input, counted_input) = match images {
            Some(images) => (text + images + TEMPLATE_TOKENS, text + images),
            None => (route.opaque_input_bound()?, bytes),
        };
        let most = route.max_output_tokens.unwrap_or(default_limit.max(1));
        let limit = match (request.output_limit(), route.max_output_tokens) {
            (None, _) => most,
            (Some(asked), None) => asked,
            (Some(asked), Some(most)) => asked.min(most),
        };
        let tier = request.tier.held(&route.price).unwrap_or_default();
        let reach = request.parts.reach.with_tier(tier);
        let zero = Money::ZERO;
        Self {
            grows: request.streamed && route.holds_in_blocks,
            input,
            counted_input: counted_input.min(input),
            image_tokens: images.unwrap_or(0),
            limit,
            choices: request.choices,
            full: zero,
            least: zero,
            first: zero,
            price: route.price_within(reach),
        }
        .priced()
    }

    /// The same call with its input counted: for money that does not cover its
    /// bytes. Never above what it was. `None` when counting bounds nothing.
    pub(super) fn tightened(&self, count: &InputCount) -> Option<Self> {
        let input = count.most().checked_add(self.image_tokens)?;
        if input >= self.input {
            return None;
        }
        let tightened = Self {
            input,
            counted_input: self.counted_input.min(input),
            ..self.clone()
        };
        tightened.priced().ok()
    }

    /// The output limit per choice that `budget` buys.
    pub(super) fn affordable(&self, budget: Money) -> u64 {
        self.affordable_with(self.input, budget)
    }

    /// What a client may ask for instead: its request grows by the member that
    /// says so.
    pub(super) fn advisable(&self, budget: Money) -> u64 {
        self.affordable_with(self.input + LONGEST_LIMIT_MEMBER, budget)
    }

    fn affordable_with(&self, input: u64, budget: Money) -> u64 {
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
            least: self.cost_of(self.limit.min(LEAST_OUTPUT))?,
            first,
            ..self
        })
    }

    /// The most the call can cost with this output limit per choice.
    fn cost_of(&self, limit: u64) -> Result<Money, GatewayError> {
        let worst = self.price.bound(self.input, limit * self.choices);
        worst
            .filter(|cost| *cost <= DEAREST_CALL)
            .ok_or_else(too_dear)
    }
}

/// The most tokens a request's images can have. `None` when it has parts
/// nobody publishes a maximum for.
fn image_tokens(request: &ChatRequest, route: &Route) -> Option<u64> {
    let parts = &request.parts;
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
