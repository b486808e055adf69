//! Why a form did nothing.

use keypurse_store::StoreError;

use crate::dashboard::trouble::Trouble;
use crate::http::refusal::{FieldFaults, Refusal};

/// Why a form did nothing.
#[derive(Debug)]
pub(in crate::dashboard) enum Undone {
    /// What is wrong with its fields.
    Faults(FieldFaults),
    /// It was sent before, with other words.
    SentBefore,
    /// What it changes is not as the form showed it.
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
            Refusal::StillRunning
            | Refusal::NoSuchRoute
            | Refusal::MethodNotAllowed
            | Refusal::Unauthenticated { .. }
            | Refusal::TooManyFailures(_)
            | Refusal::Forbidden { .. }
            | Refusal::NotStatedAsJson { .. }
            | Refusal::TooLarge { .. }
            | Refusal::TooSlow
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

impl From<Trouble> for Undone {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl Undone {
    /// What concerns no field of the form.
    pub(in crate::dashboard) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Faults(_) => Some("Nothing was changed yet: see the fields marked below."),
            Self::SentBefore => Some(
                "This form was sent before, with other words. Look at what it did, then send \
                 it again if you still want this.",
            ),
            Self::Stale => Some(
                "Somebody changed this since you opened the form, so nothing was done. This is \
                 how it is now.",
            ),
            Self::Trouble(_) => None,
        }
    }

    /// What is wrong with the fields, unless there is trouble.
    pub(in crate::dashboard) fn faults(self) -> Result<FieldFaults, Trouble> {
        match self {
            Self::Faults(faults) => Ok(faults),
            Self::SentBefore | Self::Stale => Ok(FieldFaults::default()),
            Self::Trouble(trouble) => Err(trouble),
        }
    }
}
