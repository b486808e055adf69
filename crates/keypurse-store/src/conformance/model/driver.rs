//! Does to a store what the reference was told: one function per operation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use keypurse_core::id::{AccountId, CallId, SecretId, TokenId};
use keypurse_core::ledger::{Admission, Charge, HoldError, HoldRequest, PurseId, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_core::usage::{Certainty, TokenCounts};

use super::backend::{Backend, ModelClock};
use super::books::Reference;
use super::claims::Request;
use super::operation::{
    Answer, Charged, Claim, Name, NewHold, Number, Operation, Payer, Short, Usage, Version,
    status_of,
};
use crate as store;
use crate::conformance::fixtures::{self, meta, nanos};
use crate::conformance::join_all;
use crate::{
    CallMeta, CallOutcome, Credential, Digest, HoldFailure, RecordFailure, Repeated, Settlement,
    SimulatedCall, Store,
};

/// A store and what it calls the model's things.
#[derive(Debug)]
pub(super) struct Driver<B> {
    pub(super) backend: B,
    pub(super) clock: Arc<ModelClock>,
    pub(super) ids: RefCell<Ids>,
}

/// The store's ids of the model's accounts, tokens and secrets.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) accounts: HashMap<Name, AccountId>,
    pub(super) tokens: HashMap<Number, TokenId>,
    pub(super) secrets: HashMap<Number, SecretId>,
}

impl<B: Backend> Driver<B> {
    pub(super) fn new() -> Self {
        let clock = Arc::new(ModelClock::default());
        let (backend, ids) = (B::fresh(clock.clone()), RefCell::default());
        Self {
            backend,
            clock,
            ids,
        }
    }

    /// `after` is the reference once it has done the same.
    pub(super) fn perform(
        mut self,
        operation: &Operation,
        after: &Reference,
    ) -> (Self, Vec<Answer>) {
        let mut answers = vec![Answer::Done];
        match operation {
            Operation::SetClock(now) => self.clock.set(*now),
            Operation::Crash => self.backend = self.backend.crashed(),
            Operation::Reopen => self.backend = self.backend.reopened(),
            Operation::Audit => self.audit(after),
            Operation::Together(operations) => {
                let asked = operations.iter().map(|one| self.ask(one, after));
                answers = self.backend.wait(join_all(asked));
            }
            one => answers = vec![self.backend.wait(self.ask(one, after))],
        }
        self.backend.wait(self.learn_secrets(after));
        (self, answers)
    }

    /// What takes a place in the store's queue.
    async fn ask(&self, operation: &Operation, after: &Reference) -> Answer {
        match operation {
            Operation::CreateAccount { name, credits, key } => {
                self.create_account(*name, *credits, *key).await
            }
            Operation::ReplaceKey { name, key } => self.replace_key(*name, *key).await,
            Operation::TopUpAccount {
                name,
                amount,
                claim,
            } => self.top_up_account(*name, *amount, *claim).await,
            Operation::Change(change) => self.change_token(change).await,
            Operation::Hold(new) => self.hold(new, after.account_of(new.payer)).await,
            Operation::HoldAnew(new) => self.hold_anew(new, after.account_of(new.payer)).await,
            Operation::Open { call, floor } => self.open(*call, *floor).await,
            Operation::Settle { call, usage } => self.settle(*call, *usage).await,
            Operation::Simulate { call, token, claim } => {
                self.simulate((*call, *token), *claim, after).await
            }
            Operation::Rekey(moves) => self.rekey(moves).await,
            Operation::DropKey(kind, version) => self.drop_key(*kind, *version).await,
            Operation::Forget(before) => self.forget(*before).await,
            Operation::Together(_)
            | Operation::SetClock(_)
            | Operation::Crash
            | Operation::Reopen
            | Operation::Audit => unreachable!("not asked of a queue"),
        }
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.backend.store()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn account(&self, name: Name) -> AccountId {
        self.ids.borrow().accounts[&name]
    }

    pub(super) fn token(&self, number: Number) -> TokenId {
        self.ids.borrow().tokens[&number]
    }

    async fn hold(&self, new: &NewHold, account: Name) -> Answer {
        let asked = self.new_hold(new, account, meta_of(new.call));
        match self.store().hold(asked).await {
            Ok(admission) => held(admission),
            Err(failure) => self.not_held(failure, account, new.payer),
        }
    }

    async fn hold_anew(&self, new: &NewHold, account: Name) -> Answer {
        let asked = self.new_hold(new, account, meta_of(new.call + 1));
        match self.store().hold_anew(asked).await {
            Ok(admission) => admission.map_or(Answer::NotOpen, held),
            Err(failure) => self.not_held(failure, account, new.payer),
        }
    }

    fn new_hold(&self, new: &NewHold, account: Name, meta: CallMeta) -> store::NewHold {
        store::NewHold {
            request: HoldRequest {
                call: call_id(new.call),
                account: self.account(account),
                token: self.token_use(new.payer),
                full: nanos(new.full),
                least: nanos(new.least),
                first: nanos(new.first),
            },
            meta,
            claim: new.claim.map(|claim| claim_of(Request::Call, claim)),
        }
    }

    fn token_use(&self, payer: Payer) -> Option<TokenUse> {
        let Payer::Token { token, secret } = payer else {
            return None;
        };
        // Nobody ever saw a secret that was dead before its batch ended.
        let unseen = SecretId(-1);
        let secret = self
            .ids
            .borrow()
            .secrets
            .get(&secret)
            .copied()
            .unwrap_or(unseen);
        let token = self.token(token);
        Some(TokenUse { token, secret })
    }

    fn not_held(&self, failure: HoldFailure, account: Name, payer: Payer) -> Answer {
        match failure {
            HoldFailure::Refused(refusal) => self.refused(refusal, account, payer),
            HoldFailure::Repeated(repeated) => call_before(repeated),
            HoldFailure::Store(error) => panic!("{error}"),
        }
    }

    fn refused(&self, refusal: HoldError, account: Name, payer: Payer) -> Answer {
        let (on_hold, short) = match refusal {
            HoldError::Revoked => return Answer::Revoked,
            HoldError::Expired => return Answer::Expired,
            HoldError::Insufficient(short) => (false, short),
            HoldError::OnHold(short) => (true, short),
        };
        let of_token = short.purse != PurseId::Account(self.account(account));
        if of_token {
            let token = self
                .token_use(payer)
                .expect("a token's purse was short")
                .token;
            assert_eq!(
                short.purse,
                PurseId::Token(token),
                "the purse that was asked"
            );
        }
        Answer::Short(Short {
            on_hold,
            of_token,
            needed: short.needed.nanos(),
            available: short.available.nanos(),
            held: short.held.nanos(),
        })
    }

    async fn open(&self, call: Number, floor: i64) -> Answer {
        let opened = self
            .store()
            .open(call_id(call), fixtures::floor(floor))
            .await;
        let floor = opened.expect("a working store");
        floor.map_or(Answer::NotOpen, |floor| Answer::Floor(floor.nanos()))
    }

    async fn settle(&self, call: Number, usage: Usage) -> Answer {
        let used = |tokens: i64, cost: i64, certainty| CallOutcome::Used {
            cost: nanos(cost),
            counts: output(tokens),
            certainty,
        };
        let settlement = Settlement {
            call: call_id(call),
            outcome: match usage {
                Usage::Reported(cost) => used(cost, cost, Certainty::Reported),
                Usage::Counted(cost) => used(cost, cost, Certainty::Estimated),
                Usage::Void => CallOutcome::Void,
                Usage::Abandoned => CallOutcome::Abandoned,
            },
            status: status_of(call),
            finished_at: self.now(),
        };
        match self
            .store()
            .settle(settlement)
            .await
            .expect("a working store")
        {
            Some(charge) => Answer::Charged(charged(&charge)),
            None => Answer::NotOpen,
        }
    }

    async fn simulate(
        &self,
        (call, token): (Number, Number),
        claim: Option<Claim>,
        after: &Reference,
    ) -> Answer {
        let simulated = SimulatedCall {
            call: call_id(call),
            account: self.account(after.tokens[&token].account),
            token: self.token(token),
            meta: meta_of(call),
            counts: output(7),
            status: status_of(call),
            finished_at: self.now(),
            claim: claim.map(|claim| claim_of(Request::Call, claim)),
        };
        match self.store().record_simulated(simulated).await {
            Ok(()) => Answer::Done,
            Err(RecordFailure::Repeated(repeated)) => call_before(repeated),
            Err(RecordFailure::Store(error)) => panic!("{error}"),
        }
    }

    /// All of them: a store forgets some at a time.
    async fn forget(&self, before: i64) -> Answer {
        let before = Timestamp::from_micros(before);
        let mut forgotten = 0;
        loop {
            let some = self.store().forget_calls(before).await;
            match some.expect("a working store") {
                0 => return Answer::Forgotten(forgotten),
                some => forgotten += some,
            }
        }
    }

    /// Remembers ids of secrets while they work, to try them when they do not.
    async fn learn_secrets(&self, after: &Reference) {
        let secrets = after.tokens.values().flat_map(|token| &token.secrets);
        for (secret, _) in secrets {
            if self.ids.borrow().secrets.contains_key(secret) {
                continue;
            }
            let digest = digest(*secret, after.version(*secret));
            let found = self.store().credential(&digest).await;
            match found.expect("a working store").as_deref() {
                Some(Credential::Token(token)) => {
                    self.ids.borrow_mut().secrets.insert(*secret, token.secret);
                }
                other => panic!("secret {secret} should work, but is {other:?}"),
            }
        }
    }
}

fn call_before(repeated: Repeated) -> Answer {
    match repeated {
        Repeated::OtherRequest => Answer::OtherRequest,
        Repeated::Running => Answer::Running,
        Repeated::Finished { call, cost, status } => Answer::Finished {
            call: call.ordered,
            cost: cost.nanos(),
            status,
        },
    }
}

fn held(admission: Admission) -> Answer {
    Answer::Held {
        amount: admission.amount.nanos(),
        budget: admission.budget.nanos(),
    }
}

fn charged(charge: &Charge) -> Charged {
    Charged {
        cost: charge.cost.nanos(),
        charged: charge.charged.nanos(),
        house: charge.house.nanos(),
        from_token: charge.from_token,
        balance: charge.token_balance.map(Money::nanos),
    }
}

fn output(tokens: i64) -> TokenCounts {
    let output = u64::try_from(tokens).expect("not negative");
    TokenCounts {
        output,
        ..TokenCounts::default()
    }
}

/// Calls of three models, so that rows refer to more than one.
fn meta_of(call: Number) -> CallMeta {
    let model = Arc::from(format!("model-{}", call % 3));
    CallMeta { model, ..meta() }
}

pub(super) const fn call_id(call: Number) -> CallId {
    CallId {
        ordered: call,
        random: call,
    }
}

/// As a client's key and all it asks for are told to a store.
pub(super) fn claim_of(request: Request, claim: Claim) -> store::Claim {
    let mut fingerprint = [claim.request; 32];
    fingerprint[0] = match request {
        Request::Call => 0,
        Request::TokenChange => 1,
        Request::AccountTopUp => 2,
    };
    store::Claim {
        key: [claim.key; 32],
        fingerprint,
    }
}

/// What a secret is looked up by under this version of the pepper.
pub(super) fn digest(secret: Number, version: Version) -> Digest {
    let mut digest = [version; 32];
    digest[..8].copy_from_slice(&secret.to_le_bytes());
    digest
}
