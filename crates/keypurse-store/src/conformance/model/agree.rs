//! Compares all that can be seen of a store with the reference.

use std::collections::BTreeSet;

use keypurse_core::id::SecretId;
use keypurse_core::ledger::EntryKind;
use keypurse_core::time::Timestamp;

use super::backend::{Backend, Books};
use super::books::{Call, Reference, Token};
use super::driver::{Driver, digest};
use super::management::{account_name, keys, sealed};
use super::operation::{Name, Number, is_sealed};
use super::settings::timeless;
use crate::conformance::fixtures::nanos;
use crate::{
    Account, Cause, Credential, Digest, StatementPage, Token as StoredToken, TokenCredential,
};

impl<B: Backend> Driver<B> {
    /// All money that can be seen. Panics at the first thing that differs.
    pub(super) fn has_the_money_of(&self, model: &Reference) {
        self.backend.wait(async {
            self.accounts_agree(model).await;
            for name in model.accounts.keys() {
                self.tokens_agree(*name, model).await;
            }
            let open = self.store().open_holds().await.expect("a working store");
            assert_eq!(open, model.open_calls().count(), "open holds");
        });
    }

    /// Everything there is to look up, one by one.
    pub(super) fn finds_what_is_in(&self, model: &Reference) {
        self.backend.wait(async {
            for (number, token) in &model.tokens {
                self.is_found(*number, token, model).await;
            }
            self.secrets_agree(model).await;
        });
    }

    /// After a start every hold is resolved, so every call has its row.
    pub(super) fn knows_the_last_call(&self, model: &Reference) {
        let last = self.backend.wait(self.store().last_call());
        let last = last.expect("a working store");
        // A call without a row need not be known.
        let kept = model.kept_calls().map(|(number, _)| number).last();
        let ever = model.calls.keys().last().copied();
        assert!(kept <= last && last <= ever, "the last call is {last:?}");
    }

    pub(super) fn audit(&self, model: &Reference) {
        // What is rehearsed is nobody's money.
        let kept = || model.kept_calls().filter(|(_, call)| !call.is_rehearsed);
        let ended = || kept().filter_map(|(_, call)| call.end);
        let open = || model.open_calls();
        let expected = Books {
            charged: nanos(ended().map(|end| end.charged).sum()),
            house: nanos(ended().map(|end| end.house).sum()),
            open_holds: open().map(|_| 1).sum(),
            held: nanos(open().map(|call| call.held).sum()),
        };
        assert_eq!(self.backend.audited(), expected, "the books");
        self.backend.wait(async {
            for token in model.tokens.keys() {
                self.statement_agrees(*token, model).await;
            }
        });
    }

    /// It tells every call that is kept, and where each sum of money went.
    async fn statement_agrees(&self, token: Number, model: &Reference) {
        let page = StatementPage {
            token: self.token(token),
            before: None,
            limit: usize::MAX,
        };
        let lines = self.store().statement(page).await.expect("a working store");
        let mut told = Told {
            balance: lines.first().map_or(0, |line| line.balance_after.nanos()),
            ..Told::default()
        };
        for line in &lines {
            match &line.cause {
                Cause::Call(call) => told.calls.push((call.call.ordered, line.amount.nanos())),
                Cause::Entry { kind, .. } => match kind {
                    EntryKind::TopUp => told.topped_up += line.amount.nanos(),
                    EntryKind::Checkpoint => told.forgotten -= line.amount.nanos(),
                    EntryKind::Open | EntryKind::Adjust | EntryKind::Reset => {}
                },
            }
        }
        told.calls.sort_unstable();
        assert_eq!(
            told,
            Told::by(model, token),
            "the statement of token {token}"
        );
    }

    async fn accounts_agree(&self, model: &Reference) {
        let mut expected = Vec::new();
        for (name, account) in &model.accounts {
            expected.push(Account {
                id: self.account(*name),
                name: account_name(*name),
                balance: nanos(model.account_purse(*name).balance),
                unlimited: !account.is_limited,
            });
        }
        expected.sort_by_key(|account| account.id);
        let found = self.store().accounts().await.expect("a working store");
        assert_eq!(found, expected, "accounts");
    }

    async fn tokens_agree(&self, account: Name, model: &Reference) {
        let live = model
            .tokens
            .iter()
            .filter(|(_, token)| token.account == account && !token.deleted);
        let live: Vec<_> = live
            .map(|(number, token)| self.stored(*number, token, model))
            .collect();
        let found = self.store().tokens(self.account(account)).await;
        assert_eq!(
            found.expect("a working store"),
            live,
            "tokens of account {account}"
        );
    }

    fn stored(&self, number: Number, token: &Token, model: &Reference) -> StoredToken {
        let (current, _) = token.secrets.last().expect("a live token has a secret");
        StoredToken {
            id: self.token(number),
            account: self.account(token.account),
            settings: token.settings.clone(),
            balance: nanos(model.token_purse(number).balance),
            digest: digest(*current, model.version(*current)),
            sealed: sealed(*current, model.version(*current)),
            created_at: Timestamp::from_micros(token.created_at),
        }
    }

    async fn is_found(&self, number: Number, token: &Token, model: &Reference) {
        let account = self.account(token.account);
        let named = self.store().token(account, &token.settings.name).await;
        let named = named
            .expect("a working store")
            .filter(|named| named.id == self.token(number));
        let by_id = self.store().token_by_id(self.token(number)).await;
        let expected = (!token.deleted).then(|| self.stored(number, token, model));
        assert_eq!(by_id.expect("a working store"), expected, "token {number}");
        assert_eq!(named, expected, "token {number} by its name");
        let owner = self
            .store()
            .account(account)
            .await
            .expect("a working store");
        assert_eq!(
            owner.map(|owner| owner.name),
            Some(account_name(token.account))
        );
    }

    async fn secrets_agree(&self, model: &Reference) {
        for (name, account) in &model.accounts {
            let owner = Credential::Account(self.account(*name));
            self.only_this_means(account.key, &owner, model).await;
        }
        for (number, token) in &model.tokens {
            for (secret, end) in &token.secrets {
                let credential = TokenCredential {
                    token: self.token(*number),
                    account: self.account(token.account),
                    secret: self.ids.borrow().secrets[secret],
                    valid_until: end.map(Timestamp::from_micros),
                    settings: token.settings.clone(),
                };
                let owner = Credential::Token(credential);
                self.only_this_means(*secret, &owner, model).await;
            }
        }
        self.stale_secrets_agree(model).await;
        let works = |secret: &&Number| !model.secrets().any(|known| known == **secret);
        for secret in model.retired.iter().filter(works) {
            let digest = digest(*secret, model.version(*secret));
            self.means(&digest, None).await;
            let retired = self.store().was_retired(&digest).await;
            let remembered = !model.unremembered.contains(secret);
            assert_eq!(
                retired.expect("a working store"),
                remembered,
                "whether secret {secret} is known to have worked"
            );
        }
    }

    /// What a secret was looked up by before it moved finds nothing.
    async fn only_this_means(&self, secret: Number, owner: &Credential, model: &Reference) {
        let version = model.version(secret);
        for before in 0..version {
            self.means(&digest(secret, before), None).await;
        }
        let current = digest(secret, version);
        self.means(&current, Some(owner.clone())).await;
    }

    async fn stale_secrets_agree(&self, model: &Reference) {
        let found = self.store().stale_secrets(SecretId(0), keys(0), u32::MAX);
        let found = found.await.expect("a working store").secrets;
        let found: BTreeSet<_> = found.iter().map(|secret| secret.digest).collect();
        let secrets = model.tokens.values().flat_map(|token| &token.secrets);
        let moved = secrets.map(|(secret, _)| (*secret, model.version(*secret)));
        let moved = moved.filter(|(secret, version)| is_sealed(*secret) && *version > 0);
        let expected = moved.map(|(secret, version)| digest(secret, version));
        assert_eq!(found, expected.collect(), "secrets under newer keys");
    }

    async fn means(&self, digest: &Digest, expected: Option<Credential>) {
        let found = self.store().credential(digest).await;
        let found = found.expect("a working store");
        let (found, expected) = (
            found.as_deref().cloned().map(without_instants),
            expected.map(without_instants),
        );
        assert_eq!(found, expected, "whom a secret belongs to: {digest:?}");
    }
}

/// What a token's statement tells, its lines summed by what they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    balance: i64,
    /// And what each changed.
    calls: Vec<(Number, i64)>,
    topped_up: i64,
    /// What calls were charged whose rows are gone.
    forgotten: i64,
}

impl Told {
    fn by(model: &Reference, token: Number) -> Self {
        let charged = |call: &Call| {
            let end = call.end.filter(|end| end.from_token);
            end.map_or(0, |end| end.charged)
        };
        let kept = model.kept_calls();
        let kept = kept.filter(|(_, call)| call.token == Some(token));
        let gone = model.forgotten.iter().map(|number| &model.calls[number]);
        let gone = gone.filter(|call| call.token == Some(token));
        Self {
            balance: model.token_purse(token).balance,
            calls: kept
                .map(|(number, call)| (number, -charged(call)))
                .collect(),
            topped_up: model.tokens[&token].topped_up,
            forgotten: gone.map(charged).sum(),
        }
    }
}

/// A cached credential may not know of the latest reset; nobody asks it.
fn without_instants(mut credential: Credential) -> Credential {
    if let Credential::Token(token) = &mut credential {
        token.settings = timeless(token.settings.clone());
    }
    credential
}
