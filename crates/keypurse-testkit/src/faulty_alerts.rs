//! Alerts of a store that fails when told.

use async_trait::async_trait;
use keypurse_core::alert::{AlertEventId, AlertId};
use keypurse_core::id::AccountId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{
    Actor, AlertChange, AlertEvent, AlertEventsPage, AlertRule, Alerts, ChangeError, Claim,
    DeliveriesPage, Delivery, DeliveryState, DeliveryTry, DueDelivery, Firing, Made, Once,
    ResealedWebhook, StoreError, TokenFacts,
};

use crate::faults::FaultyStore;

#[async_trait]
impl Alerts for FaultyStore {
    async fn change_alert(
        &self,
        change: AlertChange,
        actor: Actor,
        once: Option<Once<AlertRule>>,
    ) -> Result<Made<AlertRule>, ChangeError> {
        self.faults.write("change_alert")?;
        self.inner.change_alert(change, actor, once).await
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
        proven: Timestamp,
    ) -> Result<Vec<TokenFacts>, StoreError> {
        self.inner.token_facts(account, named, proven).await
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

    async fn note_test(
        &self,
        rule: AlertId,
        tried: DeliveryTry,
        kept: Option<(Claim, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.faults.write("note_test")?;
        self.inner.note_test(rule, tried, kept).await
    }

    async fn deliveries(&self, page: DeliveriesPage) -> Result<Vec<Delivery>, StoreError> {
        self.inner.deliveries(page).await
    }

    async fn stale_webhooks(&self, master: u32) -> Result<Vec<AlertRule>, StoreError> {
        self.inner.stale_webhooks(master).await
    }

    async fn reseal_webhooks(&self, webhooks: Vec<ResealedWebhook>) -> Result<usize, StoreError> {
        self.faults.write("reseal_webhooks")?;
        self.inner.reseal_webhooks(webhooks).await
    }
}
