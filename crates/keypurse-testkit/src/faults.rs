//! A store that fails when told: in front of a real one, which stays whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{
    Account, Accounts, Calls, CreateAccountError, CreateTokenError, Credential, Digest,
    HoldFailure, NewAccount, NewHold, NewToken, Rotation, Settlement, SimulatedCall, Store,
    StoreError, Token, TokenUpdate, Tokens, UpdateTokenError,
};

/// What a test can break.
#[derive(Debug, Default)]
pub struct Faults {
    disk_is_full: AtomicBool,
    panics_at: Mutex<Option<&'static str>>,
}

impl Faults {
    /// From now on nothing can be written.
    pub fn fill_disk(&self) {
        self.disk_is_full.store(true, Ordering::SeqCst);
    }

    /// Everything can be written again.
    pub fn free_disk(&self) {
        self.disk_is_full.store(false, Ordering::SeqCst);
    }

    /// The next use of this method, such as `settle`, panics.
    pub fn panic_at(&self, method: &'static str) {
        *self
            .panics_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(method);
    }

    fn meet(&self, method: &'static str) {
        let mut at = self
            .panics_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *at == Some(method) {
            *at = None;
            drop(at);
            panic!("a test breaks `{method}`");
        }
    }

    fn write(&self, method: &'static str) -> Result<(), StoreError> {
        self.meet(method);
        if self.disk_is_full.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(
                "the test's disk is full".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Passes everything on but what is broken.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl Accounts for FaultyStore {
    async fn create_account(&self, new: NewAccount) -> Result<Account, CreateAccountError> {
        self.faults.write("create_account")?;
        self.inner.create_account(new).await
    }

    async fn set_account_key(
        &self,
        name: &str,
        digest: Digest,
    ) -> Result<Option<Account>, CreateAccountError> {
        self.faults.write("set_account_key")?;
        self.inner.set_account_key(name, digest).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.inner.account(id).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.inner.accounts().await
    }
}

#[async_trait]
impl Tokens for FaultyStore {
    async fn create_token(&self, new: NewToken) -> Result<Token, CreateTokenError> {
        self.faults.write("create_token")?;
        self.inner.create_token(new).await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<Token>, StoreError> {
        self.faults.meet("tokens");
        self.inner.tokens(account).await
    }

    async fn token(&self, of: AccountId, name: &TokenName) -> Result<Option<Token>, StoreError> {
        self.inner.token(of, name).await
    }

    async fn token_by_id(&self, id: TokenId) -> Result<Option<Token>, StoreError> {
        self.inner.token_by_id(id).await
    }

    async fn update_token(&self, update: TokenUpdate) -> Result<Option<Token>, UpdateTokenError> {
        self.faults.write("update_token")?;
        self.inner.update_token(update).await
    }

    async fn rotate_token(&self, rotation: Rotation) -> Result<Option<Token>, StoreError> {
        self.faults.write("rotate_token")?;
        self.inner.rotate_token(rotation).await
    }

    async fn delete_token(
        &self,
        account: AccountId,
        name: &TokenName,
        now: Timestamp,
    ) -> Result<Option<TokenId>, StoreError> {
        self.faults.write("delete_token")?;
        self.inner.delete_token(account, name, now).await
    }

    async fn credential(&self, digest: &Digest) -> Result<Option<Arc<Credential>>, StoreError> {
        self.inner.credential(digest).await
    }

    async fn was_retired(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.inner.was_retired(digest).await
    }
}

#[async_trait]
impl Calls for FaultyStore {
    async fn hold(&self, new: NewHold) -> Result<Admission, HoldFailure> {
        self.faults.write("hold")?;
        let admission = self.inner.hold(new).await?;
        self.faults.meet("held");
        Ok(admission)
    }

    async fn open(&self, call: CallId, floor: Money) -> Result<(), StoreError> {
        self.faults.write("open")?;
        self.inner.open(call, floor).await?;
        self.faults.meet("opened");
        Ok(())
    }

    async fn settle(&self, settlement: Settlement) -> Result<Option<Charge>, StoreError> {
        self.faults.write("settle")?;
        let charge = self.inner.settle(settlement).await?;
        self.faults.meet("settled");
        Ok(charge)
    }

    async fn record_simulated(&self, call: SimulatedCall) -> Result<(), StoreError> {
        self.faults.write("record_simulated")?;
        self.inner.record_simulated(call).await
    }

    async fn last_call(&self) -> Result<Option<i64>, StoreError> {
        self.inner.last_call().await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.faults.write("probe")?;
        self.inner.probe().await
    }

    async fn open_holds(&self) -> Result<usize, StoreError> {
        self.inner.open_holds().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
