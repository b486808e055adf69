//! What a store promises, in the plainest words: each operation told as what is
//! true afterwards. Knows no rule of core's.

use keypurse_core::token::{SettingsChange, TokenSettings};

use super::books::{Account, Call, Reference, Token};
use super::claims::Request;
use super::operation::{
    Answer, Change, Charged, Name, NewToken, Number, Operation, Place, Seen, Usage, Version, What,
    is_sealed, status_of,
};
use super::settings::{changed, timeless};
use crate::KeyKind;

/// A token's balance stays below 100,000 dollars.
pub(super) const MOST_BALANCE: i64 = 100_000 * 1_000_000_000;
/// An account's credits stay below a billion dollars.
pub(super) const MOST_CREDITS: i64 = 1_000_000_000 * 1_000_000_000;

impl Reference {
    /// Does it and says what a store should answer, one answer for each part.
    pub(super) fn apply(&mut self, operation: &Operation) -> Vec<Answer> {
        let answer = match *operation {
            Operation::Together(ref operations) => {
                return operations.iter().flat_map(|one| self.apply(one)).collect();
            }
            Operation::CreateAccount { name, credits, key } => {
                self.create_account(name, credits, key)
            }
            Operation::ReplaceKey { name, key } => self.replace_key(name, key),
            Operation::TopUpAccount {
                name,
                amount,
                claim,
            } => self.change_once(Request::AccountTopUp, claim, |model| {
                model.top_up_account(name, amount)
            }),
            Operation::Change(ref change) => self.change(change),
            Operation::Hold(new) => self.call_once(new.call, new.claim, |model| model.hold(new)),
            Operation::HoldAnew(new) => self.hold_anew(new),
            Operation::Open { call, floor } => self.open(call, floor),
            Operation::Settle { call, usage } => self.settle(call, usage, status_of(call)),
            Operation::Simulate { call, token, claim } => {
                self.call_once(call, claim, |model| Ok(model.simulate(call, token)))
            }
            Operation::Rekey(ref moves) => self.rekey(moves),
            Operation::DropKey(kind, version) => self.drop_key(kind, version),
            Operation::Forget(before) => self.forget(before),
            Operation::SetClock(now) => {
                self.now = now;
                Answer::Done
            }
            Operation::Crash | Operation::Reopen => self.resolve_all(),
            Operation::Audit => Answer::Done,
        };
        self.doubt_what_is_over();
        vec![answer]
    }

    fn create_account(&mut self, name: Name, credits: Option<i64>, key: Number) -> Answer {
        if self.accounts.contains_key(&name) {
            return Answer::Taken;
        }
        let account = Account {
            key,
            credits: credits.unwrap_or(0),
            is_limited: credits.is_some(),
        };
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

    fn top_up_account(&mut self, name: Name, amount: i64) -> Answer {
        let balance = self.account_purse(name).balance + amount;
        if balance >= MOST_CREDITS {
            return Answer::TooMuch;
        }
        self.accounts.get_mut(&name).expect("made").credits += amount;
        Answer::Balance(balance)
    }

    fn change(&mut self, change: &Change) -> Answer {
        let request = Request::TokenChange;
        if let What::Create(new) = &change.what {
            // Its settings are judged before a store is asked.
            let settings = changed(&new.settings(change.place), &new.change, self.now);
            return settings.map_or(Answer::Invalid, |settings| {
                self.change_once(request, change.claim, |model| {
                    model.create_token(change.place, new, settings)
                })
            });
        }
        self.change_once(request, change.claim, |model| {
            let Some(token) = model.live(change.place) else {
                return Answer::Missing;
            };
            let if_match = change.if_match.as_ref();
            if if_match.is_some_and(|seen| !model.is_as_seen(token, seen)) {
                return Answer::Stale;
            }
            match change.what {
                What::Create(_) => unreachable!("made above"),
                What::Update(ref change) => model.update(token, change),
                What::Rotate { secret, grace } => model.rotate(token, secret, grace),
                What::TopUp(amount) => model.top_up(token, amount),
                What::Delete => model.delete(token),
            }
        })
    }

    fn is_as_seen(&self, token: Number, seen: &Seen) -> bool {
        let settings = &self.tokens[&token].settings;
        match seen {
            Seen::Settings(seen) => timeless(settings.clone()) == timeless(seen.clone()),
            Seen::Balance(seen) => self.balance_shown(token) == *seen,
        }
    }

    /// As its owner sees it, a reset that is due counted in.
    pub(super) fn balance_shown(&self, token: Number) -> i64 {
        match self.tokens[&token].settings.reset {
            Some(reset) if reset.next_at.micros() <= self.now => reset.amount.nanos(),
            _ => self.token_purse(token).balance,
        }
    }

    fn create_token(&mut self, place: Place, new: &NewToken, settings: TokenSettings) -> Answer {
        if self.live(place).is_some() {
            return Answer::Taken;
        }
        let full = settings.reset.map(|reset| reset.amount);
        let token = Token {
            account: place.account,
            settings,
            created_at: self.now,
            credits: new.change.balance.or(full).unwrap_or_default().nanos(),
            topped_up: 0,
            secrets: vec![(new.secret, None)],
            deleted: false,
        };
        self.tokens.insert(new.secret, token);
        self.shown(new.secret)
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

    /// The money is for the period that has begun.
    fn top_up(&mut self, number: Number, amount: i64) -> Answer {
        self.reset_if_over(number);
        if self.token_purse(number).balance + amount >= MOST_BALANCE {
            return Answer::TooMuch;
        }
        let token = self.tokens.get_mut(&number).expect("live");
        token.credits += amount;
        token.topped_up += amount;
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
        let last = self.shown(number);
        let token = self.tokens.get_mut(&number).expect("live");
        token.deleted = true;
        let dead = std::mem::take(&mut token.secrets);
        self.retired.extend(dead.iter().map(|(secret, _)| *secret));
        last
    }

    fn simulate(&mut self, number: Number, token: Number) -> Answer {
        let call = Call::new(self.tokens[&token].account, Some(token), 0);
        self.calls.insert(number, call);
        self.finish(number, Charged::default(), status_of(number));
        Answer::Done
    }

    /// What a start does with the holds it finds. Nobody was answered.
    fn resolve_all(&mut self) -> Answer {
        let open = self.calls.iter().filter(|(_, call)| call.end.is_none());
        for call in open.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.settle(call, Usage::Abandoned, 0);
        }
        Answer::Done
    }

    /// No balance and no answer depends on what is forgotten.
    fn forget(&mut self, before: i64) -> Answer {
        let old = self
            .kept_calls()
            .filter(|(_, call)| call.finished_at < before);
        let old: Vec<_> = old.map(|(number, _)| number).collect();
        let count = old.len();
        self.forgotten.extend(old);
        Answer::Forgotten(count)
    }

    /// Whether it is promised which calls are forgotten: the oldest are, and by
    /// a clock that was set back, or after a call that took long, it depends on
    /// which those are.
    pub(super) fn is_clear_what_is_old(&self, before: i64) -> bool {
        let mut kept: Vec<_> = self.kept_calls().map(|(_, call)| call).collect();
        let is_young = |call: &&Call| call.finished_at >= before;
        let began_first = kept.is_sorted_by_key(is_young);
        kept.sort_by_key(|call| call.place);
        began_first && kept.is_sorted_by_key(is_young)
    }

    /// What has moved, or works no more, stays as it is.
    fn rekey(&mut self, moves: &[(Number, Version)]) -> Answer {
        let mut moved = 0;
        for (secret, from) in moves {
            if self.version(*secret) == *from && self.secrets().any(|known| known == *secret) {
                self.versions.insert(*secret, from + 1);
                moved += 1;
            }
        }
        Answer::Moved(moved)
    }

    fn drop_key(&mut self, kind: KeyKind, version: Version) -> Answer {
        let relies = |secret: Number| match kind {
            KeyKind::Pepper => true,
            KeyKind::Master => {
                is_sealed(secret) && self.accounts.values().all(|account| account.key != secret)
            }
        };
        let is_under_it = |secret: &Number| self.version(*secret) == version;
        if self.secrets().filter(is_under_it).any(relies) {
            return Answer::Dropped(false);
        }
        if kind == KeyKind::Pepper {
            let gone: Vec<_> = self.retired.iter().copied().filter(is_under_it).collect();
            self.unremembered.extend(gone);
        }
        Answer::Dropped(true)
    }

    fn shown(&self, token: Number) -> Answer {
        let settings = self.tokens[&token].settings.clone();
        Answer::Token(settings, self.token_purse(token).balance)
    }
}
