//! Changes of tokens that forms ask for.

use keypurse_core::id::TokenId;
use keypurse_store::{Condition, Guard, Made, StoreError, Token, TokenChange};

use crate::dashboard::form::{Sent, Undone};
use crate::state::State;
use crate::tokens::refuse;

/// What a form did.
#[derive(Debug)]
pub(super) enum Done {
    Now(Token),
    /// The same form was sent before, about this token.
    Before(TokenId),
}

impl Done {
    pub(super) fn id(&self) -> TokenId {
        match self {
            Self::Now(token) => token.id,
            Self::Before(id) => *id,
        }
    }
}

/// Makes a change, unless the same form has made it before. Every change of a
/// token that the dashboard makes is made here, by whoever sent the form.
pub(super) async fn make(
    state: &State,
    sent: &Sent,
    change: TokenChange,
    condition: Option<Condition>,
) -> Result<Done, Undone> {
    let guard = Guard {
        actor: sent.admin.viewer.actor(),
        once: sent.once(Box::new(|token: &Token| token.id.0.to_be_bytes().to_vec())),
        condition,
    };
    let made = state.store.change_token(change, guard).await;
    match made.map_err(refuse)? {
        Made::Now(token) => Ok(Done::Now(token)),
        Made::Before(id) => {
            let id: [u8; 8] = id
                .try_into()
                .map_err(|_| StoreError::Corrupt("what a form did is not readable".to_owned()))?;
            Ok(Done::Before(TokenId(i64::from_be_bytes(id))))
        }
    }
}
