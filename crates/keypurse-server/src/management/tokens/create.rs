//! `POST /v2/user/custom_token/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::token::{TokenSettings, opening_balance};
use keypurse_store::{CreateTokenError, NewToken, failpoint};

use super::secrets::FreshSecret;
use super::wire::{Creation, RefusedCreation, TokenAnswer, read_creation, settings_faults, taken};
use crate::http::answer;
use crate::http::body::JsonBody;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::management::caller::Manager;
use crate::state::AppState;

pub(in crate::management) async fn create(
    State(state): State<AppState>,
    manager: Manager,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let Creation { name, kind, change } = match read_creation(&body.object()?) {
        Ok(creation) => creation,
        Err(refused) => return Err(with_taken(&state, &manager, refused).await),
    };
    let now = state.now();
    let settings = TokenSettings::new(name, kind)
        .changed(&change, now, &state.settings.zone)
        .map_err(|errors| Refusal::Invalid(settings_faults(&errors)))?;
    let FreshSecret {
        secret,
        digest,
        sealed,
    } = FreshSecret::generate(&state, kind);
    let new = NewToken {
        account: manager.account,
        balance: opening_balance(change.balance, settings.reset),
        settings,
        digest,
        sealed,
        now,
    };
    failpoint::reach("token.before-create");
    let token = state.store.create_token(new).await.map_err(refuse)?;
    failpoint::reach("token.created");
    let body = TokenAnswer::created(&token, now, secret);
    Ok(answer::json(StatusCode::CREATED, &body))
}

fn refuse(error: CreateTokenError) -> Refusal {
    match error {
        CreateTokenError::NameTaken => Refusal::Invalid(taken(FieldFaults::default())),
        CreateTokenError::Store(cause) => Refusal::Unavailable(cause),
    }
}

/// All faults are reported at once, so a refused request's name is looked up
/// as well.
async fn with_taken(
    state: &AppState,
    manager: &Manager,
    RefusedCreation { name, faults }: RefusedCreation,
) -> Refusal {
    let Some(name) = name else {
        return Refusal::Invalid(faults);
    };
    match state.store.token(manager.account, &name).await {
        Ok(Some(_)) => Refusal::Invalid(taken(faults)),
        Ok(None) => Refusal::Invalid(faults),
        Err(cause) => Refusal::Unavailable(cause),
    }
}
