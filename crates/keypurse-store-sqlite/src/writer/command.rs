//! What the writer can be asked, each with somebody waiting for the answer.

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{
    Account, CreateAccountError, CreateTokenError, Digest, HoldFailure, NewAccount, NewHold,
    NewToken, Rotation, Settlement, SimulatedCall, StoreError, Token, TokenUpdate,
    UpdateTokenError,
};
use tokio::sync::oneshot;

use super::keys::KeysCommand;

/// Where an answer goes once it is on disk.
pub(crate) type Reply<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

/// One operation.
#[derive(Debug)]
pub(crate) enum Command {
    Hold(NewHold, Reply<Admission, HoldFailure>),
    Open(CallId, Money, Reply<Option<Money>>),
    Settle(Settlement, Reply<Option<Charge>>),
    Simulated(SimulatedCall, Reply<()>),
    CreateToken(NewToken, Reply<Token, CreateTokenError>),
    UpdateToken(TokenUpdate, Reply<Option<Token>, UpdateTokenError>),
    RotateToken(Rotation, Reply<Option<Token>>),
    DeleteToken {
        account: AccountId,
        name: TokenName,
        at: Timestamp,
        reply: Reply<Option<TokenId>>,
    },
    CreateAccount(NewAccount, Reply<Account, CreateAccountError>),
    SetAccountKey {
        name: String,
        digest: Digest,
        pepper: u32,
        reply: Reply<Option<Account>, CreateAccountError>,
    },
    Keys(KeysCommand),
    OpenHolds(Reply<usize>),
    Probe(Reply<()>),
    Close(Reply<()>),
}
