//! A store that fails when told: in front of a real one, which stays whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keypurse_core::id::{AccountId, CallId, SecretId, SessionId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::{Reading, Timestamp};
use keypurse_core::token::TokenName;
use keypurse_store::{
    Account, AccountTopUp, Accounts, Action, Actor, AuditEvent, AuditHead, AuditLog, AuditPage,
    AuditRecord, Calls, CallsPage, ChangeError, Claim, Costs, CreateAccountError, Credential,
    Digest, Floor, Guard, HeldNow, HoldFailure, KeyKind, KeyRecord, KeyVersions, Keys, ListedCall,
    Made, NewAccount, NewHold, NewSession, NewViewerKey, Once, RecordFailure, Rekeyed, Repeated,
    Session, Sessions, Settlement, SimulatedCall, StaleSecrets, StatementLine, StatementPage,
    Statements, Store, StoreError, Token, TokenChange, TokenLabel, TokenSearch, TokenStanding,
    TokenTally, Tokens, TokensFound, Usage, UsageQuery, UsageRow, Vitals, WriterVitals,
};

/// What a test can break.
#[derive(Debug, Default)]
pub struct Faults {
    disk_is_full: AtomicBool,
    reads_fail: AtomicBool,
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

    /// From now on nobody who is signed in can be looked up.
    pub fn break_reads(&self) {
        self.reads_fail.store(true, Ordering::SeqCst);
    }

    /// They can be looked up again.
    pub fn mend_reads(&self) {
        self.reads_fail.store(false, Ordering::SeqCst);
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

    fn read(&self) -> Result<(), StoreError> {
        if self.reads_fail.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(
                "the test's disk is broken".to_owned(),
            ));
        }
        Ok(())
    }

    pub(crate) fn write(&self, method: &'static str) -> Result<(), StoreError> {
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
        key: (Digest, u32),
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError> {
        self.faults.write("set_account_key")?;
        self.inner.set_account_key(name, key, actor).await
    }

    async fn set_viewer_key(
        &self,
        name: &str,
        key: Option<NewViewerKey>,
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError> {
        self.faults.write("set_viewer_key")?;
        self.inner.set_viewer_key(name, key, actor).await
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

    async fn find_tokens(&self, search: TokenSearch) -> Result<TokensFound, StoreError> {
        self.inner.find_tokens(search).await
    }

    async fn tally_tokens(
        &self,
        account: AccountId,
        at: Reading,
    ) -> Result<TokenTally, StoreError> {
        self.inner.tally_tokens(account, at).await
    }

    async fn token_standing(&self, id: TokenId) -> Result<Option<TokenStanding>, StoreError> {
        self.inner.token_standing(id).await
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

    async fn made_before(&self, claim: Claim) -> Result<Option<Repeated>, StoreError> {
        self.inner.made_before(claim).await
    }

    async fn open(&self, call: CallId, floor: Floor) -> Result<Option<Money>, StoreError> {
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

    async fn note_simulated(&self, call: SimulatedCall) -> Result<(), StoreError> {
        self.faults.write("note_simulated")?;
        self.inner.note_simulated(call).await
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
impl Sessions for FaultyStore {
    async fn begin_session(&self, new: NewSession) -> Result<Option<Session>, StoreError> {
        self.faults.write("begin_session")?;
        self.inner.begin_session(new).await
    }

    async fn session(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.faults.read()?;
        self.inner.session(digest, now).await
    }

    async fn see_session(&self, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
        self.faults.write("see_session")?;
        self.inner.see_session(id, now).await
    }

    async fn end_session(
        &self,
        account: AccountId,
        id: SessionId,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        self.faults.write("end_session")?;
        self.inner.end_session(account, id, actor).await
    }

    async fn sessions(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        self.inner.sessions(account, now).await
    }
}

#[async_trait]
impl AuditLog for FaultyStore {
    async fn record_event(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.faults.write("record_event")?;
        self.inner.record_event(event).await
    }

    async fn audit_page(&self, page: AuditPage) -> Result<Vec<AuditRecord>, StoreError> {
        self.inner.audit_page(page).await
    }

    async fn last_audited(&self, action: Action) -> Result<Option<AuditRecord>, StoreError> {
        self.inner.last_audited(action).await
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.inner.audit_head().await
    }
}

#[async_trait]
impl Vitals for FaultyStore {
    fn writer_vitals(&self) -> WriterVitals {
        self.inner.writer_vitals()
    }

    async fn held_now(&self) -> Result<HeldNow, StoreError> {
        self.faults.write("held_now")?;
        self.inner.held_now().await
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
impl Usage for FaultyStore {
    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        self.faults.meet("usage");
        self.inner.usage(query).await
    }

    async fn costs(&self, query: UsageQuery) -> Result<Costs, StoreError> {
        self.faults.meet("usage");
        self.inner.costs(query).await
    }

    async fn calls(&self, page: CallsPage) -> Result<Vec<ListedCall>, StoreError> {
        self.inner.calls(page).await
    }

    async fn token_labels(&self, account: AccountId) -> Result<Vec<TokenLabel>, StoreError> {
        self.inner.token_labels(account).await
    }
}

#[async_trait]
impl Keys for FaultyStore {
    async fn key_records(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.inner.key_records().await
    }

    async fn record_keys(&self, keys: Vec<KeyRecord>, actor: Actor) -> Result<(), StoreError> {
        self.faults.write("record_keys")?;
        self.inner.record_keys(keys, actor).await
    }

    async fn drop_key(
        &self,
        kind: KeyKind,
        version: u32,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        self.faults.write("drop_key")?;
        self.inner.drop_key(kind, version, actor).await
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
