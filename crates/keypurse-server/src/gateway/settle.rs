//! What a call used, and the charge for it.

use keypurse_core::ledger::Charge;
use keypurse_core::money::Money;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_providers::openai::read_usage;
use keypurse_store::{CallOutcome, Settlement};
use serde_json::value::RawValue;
use tracing::{error, warn};

use super::error::GatewayError;
use super::fund::{Funded, unrecordable};
use crate::state::State;

/// What a provider's answer says about its cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told<'a> {
    /// The usage object.
    pub(super) usage: Option<&'a RawValue>,
    /// The tier of service.
    pub(super) tier: Option<&'a RawValue>,
}

/// What a call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    counts: TokenCounts,
    certainty: Certainty,
}

impl Funded {
    /// The most output tokens the provider may charge.
    pub(super) fn output_limit(&self) -> u64 {
        self.limit * self.bound.choices
    }

    /// What the provider says was used, if that can be; else what we saw: a
    /// token for each byte.
    pub(super) fn used(&self, told: Told<'_>, text_bytes: u64) -> Used {
        let reported = self.reported(told);
        reported.unwrap_or_else(|| self.counted(text_bytes))
    }

    /// What the provider says was used, if that can be.
    ///
    /// Usage beyond what was asked for is not believed: it would be a charge
    /// beyond the hold. Output beyond the visible text is: models reason.
    pub(super) fn reported(&self, told: Told<'_>) -> Option<Used> {
        let can_be = |counts: &TokenCounts| {
            counts.input <= self.bound.input
                && counts.output <= self.output_limit()
                && self.request.parts.reach.covers(counts)
        };
        let usage = told.usage?;
        if let Some(counts) = read_usage(usage).ok().filter(can_be) {
            let tier = self.request.tier.charged(&self.route.price, told.tier);
            return Some(Used {
                counts: self.whole(TokenCounts { tier, ..counts }),
                certainty: Certainty::Reported,
            });
        }
        let (call, provider) = (self.call, &*self.route.provider.name);
        warn!(%call, provider, "provider `{provider}` reported usage that cannot be");
        None
    }

    /// So many output tokens as were counted, and a token for each byte of the
    /// input, within what was held.
    pub(super) fn counted(&self, output: u64) -> Used {
        self.estimated(self.bound.counted_input, output)
    }

    /// What was counted, within what was held, at the tier that was asked for.
    pub(super) fn estimated(&self, input: u64, output: u64) -> Used {
        let counts = TokenCounts {
            input: input.min(self.bound.input),
            output: output.min(self.output_limit()),
            tier: self.request.tier.charged(&self.route.price, None),
            ..TokenCounts::default()
        };
        Used {
            counts: self.whole(counts),
            certainty: Certainty::Estimated,
        }
    }

    /// With the price of the call itself, where it has one.
    fn whole(&self, counts: TokenCounts) -> TokenCounts {
        let requests = u64::from(self.route.price.has_request_rate());
        TokenCounts { requests, ..counts }
    }

    /// What that costs; never more than the hold.
    pub(super) fn cost(&self, used: &Used) -> Money {
        let cost = self.route.price.cost(&used.counts);
        cost.expect("what was used is within the bound, which has a price")
    }
}

/// Charges a call. The charge is on disk when this returns; if it cannot be
/// written the hold stays, and recovery resolves it.
pub(super) async fn settle(
    state: &State,
    funded: &Funded,
    used: Used,
    status: u16,
) -> Result<Charge, GatewayError> {
    let outcome = CallOutcome::Used {
        cost: funded.cost(&used),
        counts: used.counts,
        certainty: used.certainty,
    };
    resolve(state, funded, outcome, status).await
}

/// Resolves a call that did not happen.
pub(super) async fn void(state: &State, funded: &Funded, status: u16) {
    // Failing here costs the client nothing: recovery voids the hold.
    let _ = resolve(state, funded, CallOutcome::Void, status).await;
}

async fn resolve(
    state: &State,
    funded: &Funded,
    outcome: CallOutcome,
    status: u16,
) -> Result<Charge, GatewayError> {
    let settlement = Settlement {
        call: funded.call,
        outcome,
        status,
        finished_at: state.now(),
    };
    let charge = state
        .store
        .settle(settlement)
        .await
        .map_err(|failure| unrecordable(&failure))?;
    charge.ok_or_else(|| {
        error!(call = %funded.call, "call {} was settled before", funded.call);
        GatewayError::Internal
    })
}
