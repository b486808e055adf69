//! Alerts: rules, what they fired for, and what receivers are told of it.
//!
//! What fired and that somebody has to be told are written in one transaction:
//! a crash leaves both or neither, and whoever delivers finds what is left to
//! do. A delivery may be tried again after a crash; its event's id stays.

use async_trait::async_trait;
use keypurse_core::alert::{
    AlertCondition, AlertEventId, AlertId, AlertScope, AlertSubject, Measured,
};
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenKind, TokenName};

use crate::audit_log::Actor;
use crate::changes::{ChangeError, Claim, Made, Once};
use crate::error::StoreError;

/// The most rules an account has.
pub const MAX_ALERTS: usize = 200;

/// How a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// Every member of the event.
    Json,
    /// `{"text": …}`, as Slack and those who are compatible with it read.
    Slack,
}

/// Where a rule's events are posted to. Address and secret are one sealed text.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedWebhook {
    /// Address and secret under the master key.
    pub sealed: Vec<u8>,
    /// Version of that key.
    pub master: u32,
    /// The address as far as it may be shown.
    pub shown: String,
    /// How it is told.
    pub format: WebhookFormat,
    /// Whether there is a secret to sign with.
    pub is_signed: bool,
}

impl std::fmt::Debug for SealedWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedWebhook({}, {:?})", self.shown, self.format)
    }
}

/// An alert rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Its id.
    pub id: AlertId,
    /// Whose.
    pub account: AccountId,
    /// What its operator calls it; need not be unique.
    pub name: String,
    /// Whom it watches.
    pub scope: AlertScope,
    /// What it waits for.
    pub condition: AlertCondition,
    /// Who is told. `None`: it is only listed.
    pub webhook: Option<SealedWebhook>,
    /// Whether it is looked at.
    pub is_enabled: bool,
    /// Since when it watches whom it watches for what it waits for.
    pub since: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One change of one rule.
#[derive(Clone, Debug)]
pub enum AlertChange {
    /// A new one; at most [`MAX_ALERTS`].
    Create(AlertRule),
    /// Another one in its place, if it still is as it was seen. When scope,
    /// condition or `is_enabled` change, what it fired for is over.
    Update {
        /// As it was.
        seen: AlertRule,
        /// As it shall be.
        rule: AlertRule,
        /// When.
        now: Timestamp,
    },
    /// Its end. What it fired for stays in the list of events, over; what is
    /// not delivered yet is not.
    Delete {
        /// Whose.
        account: AccountId,
        /// Which.
        id: AlertId,
        /// When.
        now: Timestamp,
    },
}

/// What alerts are about of one live token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// Which.
    pub id: TokenId,
    /// Its name.
    pub name: TokenName,
    /// Live or sandbox.
    pub kind: TokenKind,
    /// What it has, a due reset counted in. `None`: its balance is not checked.
    pub balance: Option<Money>,
    /// What a period starts with, else what the last funding led to.
    pub budget: Option<Money>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// A rule that fires.
#[derive(Clone, Debug)]
pub struct Firing {
    /// Which; as it was when this was decided.
    pub rule: AlertId,
    /// [`AlertRule::since`] when this was decided: of a rule that was changed
    /// meanwhile it is not true.
    pub since: Timestamp,
    /// For whom.
    pub subject: AlertSubject,
    /// The subject's name, if it is a token.
    pub label: Option<String>,
    /// At what.
    pub measured: Measured,
    /// The random half of the event's id.
    pub random: i64,
}

/// A rule that has fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvent {
    /// Its id.
    pub id: AlertEventId,
    /// Whose.
    pub account: AccountId,
    /// Which rule; it may be gone.
    pub rule: AlertId,
    /// What the rule was called.
    pub rule_name: String,
    /// What it waited for.
    pub condition: AlertCondition,
    /// For whom.
    pub subject: AlertSubject,
    /// What that token was called.
    pub label: Option<String>,
    /// At what.
    pub measured: Measured,
    /// When.
    pub fired_at: Timestamp,
    /// When it was over. `None`: it still is.
    pub cleared_at: Option<Timestamp>,
}

/// Events that are asked for, newest first.
#[derive(Clone, Copy, Debug)]
pub struct AlertEventsPage {
    /// In which account.
    pub account: AccountId,
    /// Only those before this one ([`AlertEventId::ordered`]).
    pub before: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// Something a receiver is still to be told.
#[derive(Clone, Debug)]
pub struct DueDelivery {
    /// Its id.
    pub id: i64,
    /// What happened.
    pub event: AlertEvent,
    /// The rule as it is now, which says who is told.
    pub rule: AlertRule,
    /// How often it was tried.
    pub tries: u32,
}

/// One try to tell a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryTry {
    /// When it began.
    pub at: Timestamp,
    /// The status of the answer. `None`: there was none.
    pub status: Option<u16>,
    /// Why there was none. Invariant: no address and no secret is in it.
    pub error: Option<String>,
    /// How long it took.
    pub took_ms: u32,
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried (again) from this instant on.
    Pending(Timestamp),
    /// The receiver took it.
    Delivered,
    /// It was tried often enough.
    GivenUp,
}

/// A line of the delivery log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place.
    pub id: i64,
    /// What was told. `None`: it was a test.
    pub event: Option<AlertEventId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// Its tries, oldest first.
    pub tries: Vec<DeliveryTry>,
}

/// Deliveries that are asked for, newest first.
#[derive(Clone, Copy, Debug)]
pub struct DeliveriesPage {
    /// Of which rule.
    pub rule: AlertId,
    /// Only those before this one.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// A webhook under a newer master key.
#[derive(Clone, Debug)]
pub struct ResealedWebhook {
    /// Whose.
    pub rule: AlertId,
    /// As it was sealed; sealed otherwise, it is left alone.
    pub from: Vec<u8>,
    /// As it is sealed from now on.
    pub to: Vec<u8>,
    /// Version of the master key.
    pub master: u32,
}

/// What can be done with alerts.
#[async_trait]
pub trait Alerts {
    /// Makes one change of one rule. What comes back is the rule afterwards, or
    /// as it was last.
    async fn change_alert(
        &self,
        change: AlertChange,
        actor: Actor,
        once: Option<Once<AlertRule>>,
    ) -> Result<Made<AlertRule>, ChangeError>;

    /// An account's rules, oldest first.
    async fn alerts(&self, account: AccountId) -> Result<Vec<AlertRule>, StoreError>;

    /// A rule of an account.
    async fn alert(&self, account: AccountId, id: AlertId)
    -> Result<Option<AlertRule>, StoreError>;

    /// Every account's rules that are looked at.
    async fn enabled_alerts(&self) -> Result<Vec<AlertRule>, StoreError>;

    /// What has fired and is not over, for whichever account.
    async fn open_alert_events(&self) -> Result<Vec<AlertEvent>, StoreError>;

    /// What alerts are about of an account's live tokens, resets that are due
    /// for certain counted in; `Some`: of those with these names.
    async fn token_facts(
        &self,
        account: AccountId,
        named: Option<Vec<TokenName>>,
        proven: Timestamp,
    ) -> Result<Vec<TokenFacts>, StoreError>;

    /// What an account had when it was last funded.
    async fn last_funding(&self, account: AccountId) -> Result<Option<Money>, StoreError>;

    /// Notes which rules fire and which events are over, in one transaction
    /// with the deliveries that follow. A rule that has fired for a subject and
    /// is not over does not fire again; one that is gone, changed or switched
    /// off does not fire. Returns how many fired.
    async fn note_alerts(
        &self,
        firings: Vec<Firing>,
        over: Vec<AlertEventId>,
        now: Timestamp,
    ) -> Result<usize, StoreError>;

    /// What has fired, newest first.
    async fn alert_events(&self, page: AlertEventsPage) -> Result<Vec<AlertEvent>, StoreError>;

    /// What is to be delivered by now: of each rule the oldest few, so that no
    /// receiver stands in another's way.
    async fn due_deliveries(
        &self,
        now: Timestamp,
        of_each_rule: usize,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Notes a try and what becomes of its delivery.
    async fn note_try(
        &self,
        delivery: i64,
        tried: DeliveryTry,
        state: DeliveryState,
    ) -> Result<(), StoreError>;

    /// Notes a test of a rule's webhook in its log, and what whoever asks for
    /// it again is told.
    async fn note_test(
        &self,
        rule: AlertId,
        tried: DeliveryTry,
        kept: Option<(Claim, Vec<u8>)>,
    ) -> Result<(), StoreError>;

    /// A rule's delivery log, newest first.
    async fn deliveries(&self, page: DeliveriesPage) -> Result<Vec<Delivery>, StoreError>;

    /// Rules whose webhook is not under this version of the master key.
    async fn stale_webhooks(&self, master: u32) -> Result<Vec<AlertRule>, StoreError>;

    /// Moves webhooks to a newer master key. Returns how many moved.
    async fn reseal_webhooks(&self, webhooks: Vec<ResealedWebhook>) -> Result<usize, StoreError>;
}
