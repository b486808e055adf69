//! Does to a store what the reference was told: one function per operation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use keypurse_core::id::{AccountId, CallId, SecretId, TokenId};
use keypurse_core::ledger::{Admission, Charge, HoldError, HoldRequest, PurseId, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_core::token::{SettingsChange, opening_balance};
use keypurse_core::usage::{Certainty, TokenCounts};

use super::backend::{Backend, ModelClock};
use super::books::Reference;
use super::operation::{
    Answer, Charged, Name, NewHold, NewToken, Number, Operation, Payer, Place, Short, Usage,
    token_name,
};
use crate as store;
use crate::conformance::fixtures::{self, meta, nanos};
use crate::conformance::join_all;
use crate::{
    Actor, CallMeta, CallOutcome, CreateAccountError, CreateTokenError, Credential, Digest,
    HoldFailure, KeyVersions, NewAccount, Rotation, Settlement, SimulatedCall, Store, Token,
    TokenUpdate, UpdateTokenError,
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
            Operation::CreateToken(new) => self.create_token(new).await,
            Operation::UpdateToken(place, change) => self.update_token(*place, change).await,
            Operation::RotateToken {
                place,
                secret,
                grace,
            } => self.rotate_token(*place, *secret, *grace).await,
            Operation::DeleteToken(place) => self.delete_token(*place).await,
            Operation::Hold(new) => self.hold(new, after.account_of(new.payer)).await,
            Operation::HoldAnew(new) => self.hold_anew(new, after.account_of(new.payer)).await,
            Operation::Open { call, floor } => self.open(*call, *floor).await,
            Operation::Settle { call, usage } => self.settle(*call, *usage).await,
            Operation::Simulate { call, token } => self.simulate(*call, *token, after).await,
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

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn account(&self, name: Name) -> AccountId {
        self.ids.borrow().accounts[&name]
    }

    pub(super) fn token(&self, number: Number) -> TokenId {
        self.ids.borrow().tokens[&number]
    }

    async fn create_account(&self, name: Name, credits: Option<i64>, key: Number) -> Answer {
        let new = NewAccount {
            name: account_name(name),
            key_digest: digest(key),
            pepper: 1,
            credits: credits.map(nanos),
            actor: Actor::SYSTEM,
            now: self.now(),
        };
        match self.store().create_account(new).await {
            Ok(account) => {
                self.ids.borrow_mut().accounts.insert(name, account.id);
                Answer::Done
            }
            Err(CreateAccountError::NameTaken) => Answer::Taken,
            Err(error) => panic!("{error}"),
        }
    }

    async fn replace_key(&self, name: Name, key: Number) -> Answer {
        let name = account_name(name);
        let key = (digest(key), 1);
        let replaced = self
            .store()
            .set_account_key(&name, key, Actor::SYSTEM)
            .await;
        match replaced.expect("a working store") {
            Some(_) => Answer::Done,
            None => Answer::Missing,
        }
    }

    /// As management does it: core judges the settings first.
    async fn create_token(&self, new: &NewToken) -> Answer {
        let settings = new
            .settings()
            .changed(&new.change, self.now(), &TimeZone::UTC);
        let Ok(settings) = settings else {
            return Answer::Invalid;
        };
        let balance = opening_balance(new.change.balance, settings.reset);
        let asked = store::NewToken {
            account: self.account(new.place.account),
            settings,
            balance,
            digest: digest(new.secret),
            sealed: None,
            keys: KeyVersions::FIRST,
            now: self.now(),
        };
        match self.store().create_token(asked).await {
            Ok(token) => {
                self.ids.borrow_mut().tokens.insert(new.secret, token.id);
                shown(Some(token))
            }
            Err(CreateTokenError::NameTaken) => Answer::Taken,
            Err(error) => panic!("{error}"),
        }
    }

    async fn update_token(&self, place: Place, change: &SettingsChange) -> Answer {
        let update = TokenUpdate {
            account: self.account(place.account),
            name: token_name(place.name),
            change: change.clone(),
            now: self.now(),
        };
        match self.store().update_token(update).await {
            Ok(token) => shown(token),
            Err(UpdateTokenError::Invalid(_)) => Answer::Invalid,
            Err(error) => panic!("{error}"),
        }
    }

    async fn rotate_token(&self, place: Place, secret: Number, grace: i64) -> Answer {
        let rotation = Rotation {
            account: self.account(place.account),
            name: token_name(place.name),
            digest: digest(secret),
            sealed: None,
            keys: KeyVersions::FIRST,
            old_until: self.now().plus_seconds(grace),
            now: self.now(),
        };
        shown(
            self.store()
                .rotate_token(rotation)
                .await
                .expect("a working store"),
        )
    }

    async fn delete_token(&self, place: Place) -> Answer {
        let (account, name) = (self.account(place.account), token_name(place.name));
        let deleted = self.store().delete_token(account, &name, self.now()).await;
        match deleted.expect("a working store") {
            Some(_) => Answer::Done,
            None => Answer::Missing,
        }
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
            claim: None,
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
            HoldFailure::Repeated(_) => unreachable!("no key was sent"),
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
            },
            status: 200,
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

    async fn simulate(&self, call: Number, token: Number, after: &Reference) -> Answer {
        let simulated = SimulatedCall {
            call: call_id(call),
            account: self.account(after.tokens[&token].account),
            token: self.token(token),
            meta: meta_of(call),
            counts: output(7),
            status: 200,
            finished_at: self.now(),
            claim: None,
        };
        let recorded = self.store().record_simulated(simulated).await;
        recorded.expect("a working store");
        Answer::Done
    }

    /// Remembers ids of secrets while they work, to try them when they do not.
    async fn learn_secrets(&self, after: &Reference) {
        let secrets = after.tokens.values().flat_map(|token| &token.secrets);
        for (secret, _) in secrets {
            if self.ids.borrow().secrets.contains_key(secret) {
                continue;
            }
            let found = self.store().credential(&digest(*secret)).await;
            match found.expect("a working store").as_deref() {
                Some(Credential::Token(token)) => {
                    self.ids.borrow_mut().secrets.insert(*secret, token.secret);
                }
                other => panic!("secret {secret} should work, but is {other:?}"),
            }
        }
    }
}

fn shown(token: Option<Token>) -> Answer {
    token.map_or(Answer::Missing, |token| {
        Answer::Token(token.settings, token.balance.nanos())
    })
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

pub(super) fn account_name(name: Name) -> String {
    format!("account {name}")
}

pub(super) const fn call_id(call: Number) -> CallId {
    CallId {
        ordered: call,
        random: call,
    }
}

pub(super) fn digest(secret: Number) -> Digest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&secret.to_le_bytes());
    digest
}
