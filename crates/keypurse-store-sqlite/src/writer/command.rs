//! What the writer can be asked, each with somebody waiting for the answer.

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Account, AccountTopUp, Actor, AuditEvent, ChangeError, Claim, CreateAccountError, Digest,
    Floor, Guard, HeldNow, HoldFailure, Made, NewAccount, NewHold, Once, RecordFailure, Repeated,
    Settlement, SimulatedCall, StoreError, Token, TokenChange,
};
use tokio::sync::oneshot;

use super::alerts::AlertsCommand;
use super::keys::KeysCommand;
use super::sessions::SessionCommand;

/// Where an answer goes once it is on disk.
pub(crate) type Reply<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

/// One operation.
#[derive(Debug)]
pub(crate) enum Command {
    Hold(NewHold, Reply<Admission, HoldFailure>),
    HoldAnew(NewHold, Reply<Option<Admission>, HoldFailure>),
    MadeBefore(Claim, Reply<Option<Repeated>>),
    Open(CallId, Floor, Reply<Option<Money>>),
    Settle(Settlement, Reply<Option<Charge>>),
    Simulated(SimulatedCall, Reply<(), RecordFailure>),
    ChangeToken(TokenChange, Guard, Reply<Made<Token>, ChangeError>),
    TopUpAccount(
        AccountTopUp,
        Option<Once<Account>>,
        Reply<Made<Account>, ChangeError>,
    ),
    CreateAccount(NewAccount, Reply<Account, CreateAccountError>),
    SetAccountKey {
        name: String,
        /// Digest, and version of the pepper that made it.
        key: (Digest, u32),
        actor: Actor,
        reply: Reply<Option<Account>, CreateAccountError>,
    },
    Keys(KeysCommand),
    Session(SessionCommand),
    Alerts(AlertsCommand),
    RecordEvent(AuditEvent, Reply<()>),
    /// Calls that finished before this instant.
    Forget(Timestamp, Reply<usize>),
    HeldNow(Reply<HeldNow>),
    /// Rows of what was answered before, for who reads them.
    CatchUp(Reply<()>),
    /// What was noted before, see [`super::Noted`].
    WriteNoted(Reply<()>),
    Probe(Reply<()>),
    Close(Reply<()>),
}

impl Command {
    /// Whether rows of purses are read to decide it, or for its answer.
    pub(super) fn reads_purses(&self) -> bool {
        match self {
            Self::ChangeToken(..)
            | Self::TopUpAccount(..)
            | Self::CreateAccount(..)
            | Self::SetAccountKey { .. }
            | Self::Keys(_)
            | Self::Session(_)
            | Self::Alerts(_)
            | Self::Forget(..)
            | Self::CatchUp(_)
            | Self::Close(_) => true,
            Self::Hold(..)
            | Self::HoldAnew(..)
            | Self::MadeBefore(..)
            | Self::Open(..)
            | Self::Settle(..)
            | Self::Simulated(..)
            | Self::RecordEvent(..)
            | Self::HeldNow(_)
            | Self::WriteNoted(_)
            | Self::Probe(_) => false,
        }
    }
}
