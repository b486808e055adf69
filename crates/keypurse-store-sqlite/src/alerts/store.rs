//! Alerts as others see them.

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

use super::read;
use crate::store::SqliteStore;
use crate::writer::{AlertsCommand, Command};

#[async_trait]
impl Alerts for SqliteStore {
    async fn change_alert(
        &self,
        change: AlertChange,
        actor: Actor,
        once: Option<Once<AlertRule>>,
    ) -> Result<Made<AlertRule>, ChangeError> {
        self.ask(|reply| {
            Command::Alerts(AlertsCommand::Change(Box::new(change), actor, once, reply))
        })
        .await
    }

    async fn alerts(&self, account: AccountId) -> Result<Vec<AlertRule>, StoreError> {
        self.readers
            .read(move |connection| read::rules_of(connection, account))
            .await
    }

    async fn alert(
        &self,
        account: AccountId,
        id: AlertId,
    ) -> Result<Option<AlertRule>, StoreError> {
        self.readers
            .read(move |connection| read::rule(connection, account, id))
            .await
    }

    async fn enabled_alerts(&self) -> Result<Vec<AlertRule>, StoreError> {
        self.readers.read(read::enabled_rules).await
    }

    async fn open_alert_events(&self) -> Result<Vec<AlertEvent>, StoreError> {
        self.readers.read(read::open_events).await
    }

    async fn token_facts(
        &self,
        account: AccountId,
        named: Option<Vec<TokenName>>,
        proven: Timestamp,
    ) -> Result<Vec<TokenFacts>, StoreError> {
        self.catch_up().await;
        self.readers
            .read(move |connection| {
                read::token_facts(connection, account, named.as_deref(), proven)
            })
            .await
    }

    async fn last_funding(&self, account: AccountId) -> Result<Option<Money>, StoreError> {
        self.readers
            .read(move |connection| read::last_funding(connection, account))
            .await
    }

    async fn note_alerts(
        &self,
        firings: Vec<Firing>,
        over: Vec<AlertEventId>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        // What a copy of the books says is no news.
        if self.waits_for_acknowledgement {
            return Err(StoreError::Unacknowledged);
        }
        self.ask(|reply| {
            Command::Alerts(AlertsCommand::Note {
                firings,
                over,
                now,
                reply,
            })
        })
        .await
    }

    async fn alert_events(&self, page: AlertEventsPage) -> Result<Vec<AlertEvent>, StoreError> {
        self.readers
            .read(move |connection| read::events(connection, &page))
            .await
    }

    async fn due_deliveries(
        &self,
        now: Timestamp,
        of_each_rule: usize,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        // The server this was copied from delivers them.
        if self.waits_for_acknowledgement {
            return Ok(Vec::new());
        }
        self.readers
            .read(move |connection| read::due(connection, now, of_each_rule))
            .await
    }

    async fn note_try(
        &self,
        delivery: i64,
        tried: DeliveryTry,
        state: DeliveryState,
    ) -> Result<(), StoreError> {
        self.ask(|reply| {
            Command::Alerts(AlertsCommand::Tried {
                delivery,
                tried,
                state,
                reply,
            })
        })
        .await
    }

    async fn note_test(
        &self,
        rule: AlertId,
        tried: DeliveryTry,
        kept: Option<(Claim, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.ask(|reply| {
            Command::Alerts(AlertsCommand::Tested {
                rule,
                tried,
                kept,
                reply,
            })
        })
        .await
    }

    async fn deliveries(&self, page: DeliveriesPage) -> Result<Vec<Delivery>, StoreError> {
        self.readers
            .read(move |connection| read::deliveries(connection, &page))
            .await
    }

    async fn stale_webhooks(&self, master: u32) -> Result<Vec<AlertRule>, StoreError> {
        self.readers
            .read(move |connection| read::stale_rules(connection, master))
            .await
    }

    async fn reseal_webhooks(&self, webhooks: Vec<ResealedWebhook>) -> Result<usize, StoreError> {
        self.ask(|reply| Command::Alerts(AlertsCommand::Reseal(webhooks, reply)))
            .await
    }
}
