//! A store that fails when told: in front of a real one, which stays whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keypurse_core::alert::{AlertEventId, AlertId};
use keypurse_core::id::{AccountId, CallId, SecretId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{
    Account, AccountTopUp, Accounts, AlertChange, AlertEvent, AlertEventsPage, AlertRule, Alerts,
    Calls, ChangeError, CreateAccountError, Credential, DeliveriesPage, Delivery, DeliveryState,
    DeliveryTry, Digest, DueDelivery, Firing, Guard, HoldFailure, KeyKind, KeyRecord, KeyVersions,
    Keys, Made, NewAccount, NewHold, Once, RecordFailure, Rekeyed, ResealedWebhook, Settlement,
    SimulatedCall, StaleSecrets, StatementLine, StatementPage, Statements, Store, StoreError,
    Token, TokenChange, TokenFacts, Tokens,
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
        pepper: u32,
    ) -> Result<Option<Account>, CreateAccountError> {
        self.faults.write("set_account_key")?;
        self.inner.set_account_key(name, digest, pepper).await
    }

    async fn top_up_account(
        &self,
        top_up: AccountTopUp,
        once: Option<Once<Account>>,
    ) -> Result<Made<Account>, ChangeError> {
        self.faults.write("top_up_account")?;
        self.inner.top_up_account(top_up, once).await
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
    async fn change_token(
        &self,
        change: TokenChange,
        guard: Guard,
    ) -> Result<Made<Token>, ChangeError> {
        self.faults.write(match change {
            TokenChange::Create(_) => "create_token",
            TokenChange::Update(_) => "update_token",
            TokenChange::Rotate(_) => "rotate_token",
            TokenChange::TopUp(_) => "top_up_token",
            TokenChange::Delete(_) => "delete_token",
        })?;
        self.inner.change_token(change, guard).await
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

    async fn hold_anew(&self, new: NewHold) -> Result<Option<Admission>, HoldFailure> {
        self.faults.write("hold_anew")?;
        self.inner.hold_anew(new).await
    }

    async fn open(&self, call: CallId, floor: Money) -> Result<Option<Money>, StoreError> {
        self.faults.write("open")?;
        let reached = self.inner.open(call, floor).await?;
        self.faults.meet("opened");
        Ok(reached)
    }

    async fn settle(&self, settlement: Settlement) -> Result<Option<Charge>, StoreError> {
        self.faults.write("settle")?;
        let charge = self.inner.settle(settlement).await?;
        self.faults.meet("settled");
        Ok(charge)
    }

    async fn record_simulated(&self, call: SimulatedCall) -> Result<(), RecordFailure> {
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

#[async_trait]
impl Statements for FaultyStore {
    async fn statement(&self, page: StatementPage) -> Result<Vec<StatementLine>, StoreError> {
        self.inner.statement(page).await
    }

    async fn forget_calls(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.faults.write("forget_calls")?;
        self.inner.forget_calls(before).await
    }
}

#[async_trait]
impl Alerts for FaultyStore {
    async fn change_alert(
        &self,
        change: AlertChange,
        once: Option<Once<AlertRule>>,
    ) -> Result<Made<AlertRule>, ChangeError> {
        self.faults.write("change_alert")?;
        self.inner.change_alert(change, once).await
    }

    async fn alerts(&self, account: AccountId) -> Result<Vec<AlertRule>, StoreError> {
        self.inner.alerts(account).await
    }

    async fn alert(
        &self,
        account: AccountId,
        id: AlertId,
    ) -> Result<Option<AlertRule>, StoreError> {
        self.inner.alert(account, id).await
    }

    async fn enabled_alerts(&self) -> Result<Vec<AlertRule>, StoreError> {
        self.inner.enabled_alerts().await
    }

    async fn open_alert_events(&self) -> Result<Vec<AlertEvent>, StoreError> {
        self.inner.open_alert_events().await
    }

    async fn token_facts(
        &self,
        account: AccountId,
        named: Option<Vec<TokenName>>,
        now: Timestamp,
    ) -> Result<Vec<TokenFacts>, StoreError> {
        self.inner.token_facts(account, named, now).await
    }

    async fn last_funding(&self, account: AccountId) -> Result<Option<Money>, StoreError> {
        self.inner.last_funding(account).await
    }

    async fn note_alerts(
        &self,
        firings: Vec<Firing>,
        over: Vec<AlertEventId>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.faults.write("note_alerts")?;
        self.inner.note_alerts(firings, over, now).await
    }

    async fn alert_events(&self, page: AlertEventsPage) -> Result<Vec<AlertEvent>, StoreError> {
        self.inner.alert_events(page).await
    }

    async fn due_deliveries(
        &self,
        now: Timestamp,
        of_each_rule: usize,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.inner.due_deliveries(now, of_each_rule).await
    }

    async fn note_try(
        &self,
        delivery: i64,
        tried: DeliveryTry,
        state: DeliveryState,
    ) -> Result<(), StoreError> {
        self.faults.write("note_try")?;
        self.inner.note_try(delivery, tried, state).await
    }

    async fn note_test(&self, rule: AlertId, tried: DeliveryTry) -> Result<(), StoreError> {
        self.faults.write("note_test")?;
        self.inner.note_test(rule, tried).await
    }

    async fn deliveries(&self, page: DeliveriesPage) -> Result<Vec<Delivery>, StoreError> {
        self.inner.deliveries(page).await
    }

    async fn stale_webhooks(&self, master: u32, limit: u32) -> Result<Vec<AlertRule>, StoreError> {
        self.inner.stale_webhooks(master, limit).await
    }

    async fn reseal_webhooks(&self, webhooks: Vec<ResealedWebhook>) -> Result<usize, StoreError> {
        self.faults.write("reseal_webhooks")?;
        self.inner.reseal_webhooks(webhooks).await
    }
}

#[async_trait]
impl Keys for FaultyStore {
    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.inner.key_records().await
    }

    async fn record_keys(&self, keys: Vec<KeyRecord>) -> Result<(), StoreError> {
        self.faults.write("record_keys")?;
        self.inner.record_keys(keys).await
    }

    async fn drop_key(&self, kind: KeyKind, version: u32) -> Result<bool, StoreError> {
        self.faults.write("drop_key")?;
        self.inner.drop_key(kind, version).await
    }

    async fn stale_secrets(
        &self,
        after: SecretId,
        current: KeyVersions,
        limit: u32,
    ) -> Result<StaleSecrets, StoreError> {
        self.inner.stale_secrets(after, current, limit).await
    }

    async fn rekey(&self, changes: Vec<Rekeyed>) -> Result<usize, StoreError> {
        self.faults.write("rekey")?;
        self.inner.rekey(changes).await
    }
}
