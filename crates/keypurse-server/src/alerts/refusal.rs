//! Why a change of an alert was not made.

use keypurse_store::{ChangeError, MAX_ALERTS};

use crate::http::refusal::{FieldFaults, Refusal};

/// Why a change was not made, as whoever asked is told.
pub(crate) fn refuse(error: ChangeError) -> Refusal {
    match error {
        ChangeError::OtherRequest => Refusal::OtherRequest,
        ChangeError::NoSuchAlert => Refusal::NoSuchAlert,
        ChangeError::TooManyAlerts => {
            let mut faults = FieldFaults::default();
            let reason = format!(
                "An account has no more than {MAX_ALERTS} alerts; change or delete one, or let \
                 one alert watch every token."
            );
            faults.add("name", reason);
            Refusal::Invalid(faults)
        }
        ChangeError::Store(cause) => Refusal::Unavailable(cause),
        ChangeError::NoSuchToken
        | ChangeError::Stale
        | ChangeError::NameTaken
        | ChangeError::Invalid(_)
        | ChangeError::TopUp(_) => Refusal::Bug,
    }
}
