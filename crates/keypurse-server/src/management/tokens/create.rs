//! `POST /v2/user/custom_token/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::token::{TokenSettings, opening_balance};
use keypurse_store::{NewToken, Token, TokenChange, failpoint};

use super::change::{Request, respond};
use super::etag::etag;
use super::secrets::FreshSecret;
use super::wire::{Creation, RefusedCreation, TokenAnswer, read_creation, settings_faults, taken};
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;

pub(in crate::management) async fn create(
    State(state): State<AppState>,
    manager: Manager,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let request = Request::new_token(&conditions, &manager, body.bytes())?;
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
        keys,
    } = FreshSecret::generate(&state, kind);
    let change = TokenChange::Create(NewToken {
        account: manager.account,
        balance: opening_balance(change.balance, settings.reset),
        settings,
        digest,
        sealed,
        keys,
        now,
    });
    let answer = move |token: &Token| {
        Kept::json(StatusCode::CREATED, &TokenAnswer::created(token, now))
            .tagged(etag(token))
            .showing_secret_of(token)
    };
    failpoint::reach("token.before-create");
    let outcome = request.make(&state, change, answer).await?;
    failpoint::reach("token.created");
    respond(&state, outcome, Some(secret)).await
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
