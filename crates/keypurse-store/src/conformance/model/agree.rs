//! Compares all that can be seen of a store with the reference.

use keypurse_core::time::Timestamp;

use super::backend::{Backend, Books};
use super::books::{Reference, Token};
use super::driver::{Driver, account_name, digest};
use super::operation::{Name, Number};
use crate::conformance::fixtures::nanos;
use crate::{Account, Credential, Token as StoredToken, TokenCredential};

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
        let expected = model.calls.keys().last().copied();
        assert_eq!(last.expect("a working store"), expected, "the last call");
    }

    pub(super) fn audit(&self, model: &Reference) {
        // What is rehearsed is nobody's money.
        let spent = || model.calls.values().filter(|call| !call.is_rehearsed);
        let ended = || spent().filter_map(|call| call.end);
        let open = || model.open_calls();
        let expected = Books {
            charged: nanos(ended().map(|end| end.charged).sum()),
            house: nanos(ended().map(|end| end.house).sum()),
            open_holds: open().map(|_| 1).sum(),
            held: nanos(open().map(|call| call.held).sum()),
        };
        assert_eq!(self.backend.audited(), expected, "the books");
    }

    async fn accounts_agree(&self, model: &Reference) {
        let mut expected = Vec::new();
        for (name, account) in &model.accounts {
            expected.push(Account {
                id: self.account(*name),
                name: account_name(*name),
                balance: nanos(model.account_purse(*name).balance),
                unlimited: account.credits.is_none(),
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
            digest: digest(*current),
            sealed: None,
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
            self.means(account.key, Some(Credential::Account(self.account(*name))))
                .await;
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
                self.means(*secret, Some(Credential::Token(credential)))
                    .await;
            }
        }
        let works = |secret: &&Number| !model.secrets().any(|known| known == **secret);
        for secret in model.retired.iter().filter(works) {
            self.means(*secret, None).await;
            let retired = self.store().was_retired(&digest(*secret)).await;
            assert!(
                retired.expect("a working store"),
                "secret {secret} once worked"
            );
        }
    }

    async fn means(&self, secret: Number, expected: Option<Credential>) {
        let found = self
            .store()
            .credential(&digest(secret))
            .await
            .expect("a working store");
        let (found, expected) = (
            found.as_deref().cloned().map(timeless),
            expected.map(timeless),
        );
        assert_eq!(found, expected, "whom secret {secret} belongs to");
    }
}

/// A cached credential may not know of the latest reset; nobody asks it.
fn timeless(mut credential: Credential) -> Credential {
    if let Credential::Token(token) = &mut credential
        && let Some(reset) = &mut token.settings.reset
    {
        reset.next_at = Timestamp::default();
    }
    credential
}
