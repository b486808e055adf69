//! What a call used, and the charge for it.

use keypurse_core::ledger::Charge;
use keypurse_core::money::Money;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_providers::openai::ImplausibleUsage;
use keypurse_store::{CallOutcome, Floor, failpoint};
use serde_json::value::RawValue;
use tracing::{Instrument, debug, warn};

use crate::gateway::call::fund::Funded;
use crate::gateway::error::GatewayError;
use crate::http::request_id::ACCESS;
use crate::metrics::calls::ModelMeters;
use crate::traces;

/// What a provider's answer says about its cost.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gateway) struct Told<'a> {
    /// The usage, as far as it can be understood.
    pub(in crate::gateway) usage: Option<Result<TokenCounts, ImplausibleUsage>>,
    /// The tier of service.
    pub(in crate::gateway) tier: Option<&'a RawValue>,
}

/// What a call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Used {
    counts: TokenCounts,
    certainty: Certainty,
}

/// What we saw of a stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Saw {
    /// Input tokens as we count them.
    pub(in crate::gateway) input: u64,
    /// What the provider told of the input, and of the output so far.
    pub(in crate::gateway) input_told: Option<TokenCounts>,
    /// Output tokens as we count them.
    pub(in crate::gateway) output: u64,
}

/// Whether a provider said all it had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Ended {
    /// It came to its end.
    Whole,
    /// Broken off by whomever: usage reported so far is of a part.
    Early,
}

impl Used {
    /// How many tokens.
    pub(in crate::gateway) fn counts(&self) -> &TokenCounts {
        &self.counts
    }
}

impl Funded {
    /// What is counted about calls like this one.
    pub(in crate::gateway) fn meters(&self) -> &ModelMeters {
        self.route.meters(self.asked.endpoint)
    }

    /// The most output tokens the provider may charge.
    pub(in crate::gateway) fn output_limit(&self) -> u64 {
        self.limit * self.bound.choices
    }

    /// What the provider says was used, if that can be; else what we saw.
    ///
    /// Where it told its usage before the rest came, the dearer of both counts.
    /// Whoever tells what cannot be is not believed about the input either.
    pub(in crate::gateway) fn used(&self, told: Told<'_>, saw: Saw, ended: Ended) -> Used {
        let (has_told, reported) = (told.usage.is_some(), self.reported(told));
        if let (Some(reported), Ended::Whole) = (reported, ended) {
            return reported;
        }
        let input_told = saw.input_told.filter(|_| !has_told || reported.is_some());
        let counted = input_told
            .and_then(|input| self.partly_told(input, saw.output))
            .unwrap_or_else(|| self.estimated(saw.input, saw.output));
        match reported {
            Some(reported) if self.cost(&reported) >= self.cost(&counted) => reported,
            Some(_) | None => counted,
        }
    }

    /// What the provider says was used, if that can be.
    ///
    /// Usage beyond what was asked for is not believed: it would be a charge
    /// beyond the hold. Output beyond the visible text is: models reason.
    pub(in crate::gateway) fn reported(&self, told: Told<'_>) -> Option<Used> {
        let reach = self
            .bound
            .most
            .map_or(self.asked.parts.reach, |most| most.reach);
        let can_be = |counts: &TokenCounts| {
            counts.input <= self.bound.input
                && counts.output <= self.output_limit()
                && counts.units.are_within(&self.bound.units())
                && reach.covers(counts)
        };
        let usage = match self.asked.asked_media() {
            Some(media) => media.usage(&self.route, told.usage)?,
            None => told.usage?,
        };
        if let Some(counts) = usage.ok().filter(can_be) {
            let tier = self.asked.tier.charged(&self.route.price, told.tier);
            return Some(Used {
                counts: self.whole(TokenCounts { tier, ..counts }),
                certainty: Certainty::Reported,
            });
        }
        let (call, provider) = (self.call, &*self.route.provider.name);
        warn!(%call, provider, "provider `{provider}` reported usage that cannot be");
        None
    }

    /// What was counted, within what was held, at the tier that was asked for.
    pub(in crate::gateway) fn estimated(&self, input: u64, output: u64) -> Used {
        if let Some(counts) = self.bound.counted_media() {
            return self.estimated_as(counts);
        }
        self.estimated_as(TokenCounts {
            input: input.min(self.bound.input),
            output: output.min(self.output_limit()),
            ..TokenCounts::default()
        })
    }

    /// What was counted, at the tier that was asked for.
    pub(in crate::gateway) fn estimated_as(&self, counts: TokenCounts) -> Used {
        let tier = self.asked.tier.charged(&self.route.price, None);
        let counts = TokenCounts { tier, ..counts };
        Used {
            counts: self.whole(counts),
            certainty: Certainty::Estimated,
        }
    }

    /// The most output tokens that cost no more than `budget` after so many
    /// input tokens.
    pub(in crate::gateway) fn output_within(&self, budget: Money, input: u64) -> u64 {
        let costs_more = |output| self.cost(&self.estimated(input, output)) > budget;
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

    /// What the provider told of the input, and so many output tokens as were
    /// counted, or told so far: for a call that ended before the provider told
    /// its usage. `None` when the input cannot be.
    fn partly_told(&self, input: TokenCounts, output: u64) -> Option<Used> {
        let limit = self.output_limit();
        let so_far = Some(input.output).filter(|told| *told <= limit);
        let counts = TokenCounts {
            output: output.min(limit).max(so_far.unwrap_or(0)),
            reasoning: 0,
            tier: self.asked.tier.charged(&self.route.price, None),
            ..input
        };
        let can_be = counts.input <= self.bound.input && self.asked.parts.reach.covers(&input);
        can_be.then(|| Used {
            counts: self.whole(counts),
            certainty: Certainty::Estimated,
        })
    }

    /// With the price of the call itself, where it has one.
    fn whole(&self, counts: TokenCounts) -> TokenCounts {
        let requests = u64::from(self.route.price.has_request_rate());
        TokenCounts { requests, ..counts }
    }

    /// What is to be charged for that if nobody settles the call.
    pub(in crate::gateway) fn floor(&self, used: &Used) -> Floor {
        Floor {
            cost: self.cost(used),
            counts: used.counts,
        }
    }

    /// What that costs.
    pub(in crate::gateway) fn cost(&self, used: &Used) -> Money {
        let cost = self.route.price.cost(&used.counts);
        cost.expect("what was used is within the bound, which has a price")
    }
}

/// Charges a call. The charge is on disk when this is `Ok`; else it follows as
/// soon as the ledger can write.
pub(in crate::gateway) async fn settle(
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
    let took = funded.attempts.begun_at.elapsed();
    let health = &funded.route.provider.health;
    health.spoke(used.counts.output, took);
    failpoint::reach("call.before-charge");
    let charging = funded.hold.resolve(outcome, status);
    let charge = charging.instrument(traces::settle()).await;
    funded.permit.end(used.counts.input + used.counts.output);
    count(funded, (&used, status), charge.as_ref().ok());
    failpoint::reach("call.after-charge");
    charge
}

/// Counts a call that is over. One whose charge is not on disk yet has cost all
/// the same.
fn count(funded: &Funded, (used, status): (&Used, u16), charge: Option<&Charge>) {
    let meters = funded.meters();
    let (cost, took) = (funded.cost(used), funded.attempts.planned_at.elapsed());
    meters.used(&used.counts, cost);
    meters.ended(status, took);
    let (route, counts) = (&funded.route, &used.counts);
    let model = (&*route.provider.name, &*route.model);
    traces::ended(model, Some((counts, cost)), status);
    debug!(
        target: ACCESS, request_id = %funded.call, endpoint = funded.asked.endpoint.path(),
        provider = &*route.provider.name, model = &*route.model, status,
        streamed = funded.asked.streamed, input = counts.input, output = counts.output,
        cost = %cost, millis = took.as_millis(), "settled"
    );
    if let Some(charge) = charge {
        meters.paid_by_the_house(charge.house);
    }
}

/// What was counted is charged at most what is held: a hold that was to grow
/// grows to it, if the money is there. If not, the rest is not charged.
async fn reach(funded: &Funded, used: &Used) {
    let used = funded.floor(used);
    if used.cost > funded.bound.first {
        funded.hold.grow(used).await;
    }
}

/// Resolves a call that did not happen.
pub(in crate::gateway) async fn void(funded: &Funded, status: u16) {
    failpoint::reach("call.before-void");
    // What fails now is tried again; the client has nothing to wait for.
    let voiding = funded.hold.resolve(CallOutcome::Void, status);
    let _ = voiding.instrument(traces::settle()).await;
    funded.permit.end(0);
    let took = funded.attempts.planned_at.elapsed();
    funded.meters().ended(status, took);
    let route = &funded.route;
    traces::ended((&route.provider.name, &route.model), None, status);
    debug!(
        target: ACCESS, request_id = %funded.call, endpoint = funded.asked.endpoint.path(),
        provider = &*route.provider.name, model = &*route.model, status,
        millis = took.as_millis(), "did not happen"
    );
}
