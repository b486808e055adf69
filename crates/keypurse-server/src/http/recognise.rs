//! Whose secret this is, whichever pepper digested it.

use std::sync::Arc;

use keypurse_core::secret::TokenSecret;
use keypurse_store::{Credential, Digest, StoreError};
use tracing::debug;

use crate::http::authenticate::AuthError;
use crate::state::State;
use crate::vault::Keyring;

/// Finds a secret's credential under any pepper. One that is found under an
/// older pepper moves to the current one, beside the request.
pub(super) async fn recognise(state: &State, secret: &str) -> Result<Arc<Credential>, AuthError> {
    let mut keyring = state.vault.keyring();
    let mut found = find(state, &keyring, secret).await?;
    if found.is_none() {
        // It may have moved from a pepper not asked yet to one asked already.
        // It only ever moves to the newest, so a second look finds it.
        keyring = state.vault.keyring();
        if keyring.has_older() {
            found = find(state, &keyring, secret).await?;
        }
    }
    let Some((digest, credential)) = found else {
        return Err(if once_worked(state, &keyring, secret).await? {
            AuthError::Retired
        } else {
            AuthError::Unknown
        });
    };
    if keyring.has_older() && digest != keyring.digest(secret) {
        move_on(state, &keyring, digest, secret);
    }
    Ok(credential)
}

async fn find(
    state: &State,
    keyring: &Keyring,
    secret: &str,
) -> Result<Option<(Digest, Arc<Credential>)>, StoreError> {
    for digest in keyring.digests(secret) {
        if let Some(credential) = state.store.credential(&digest).await? {
            return Ok(Some((digest, credential)));
        }
    }
    Ok(None)
}

async fn once_worked(state: &State, keyring: &Keyring, secret: &str) -> Result<bool, StoreError> {
    for digest in keyring.digests(secret) {
        if state.store.was_retired(&digest).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn move_on(state: &State, keyring: &Keyring, from: Digest, secret: &str) {
    let secret = TokenSecret::from_text(secret.to_owned());
    let change = keyring.rekeyed(from, &secret);
    let store = Arc::clone(&state.store);
    state.tasks.spawn(async move {
        // The next use tries again, and until then the older pepper serves.
        if let Err(error) = store.rekey(vec![change]).await {
            debug!(%error, "a secret stays under an older pepper for now");
        }
    });
}
