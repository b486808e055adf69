//! What a call used, and the charge for it.

use keypurse_core::ledger::Charge;
use keypurse_core::money::Money;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_providers::openai::read_usage;
use keypurse_store::{CallOutcome, Settlement, failpoint};
use serde_json::value::RawValue;
use tracing::{error, warn};

use super::error::GatewayError;
use super::fund::{Funded, unrecordable};
use crate::state::State;

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

    /// What the provider says was used, if that can be; else what we saw.
    ///
    /// Usage beyond what was asked for is not believed: it would be a charge
    /// beyond the hold. Output beyond the visible text is: models reason.
    pub(super) fn used(&self, reported: Option<&RawValue>, text_bytes: u64) -> Used {
        let Some(reported) = reported else {
            return self.counted(text_bytes);
        };
        let can_be = |counts: &TokenCounts| {
            counts.input <= self.bound.input && counts.output <= self.output_limit()
        };
        if let Some(counts) = read_usage(reported).ok().filter(can_be) {
            return Used {
                counts,
                certainty: Certainty::Reported,
            };
        }
        let (call, provider) = (self.call, &*self.route.provider.name);
        warn!(%call, provider, "provider `{provider}` reported usage that cannot be");
        self.counted(text_bytes)
    }

    /// One token per byte sent and received, within what was held.
    pub(super) fn counted(&self, text_bytes: u64) -> Used {
        let counts = TokenCounts {
            input: self.bound.counted_input,
            output: text_bytes.min(self.output_limit()),
            ..TokenCounts::default()
        };
        Used {
            counts,
            certainty: Certainty::Estimated,
        }
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
    failpoint::reach("call.before-charge");
    let charge = resolve(state, funded, outcome, status).await;
    failpoint::reach("call.after-charge");
    charge
}

/// Resolves a call that did not happen.
pub(super) async fn void(state: &State, funded: &Funded, status: u16) {
    failpoint::reach("call.before-void");
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
