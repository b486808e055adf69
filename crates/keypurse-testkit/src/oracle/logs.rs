//! What the witnesses outside of the gateway say.

use std::time::Instant;

use keypurse_core::money::Money;

use crate::hostile::Served;

/// What one request of a client's came to.
#[derive(Clone, Debug)]
pub struct ClientSaw {
    /// The id the answer carried; `None`: not even headers came.
    pub call: Option<String>,
    /// The token it was made with.
    pub token: String,
    /// When it was sent.
    pub sent: Instant,
    /// The answer's status; 0: none.
    pub status: u16,
    /// Tokens of text that arrived.
    pub tokens: u64,
    /// Whether the answer arrived whole, its end included.
    pub is_whole: bool,
    /// The cost it was told.
    pub cost: Option<Money>,
}

/// One thing the operator asked for.
#[derive(Clone, Debug)]
pub struct Act {
    /// The token it is about. A name is never used for a second token.
    pub token: String,
    /// What.
    pub kind: ActKind,
    /// When the answer came that it is done; `None`: it never came.
    pub acked: Option<Instant>,
}

/// What an operator can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActKind {
    /// A token with this balance.
    Create(Money),
    /// Another balance.
    SetBalance(Money),
    /// The end of a token.
    Delete,
}

/// Everything the witnesses say.
#[derive(Clone, Copy, Debug)]
pub struct Witnesses<'a> {
    /// Every request that reached the provider.
    pub provider: &'a [Served],
    /// Every request the clients made.
    pub clients: &'a [ClientSaw],
    /// Everything the operator did, in order.
    pub operator: &'a [Act],
}
