//! What a call used, and the charge for it.

use keypurse_core::ledger::Charge;
use keypurse_core::money::Money;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_providers::openai::read_usage;
use keypurse_store::{CallOutcome, failpoint};
use serde_json::value::RawValue;
use tracing::warn;

use super::error::GatewayError;
use super::fund::Funded;

/// What a call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    counts: TokenCounts,
    certainty: Certainty,
}

/// Whether a provider said all it had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It came to its end.
    Whole,
    /// Broken off by whomever: usage reported so far is of a part.
    Early,
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
    pub(super) fn used(&self, reported: Option<&RawValue>, output: u64, ended: Ended) -> Used {
        let counted = self.counted(output);
        let Some(reported) = reported else {
            return counted;
        };
        let can_be = |counts: &TokenCounts| {
            counts.input <= self.bound.input && counts.output <= self.output_limit()
        };
        if let Some(counts) = read_usage(reported).ok().filter(can_be) {
            let reported = Used {
                counts,
                certainty: Certainty::Reported,
            };
            let is_behind = ended == Ended::Early && self.cost(&reported) < self.cost(&counted);
            return if is_behind { counted } else { reported };
        }
        let (call, provider) = (self.call, &*self.route.provider.name);
        warn!(%call, provider, "provider `{provider}` reported usage that cannot be");
        counted
    }

    /// What was sent and received, by our own count, within what was asked
    /// for.
    pub(super) fn counted(&self, output: u64) -> Used {
        let counts = TokenCounts {
            input: self.bound.counted_input,
            output: output.min(self.output_limit()),
            ..TokenCounts::default()
        };
        Used {
            counts,
            certainty: Certainty::Estimated,
        }
    }

    /// The most output tokens whose count costs no more than `budget`.
    pub(super) fn output_within(&self, budget: Money) -> u64 {
        let costs_more = |output| self.cost(&self.counted(output)) > budget;
        let (mut fits, mut above) = (0, self.output_limit() + 1);
        while above - fits > 1 {
            let middle = fits.midpoint(above);
            if costs_more(middle) {
                above = middle;
            } else {
                fits = middle;
            }
        }
        fits
    }

    /// What that costs.
    pub(super) fn cost(&self, used: &Used) -> Money {
        let cost = self.route.price.cost(&used.counts);
        cost.expect("what was used is within the bound, which has a price")
    }
}

/// Charges a call. The charge is on disk when this is `Ok`; else it follows as
/// soon as the ledger can write.
pub(super) async fn settle(
    funded: &Funded,
    used: Used,
    status: u16,
) -> Result<Charge, GatewayError> {
    if used.certainty == Certainty::Estimated {
        reach(funded, &used).await;
    }
    let outcome = CallOutcome::Used {
        cost: funded.cost(&used),
        counts: used.counts,
        certainty: used.certainty,
    };
    failpoint::reach("call.before-charge");
    let charge = funded.hold.resolve(outcome, status).await;
    failpoint::reach("call.after-charge");
    charge
}

/// What was counted is charged at most what is held: a hold that was to grow
/// grows to it, if the money is there. If not, the rest is not charged.
async fn reach(funded: &Funded, used: &Used) {
    let cost = funded.cost(used);
    if cost > funded.bound.first {
        funded.hold.grow(cost).await;
    }
}

/// Resolves a call that did not happen.
pub(super) async fn void(funded: &Funded, status: u16) {
    failpoint::reach("call.before-void");
    // What fails now is tried again; the client has nothing to wait for.
    let _ = funded.hold.resolve(CallOutcome::Void, status).await;
}
