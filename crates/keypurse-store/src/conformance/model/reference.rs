//! What a store promises, in the plainest words: each operation told as what is
//! true afterwards. Knows no rule of core's.

use keypurse_core::token::SettingsChange;

use super::books::{Account, Call, Reference, Token};
use super::operation::{Answer, Charged, Name, NewToken, Number, Operation, Place, Usage};
use super::settings::changed;

impl Reference {
    /// Does it and says what a store should answer, one answer for each part.
    pub(super) fn apply(&mut self, operation: &Operation) -> Vec<Answer> {
        vec![match *operation {
            Operation::Together(ref operations) => {
                return operations.iter().flat_map(|one| self.apply(one)).collect();
            }
            Operation::CreateAccount { name, credits, key } => {
                self.create_account(name, Account { key, credits })
            }
            Operation::ReplaceKey { name, key } => self.replace_key(name, key),
            Operation::CreateToken(ref new) => self.create_token(new),
            Operation::UpdateToken(place, ref change) => {
                self.on(place, |model, token| model.update(token, change))
            }
            Operation::RotateToken {
                place,
                secret,
                grace,
            } => self.on(place, |model, token| model.rotate(token, secret, grace)),
            Operation::DeleteToken(place) => self.on(place, Self::delete),
            Operation::Hold(new) => self.hold(new).unwrap_or_else(|refusal| refusal),
            Operation::HoldAnew(new) => self.hold_anew(new),
            Operation::Open { call, floor } => self.open(call, floor),
            Operation::Settle { call, usage } => self.settle(call, usage),
            Operation::Simulate { call, token } => self.simulate(call, token),
            Operation::SetClock(now) => {
                self.now = now;
                Answer::Done
            }
            Operation::Crash | Operation::Reopen => self.resolve_all(),
            Operation::Audit => Answer::Done,
        }]
    }

    fn create_account(&mut self, name: Name, account: Account) -> Answer {
        if self.accounts.contains_key(&name) {
            return Answer::Taken;
        }
        self.accounts.insert(name, account);
        Answer::Done
    }

    fn replace_key(&mut self, name: Name, key: Number) -> Answer {
        let Some(account) = self.accounts.get_mut(&name) else {
            return Answer::Missing;
        };
        self.retired.insert(account.key);
        account.key = key;
        Answer::Done
    }

    fn create_token(&mut self, new: &NewToken) -> Answer {
        let Some(settings) = changed(&new.settings(), &new.change, self.now) else {
            return Answer::Invalid;
        };
        if self.live(new.place).is_some() {
            return Answer::Taken;
        }
        let full = settings.reset.map(|reset| reset.amount);
        let token = Token {
            account: new.place.account,
            settings,
            created_at: self.now,
            credits: new.change.balance.or(full).unwrap_or_default().nanos(),
            secrets: vec![(new.secret, None)],
            deleted: false,
        };
        self.tokens.insert(new.secret, token);
        self.shown(new.secret)
    }

    fn on(&mut self, place: Place, verb: impl FnOnce(&mut Self, Number) -> Answer) -> Answer {
        match self.live(place) {
            Some(token) => verb(self, token),
            None => Answer::Missing,
        }
    }

    fn update(&mut self, number: Number, change: &SettingsChange) -> Answer {
        self.reset_if_over(number);
        let Some(settings) = changed(&self.tokens[&number].settings, change, self.now) else {
            return Answer::Invalid;
        };
        let balance = self.token_purse(number).balance;
        let token = self.tokens.get_mut(&number).expect("live");
        token.settings = settings;
        token.credits += change.balance.map_or(0, |wanted| wanted.nanos() - balance);
        self.shown(number)
    }

    fn rotate(&mut self, number: Number, secret: Number, grace: i64) -> Answer {
        let until = self.now + grace * 1_000_000;
        let token = self.tokens.get_mut(&number).expect("live");
        self.retired
            .extend(token.secrets.iter().map(|(old, _)| *old));
        // At most two work: the new one, and its predecessor if it has grace.
        let current = token.secrets.last().expect("live").0;
        let old = (grace > 0).then_some((current, Some(until)));
        token.secrets = old.into_iter().chain([(secret, None)]).collect();
        self.shown(number)
    }

    fn delete(&mut self, number: Number) -> Answer {
        let token = self.tokens.get_mut(&number).expect("live");
        token.deleted = true;
        let dead = std::mem::take(&mut token.secrets);
        self.retired.extend(dead.iter().map(|(secret, _)| *secret));
        Answer::Done
    }

    fn simulate(&mut self, number: Number, token: Number) -> Answer {
        let mut call = Call::new(self.tokens[&token].account, Some(token), 0);
        call.end = Some(Charged::default());
        self.calls.insert(number, call);
        Answer::Done
    }

    /// What a start does with the holds it finds.
    fn resolve_all(&mut self) -> Answer {
        let open = self.calls.iter().filter(|(_, call)| call.end.is_none());
        let open: Vec<_> = open.map(|(number, call)| (*number, call.floor)).collect();
        for (call, floor) in open {
            self.settle(call, floor.map_or(Usage::Void, Usage::Reported));
        }
        Answer::Done
    }

    fn shown(&self, token: Number) -> Answer {
        let settings = self.tokens[&token].settings.clone();
        Answer::Token(settings, self.token_purse(token).balance)
    }
}
