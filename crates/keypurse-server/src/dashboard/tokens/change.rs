//! Changes of tokens that forms ask for.

use keypurse_core::id::{AccountId, TokenId};
use keypurse_store::{Condition, Guard, Made, Once, StoreError, Token, TokenChange};

use http::Method;

use crate::dashboard::form::Form;
use crate::dashboard::session::Admin;
use crate::dashboard::trouble::Trouble;
use crate::http::idempotency::{Asked, claim};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;
use crate::tokens::refuse;

/// The field of a form that names it, so that sending it twice does it once.
const ONCE: &str = "once";
const LONGEST_ONCE: usize = 64;

/// Why a form did nothing.
#[derive(Debug)]
pub(super) enum Undone {
    /// What is wrong with its fields.
    Faults(FieldFaults),
    /// It was sent before, with other words.
    SentBefore,
    /// The token is not as the form showed it.
    Stale,
    Trouble(Trouble),
}

impl From<Refusal> for Undone {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(faults) => Self::Faults(faults),
            Refusal::OtherRequest => Self::SentBefore,
            Refusal::Stale => Self::Stale,
            Refusal::NoSuchToken | Refusal::NoSuchAlert => Self::Trouble(Trouble::NotFound),
            Refusal::Unavailable(cause) => Self::Trouble(cause.into()),
            Refusal::NoSuchRoute
            | Refusal::MethodNotAllowed
            | Refusal::Unauthenticated { .. }
            | Refusal::TooManyFailures(_)
            | Refusal::Forbidden { .. }
            | Refusal::NotStatedAsJson { .. }
            | Refusal::TooLarge { .. }
            | Refusal::NotAnObject(_)
            | Refusal::Bug => Self::Trouble(Trouble::Bug),
        }
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<FieldFaults> for Undone {
    fn from(faults: FieldFaults) -> Self {
        Self::Faults(faults)
    }
}

impl Undone {
    /// What concerns no field of the form.
    pub(super) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Faults(_) => Some("Nothing was changed yet: see the fields marked below."),
            Self::SentBefore => Some(
                "This form was sent before, with other words. Look at what it did, then send \
                 it again if you still want this.",
            ),
            Self::Stale => Some(
                "Somebody changed this token since you opened the form, so nothing was done. \
                 This is how it is now.",
            ),
            Self::Trouble(_) => None,
        }
    }

    /// What is wrong with the fields, unless there is trouble.
    pub(super) fn faults(self) -> Result<FieldFaults, Trouble> {
        match self {
            Self::Faults(faults) => Ok(faults),
            Self::SentBefore | Self::Stale => Ok(FieldFaults::default()),
            Self::Trouble(trouble) => Err(trouble),
        }
    }
}

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

/// A form that asks for a change.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) admin: &'a Admin,
    /// Where it was sent to.
    pub(super) path: &'a str,
    pub(super) form: &'a Form,
}

/// The name of the next form, for a hidden field.
pub(super) fn once(state: &State) -> String {
    let mut bytes = [0; 16];
    state.entropy.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Makes a change, unless the same form has made it before. Every change of a
/// token that the dashboard makes is made here, by `sent.admin`.
pub(super) async fn make(
    state: &State,
    sent: &Sent<'_>,
    change: TokenChange,
    condition: Option<Condition>,
) -> Result<Done, Undone> {
    let guard = Guard {
        once: sent.once(sent.admin.viewer.account.id),
        condition,
    };
    match state
        .store
        .change_token(change, guard)
        .await
        .map_err(refuse)?
    {
        Made::Now(token) => Ok(Done::Now(token)),
        Made::Before(id) => {
            let id: [u8; 8] = id
                .try_into()
                .map_err(|_| StoreError::Corrupt("what a form did is not readable".to_owned()))?;
            Ok(Done::Before(TokenId(i64::from_be_bytes(id))))
        }
    }
}

impl Sent<'_> {
    fn once(&self, account: AccountId) -> Option<Once<Token>> {
        let key = self.form.get(ONCE);
        let is_key = (1..=LONGEST_ONCE).contains(&key.len());
        let body = self.form.encoded();
        let asked = Asked {
            method: &Method::POST,
            path: self.path,
            body: body.as_bytes(),
        };
        is_key.then(|| Once {
            claim: claim(&account, key, &asked),
            render: Box::new(|token: &Token| token.id.0.to_be_bytes().to_vec()),
        })
    }
}
