//! Calls to be made, of all kinds.

use std::sync::Arc;

use keypurse_core::id::{AccountId, CallId};
use keypurse_core::ledger::{HoldRequest, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;
use keypurse_core::usage::{Certainty, TokenCounts};

use super::made::Made;
use crate::conformance::{nanos, secret_id};
use crate::{
    CallMeta, CallOutcome, CallState, Feature, NewHold, Settlement, SimulatedCall, StatusClass,
    Store, Token,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Used,
    Counted,
    Void,
    Simulated,
}

/// A call to be made, at one nano-dollar for each output token.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) call: CallId,
    pub(super) payer: Option<Token>,
    pub(super) account: AccountId,
    pub(super) provider: &'static str,
    pub(super) model: &'static str,
    pub(super) feature: Feature,
    pub(super) status: u16,
    pub(super) ending: Ending,
    pub(super) output: u32,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Timestamp,
}

impl Planned {
    fn meta(&self) -> CallMeta {
        let output = Rate::per_million(nanos(1_000_000)).expect("not negative");
        CallMeta {
            provider: Arc::from(self.provider),
            model: Arc::from(self.model),
            feature: self.feature,
            streamed: false,
            price: Arc::new(Price::flat(Rates {
                output,
                ..Rates::default()
            })),
            started_at: self.started_at,
        }
    }

    fn counts(&self) -> TokenCounts {
        TokenCounts {
            input: u64::from(self.output) / 3,
            output: self.output.into(),
            ..TokenCounts::NONE
        }
    }

    pub(super) async fn make(&self, store: &dyn Store) {
        if self.ending == Ending::Simulated {
            return self.simulate(store).await;
        }
        let token = match &self.payer {
            Some(token) => Some(TokenUse {
                token: token.id,
                secret: secret_id(store, token.digest[0]).await,
            }),
            None => None,
        };
        let full = nanos(1000);
        let request = HoldRequest {
            call: self.call,
            account: self.account,
            token,
            full,
            least: full,
            first: full,
        };
        let new = NewHold {
            request,
            meta: self.meta(),
            claim: None,
        };
        store.hold(new).await.expect("enough money");
        let cost = nanos(self.output.into());
        let used = |certainty| CallOutcome::Used {
            cost,
            counts: self.counts(),
            certainty,
        };
        let settlement = Settlement {
            call: self.call,
            outcome: match self.ending {
                Ending::Counted => used(Certainty::Estimated),
                Ending::Void => CallOutcome::Void,
                Ending::Used | Ending::Simulated => used(Certainty::Reported),
            },
            status: self.status,
            finished_at: self.finished_at,
        };
        store.settle(settlement).await.expect("a working store");
    }

    async fn simulate(&self, store: &dyn Store) {
        let token = self.payer.as_ref().expect("a token rehearses");
        let simulated = SimulatedCall {
            call: self.call,
            account: self.account,
            token: token.id,
            meta: self.meta(),
            counts: self.counts(),
            status: self.status,
            finished_at: self.finished_at,
            claim: None,
        };
        store
            .record_simulated(simulated)
            .await
            .expect("a working store");
    }

    /// Whose it was, and what it is in reports, if it counts.
    pub(super) fn made(self) -> Option<(AccountId, Made)> {
        let is_void = self.ending == Ending::Void;
        let state = if is_void {
            CallState::Void
        } else {
            CallState::Settled
        };
        let kind = self.payer.as_ref().map(|token| token.settings.kind);
        let is_simulated = kind == Some(TokenKind::Sandbox);
        let is_free = is_void || is_simulated;
        let made = Made {
            call: self.call,
            token: self.payer.as_ref().map(|token| token.id),
            provider: self.provider,
            model: self.model,
            feature: self.feature,
            status: StatusClass::of(state, self.status)?,
            is_simulated,
            is_estimated: self.ending == Ending::Counted,
            cost: if is_free {
                Money::ZERO
            } else {
                nanos(self.output.into())
            },
            counts: if is_void {
                TokenCounts::NONE
            } else {
                self.counts()
            },
            started_at: self.started_at,
            finished_at: self.finished_at,
        };
        Some((self.account, made))
    }
}
