//! Does to a store's accounts, tokens and keys what the reference was told.

use jiff::tz::TimeZone;
use keypurse_core::ledger::TopUp;
use keypurse_core::token::{TokenSettings, opening_balance};

use super::backend::Backend;
use super::claims::Request;
use super::driver::{Driver, claim_of, digest};
use super::operation::{
    Answer, Change, Claim, Name, NewToken, Number, Place, Seen, Version, What, is_sealed,
    token_name,
};
use super::settings::timeless;
use crate as store;
use crate::conformance::fixtures::nanos;
use crate::{
    Account, AccountTopUp, Actor, ChangeError, Condition, CreateAccountError, Deletion, Guard,
    KeyKind, KeyVersions, Made, NewAccount, Once, Rekeyed, Render, Rotation, Token, TokenChange,
    TokenTopUp, TokenUpdate,
};

impl<B: Backend> Driver<B> {
    pub(super) async fn create_account(
        &self,
        name: Name,
        credits: Option<i64>,
        key: Number,
    ) -> Answer {
        let new = NewAccount {
            name: account_name(name),
            key_digest: digest(key, 0),
            pepper: keys(0).pepper,
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

    pub(super) async fn replace_key(&self, name: Name, key: Number) -> Answer {
        let name = account_name(name);
        let key = (digest(key, 0), keys(0).pepper);
        let replaced = self
            .store()
            .set_account_key(&name, key, Actor::SYSTEM)
            .await;
        match replaced.expect("a working store") {
            Some(_) => Answer::Done,
            None => Answer::Missing,
        }
    }

    pub(super) async fn top_up_account(
        &self,
        name: Name,
        amount: i64,
        claim: Option<Claim>,
    ) -> Answer {
        let top_up = AccountTopUp {
            account: self.account(name),
            top_up: added(amount),
            actor: Actor::SYSTEM,
        };
        let shown = |account: &Account| Answer::Balance(account.balance.nanos());
        let once = once(Request::AccountTopUp, claim, shown);
        made(self.store().top_up_account(top_up, once).await, shown)
    }

    pub(super) async fn change_token(&self, change: &Change) -> Answer {
        let Some(asked) = self.asked_change(change) else {
            return Answer::Invalid;
        };
        let guard = Guard {
            actor: Actor::SYSTEM,
            once: once(Request::TokenChange, change.claim, shown),
            condition: change.if_match.clone().map(|seen| self.condition(seen)),
        };
        let changed = self.store().change_token(asked, guard).await;
        if let (What::Create(new), Ok(Made::Now(token))) = (&change.what, &changed) {
            self.ids.borrow_mut().tokens.insert(new.secret, token.id);
        }
        made(changed, shown)
    }

    /// `None`: the settings of a new token contradict each other.
    fn asked_change(&self, change: &Change) -> Option<TokenChange> {
        let account = self.account(change.place.account);
        let (name, now) = (token_name(change.place.name), self.now());
        Some(match &change.what {
            What::Create(new) => TokenChange::Create(self.new_token(change.place, new)?),
            What::Update(change) => TokenChange::Update(TokenUpdate {
                account,
                name,
                change: change.clone(),
                now,
            }),
            What::Rotate { secret, grace } => TokenChange::Rotate(Rotation {
                account,
                name,
                digest: digest(*secret, 0),
                sealed: sealed(*secret, 0),
                keys: keys(0),
                old_until: now.plus_seconds(*grace),
                now,
            }),
            What::TopUp(amount) => TokenChange::TopUp(TokenTopUp {
                account,
                name,
                top_up: added(*amount),
            }),
            What::Delete => TokenChange::Delete(Deletion { account, name, now }),
        })
    }

    /// As management does it: core judges the settings first.
    fn new_token(&self, place: Place, new: &NewToken) -> Option<store::NewToken> {
        let settings: TokenSettings = new
            .settings(place)
            .changed(&new.change, self.now(), &TimeZone::UTC)
            .ok()?;
        let balance = opening_balance(new.change.balance, settings.reset);
        Some(store::NewToken {
            account: self.account(place.account),
            settings,
            balance,
            digest: digest(new.secret, 0),
            sealed: sealed(new.secret, 0),
            keys: keys(0),
            now: self.now(),
        })
    }

    fn condition(&self, seen: Seen) -> Condition {
        let now = self.now();
        match seen {
            Seen::Settings(seen) => {
                Box::new(move |token| timeless(token.settings.clone()) == timeless(seen))
            }
            Seen::Balance(seen) => Box::new(move |token| token.balance_at(now) == nanos(seen)),
        }
    }

    pub(super) async fn rekey(&self, moves: &[(Number, Version)]) -> Answer {
        let moves = moves.iter().map(|(secret, from)| Rekeyed {
            from: digest(*secret, *from),
            to: digest(*secret, from + 1),
            sealed: digest(*secret, from + 1).to_vec(),
            keys: keys(from + 1),
        });
        let moved = self.store().rekey(moves.collect()).await;
        Answer::Moved(moved.expect("a working store"))
    }

    pub(super) async fn drop_key(&self, kind: KeyKind, version: Version) -> Answer {
        let version = keys(version).pepper;
        let dropped = self.store().drop_key(kind, version, Actor::SYSTEM).await;
        Answer::Dropped(dropped.expect("a working store"))
    }
}

/// What comes back from a change. The answer that is kept for a repetition is
/// how the first one reads.
fn made<T>(made: Result<Made<T>, ChangeError>, shown: fn(&T) -> Answer) -> Answer {
    match made {
        Ok(Made::Now(state)) => shown(&state),
        Ok(Made::Before(kept)) => {
            Answer::Before(String::from_utf8(kept).expect("as it was written"))
        }
        Err(ChangeError::OtherRequest) => Answer::OtherRequest,
        Err(ChangeError::NoSuchToken) => Answer::Missing,
        Err(ChangeError::Stale) => Answer::Stale,
        Err(ChangeError::NameTaken) => Answer::Taken,
        Err(ChangeError::Invalid(_)) => Answer::Invalid,
        Err(ChangeError::TopUp(_)) => Answer::TooMuch,
        Err(error) => panic!("{error}"),
    }
}

fn once<T: 'static>(
    request: Request,
    claim: Option<Claim>,
    shown: fn(&T) -> Answer,
) -> Option<Once<T>> {
    let render: Render<T> = Box::new(move |state| format!("{:?}", shown(state)).into_bytes());
    claim.map(|claim| Once {
        claim: claim_of(request, claim),
        render,
    })
}

fn shown(token: &Token) -> Answer {
    Answer::Token(token.settings.clone(), token.balance.nanos())
}

fn added(amount: i64) -> TopUp {
    TopUp {
        amount: nanos(amount),
        note: None,
    }
}

pub(super) fn account_name(name: Name) -> String {
    format!("account {name}")
}

/// What a version of the keys is to a store.
pub(super) fn keys(version: Version) -> KeyVersions {
    let version = u32::from(version) + 1;
    KeyVersions {
        pepper: version,
        master: version,
    }
}

/// A secret's copy, where one is kept.
pub(super) fn sealed(secret: Number, version: Version) -> Option<Vec<u8>> {
    is_sealed(secret).then(|| digest(secret, version).to_vec())
}
