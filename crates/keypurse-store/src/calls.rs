//! Calls: money set aside, floors, charges.

use std::sync::Arc;

use async_trait::async_trait;
use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, Charge, HoldError, HoldRequest};
use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Certainty, TokenCounts};
use thiserror::Error;

use crate::changes::{Claim, Repeated};
use crate::error::StoreError;

/// What kind of work a call asked for; named as the vendor's reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Conversations, on whatever route: `text__chat`.
    Chat,
    /// Texts to vectors: `text__embeddings`.
    Embeddings,
    /// Texts and images judged: `text__moderation`.
    Moderation,
    /// Images made and edited: `image__generation`.
    ImageGeneration,
    /// Speech from text: `audio__text_to_speech`.
    TextToSpeech,
    /// Text from speech: `audio__speech_to_text`.
    SpeechToText,
}

impl Feature {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Chat,
        Self::Embeddings,
        Self::Moderation,
        Self::ImageGeneration,
        Self::TextToSpeech,
        Self::SpeechToText,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "text__chat",
            Self::Embeddings => "text__embeddings",
            Self::Moderation => "text__moderation",
            Self::ImageGeneration => "image__generation",
            Self::TextToSpeech => "audio__text_to_speech",
            Self::SpeechToText => "audio__speech_to_text",
        }
    }
}

/// What a call is, known before it leaves.
#[derive(Clone, Debug)]
pub struct CallMeta {
    /// Who serves it.
    pub provider: Arc<str>,
    /// The model's name at that provider.
    pub model: Arc<str>,
    /// What kind of work.
    pub feature: Feature,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// The price it is charged at, whatever prices become meanwhile.
    pub price: Arc<Price>,
    /// When it arrived.
    pub started_at: Timestamp,
}

/// Asks for money for one call.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// How much, from whom.
    pub request: HoldRequest,
    /// For what.
    pub meta: CallMeta,
    /// How its client names it, if it does: then it is made once.
    pub claim: Option<Claim>,
}

/// Why no money was set aside, in order of precedence.
#[derive(Debug, Error)]
pub enum HoldFailure {
    /// Its client's key has been used.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// The ledger refused.
    #[error(transparent)]
    Refused(#[from] HoldError),
    /// Storage failed: the call must not leave.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It cost something (perhaps nothing) for these tokens.
    Used {
        /// The exact cost at the call's price; what was estimated is charged
        /// at most the hold.
        cost: Money,
        /// What was used.
        counts: TokenCounts,
        /// How sure we are of that.
        certainty: Certainty,
    },
    /// It did not happen: nothing reached the client and nothing is charged.
    Void,
    /// Nobody knows: its floor when something was delivered, else nothing, as
    /// after a crash.
    Abandoned,
}

/// What a crash would charge a call, and for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// How much.
    pub cost: Money,
    /// What costs that at the call's price.
    pub counts: TokenCounts,
}

/// Resolves a hold.
#[derive(Clone, Copy, Debug)]
pub struct Settlement {
    /// Which call.
    pub call: CallId,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The status the client was answered with.
    pub status: u16,
    /// When.
    pub finished_at: Timestamp,
}

/// A call the simulator answered: counted, never charged.
#[derive(Clone, Debug)]
pub struct SimulatedCall {
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub account: AccountId,
    /// By which token.
    pub token: TokenId,
    /// What it was.
    pub meta: CallMeta,
    /// What it would have used.
    pub counts: TokenCounts,
    /// The status the client was answered with.
    pub status: u16,
    /// When.
    pub finished_at: Timestamp,
    /// How its client names it, if it does: then it is made once.
    pub claim: Option<Claim>,
}

/// Why a sandbox call was not recorded.
#[derive(Debug, Error)]
pub enum RecordFailure {
    /// Its client's key has been used.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The ledger of calls.
#[async_trait]
pub trait Calls {
    /// Sets money aside. Either the hold is on disk when this returns, or it
    /// does not exist. Never waits for a place in a full queue. A claim is
    /// kept with the hold, until the call turns out not to have happened.
    async fn hold(&self, new: NewHold) -> Result<Admission, HoldFailure>;

    /// Sets money aside anew for a call whose next attempt another model
    /// answers, at that model's price: its row will name that model. Refused,
    /// all is as it was. `None`: no hold is open, or something was delivered.
    /// The claim of `new` does not count; that of the first hold stays.
    async fn hold_anew(&self, new: NewHold) -> Result<Option<Admission>, HoldFailure>;

    /// What became of a call that was made with this key, for who is refused
    /// before a hold is asked for. `None`: there was none.
    async fn made_before(&self, claim: Claim) -> Result<Option<Repeated>, StoreError>;

    /// Puts on disk what a crash would charge, before it is delivered; the
    /// hold grows with it as far as the money goes. Returns the floor reached:
    /// only what it pays for may be delivered. `None`: no hold is open.
    async fn open(&self, call: CallId, floor: Floor) -> Result<Option<Money>, StoreError>;

    /// Resolves a hold; the charge and the call's row are on disk when this
    /// returns. Never refused for load. A second settlement of a call changes
    /// nothing and is `Ok(None)`.
    async fn settle(&self, settlement: Settlement) -> Result<Option<Charge>, StoreError>;

    /// Records a sandbox call: no hold, no charge. It is on disk when this
    /// returns.
    async fn record_simulated(&self, call: SimulatedCall) -> Result<(), RecordFailure>;

    /// Records a sandbox call that has no claim, soon: whoever reads calls or
    /// sums of them from now on finds it, as the next start does after
    /// [`Calls::close`]. A crash may lose it, and those of the moment before.
    /// Waits while many are not on disk yet; fails where nothing can be written.
    async fn note_simulated(&self, call: SimulatedCall) -> Result<(), StoreError>;

    /// The highest ordered half of a call id ever used.
    async fn last_call(&self) -> Result<Option<i64>, StoreError>;

    /// Whether a write gets through to the disk now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Holds still open.
    async fn open_holds(&self) -> Result<usize, StoreError>;

    /// Writes everything down and lets go of the storage.
    async fn close(&self) -> Result<(), StoreError>;
}
