//! What storage promises, whatever keeps it.
//!
//! A method is one business verb in one transaction: it returns only after
//! what it did is on disk, or it did nothing. Decisions are core's: a store
//! brings the state, lets [`keypurse_core::ledger::Ledger`] decide, and writes.
//! What happens when it fails: nothing is admitted, reads go on.

mod accounts;
mod alerts;
mod aside;
mod audit_log;
mod calls;
mod changes;
#[cfg(feature = "conformance")]
pub mod conformance;
mod costs;
mod error;
pub mod failpoint;
mod keys;
mod latency;
mod search;
mod sessions;
mod statement;
mod store;
mod tokens;
mod usage;
mod vitals;

pub use accounts::{Account, Accounts, CreateAccountError, NewAccount, NewViewerKey};
pub use alerts::{
    AlertChange, AlertEvent, AlertEventsPage, AlertRule, Alerts, DeliveriesPage, Delivery,
    DeliveryState, DeliveryTry, DueDelivery, Firing, MAX_ALERTS, ResealedWebhook, SealedWebhook,
    TokenFacts, WebhookFormat,
};
pub use aside::{NotDone, aside, begin_aside, give_way, note_calls, pause_if_due};
pub use audit_log::{
    Action, Actor, AuditEvent, AuditHead, AuditLog, AuditPage, AuditRecord, Details, RecordLimit,
    Who, canonical,
};
pub use calls::{
    CallMeta, CallOutcome, Calls, Feature, Floor, HoldFailure, NewHold, RecordFailure, Settlement,
    SimulatedCall,
};
pub use changes::{
    AccountTopUp, ChangeError, Claim, Condition, Deletion, Guard, Made, Once, REMEMBERED_SECONDS,
    Render, Repeated, TokenChange, TokenTopUp,
};
pub use costs::{CostSum, Costs, TokenCosts};
pub use error::StoreError;
pub use keys::{
    KeyCheck, KeyKind, KeyRecord, KeyVersions, Keys, Rekeyed, StaleSecret, StaleSecrets,
};
pub use search::{TokenCondition, TokenOrder, TokenSearch, TokenStanding, TokenTally, TokensFound};
pub use sessions::{Access, NewSession, Session, Sessions};
pub use statement::{CallRecord, CallState, Cause, StatementLine, StatementPage, Statements};
pub use store::Store;
pub use tokens::{
    CreateTokenError, Credential, Digest, NewToken, Rotation, Token, TokenCredential, TokenUpdate,
    Tokens, UpdateTokenError,
};
pub use usage::{
    CallsPage, Dimension, Latency, ListedCall, StatusClass, Step, TokenLabel, Usage, UsageDetail,
    UsageKey, UsageQuery, UsageRow, UsageSums, Whose,
};
pub use vitals::{Distributed, Distribution, HeldNow, Vitals, WriterVitals};
