//! The most a call can cost, known before it leaves.

use keypurse_core::money::Money;
use keypurse_core::price::Price;

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
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// The most input tokens it can have.
    pub(super) input: u64,
    /// What input is counted as when the provider does not say.
    pub(super) counted_input: u64,
    /// The output limit per choice.
    pub(super) limit: u64,
    /// How many choices.
    pub(super) choices: u64,
    /// The most the call can cost.
    pub(super) full: Money,
    /// The most it can cost when clamped as far as it may be.
    pub(super) least: Money,
    /// What is set aside at once: less than `full` for a stream whose hold
    /// grows.
    pub(super) first: Money,
}

impl Bound {
    /// Bounds a request to a model.
    ///
    /// A byte-level tokenizer never makes more tokens than there are bytes,
    /// and the JSON around each message is longer than the marks that stand
    /// for it. What bytes do not bound (a linked image) the model's own input
    /// limit does.
    pub(super) fn of(
        request: &ChatRequest,
        route: &Route,
        default_limit: u64,
    ) -> Result<Self, GatewayError> {
        let bytes = u64::try_from(request.body.len()).expect("a body fits in u64");
        let input = if request.opaque_input {
            route.opaque_input_bound()?
        } else {
            bytes + TEMPLATE_TOKENS
        };
        let most = route.max_output_tokens.unwrap_or(default_limit.max(1));
        let limit = match (request.output_limit(), route.max_output_tokens) {
            (None, _) => most,
            (Some(asked), None) => asked,
            (Some(asked), Some(most)) => asked.min(most),
        };
        let choices = request.choices;
        let bound = |limit: u64| {
            let worst = route.price.bound(input, limit * choices);
            worst
                .filter(|cost| *cost <= DEAREST_CALL)
                .ok_or_else(too_dear)
        };
        let full = bound(limit)?;
        let grows = request.streamed && route.holds_in_blocks;
        let first = if grows {
            bound(limit.min(BLOCK))?
        } else {
            full
        };
        Ok(Self {
            input,
            counted_input: bytes.min(input),
            limit,
            choices,
            full,
            least: bound(limit.min(LEAST_OUTPUT))?,
            first,
        })
    }

    /// The output limit per choice that `budget` buys.
    pub(super) fn affordable(&self, price: &Price, budget: Money) -> u64 {
        self.affordable_with(self.input, price, budget)
    }

    /// What a client may ask for instead: its request grows by the member that
    /// says so.
    pub(super) fn advisable(&self, price: &Price, budget: Money) -> u64 {
        self.affordable_with(self.input + LONGEST_LIMIT_MEMBER, price, budget)
    }

    fn affordable_with(&self, input: u64, price: &Price, budget: Money) -> u64 {
        let output = price
            .affordable_output(budget.or_zero(), input)
            .unwrap_or(0);
        (output / self.choices).min(self.limit)
    }
}

fn too_dear() -> GatewayError {
    GatewayError::invalid(
        Some("max_tokens"),
        "this could cost more than $100000; ask for fewer tokens or choices",
    )
}
