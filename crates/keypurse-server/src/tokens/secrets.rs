//! Secrets on their way into the store and out of it.

use keypurse_core::secret::TokenSecret;
use keypurse_core::token::TokenKind;
use keypurse_store::{Digest, KeyVersions, Token};
use tracing::warn;

use crate::state::State;

/// A new secret with what the store keeps of it.
#[derive(Debug)]
pub(crate) struct FreshSecret {
    /// Shown to the client, once or until reveal is switched off.
    pub(crate) secret: TokenSecret,
    pub(crate) digest: Digest,
    /// Only while secrets may be revealed: what is not kept cannot leak.
    pub(crate) sealed: Option<Vec<u8>>,
    /// What digest and copy were made under.
    pub(crate) keys: KeyVersions,
}

impl FreshSecret {
    pub(crate) fn generate(state: &State, kind: TokenKind) -> Self {
        let secret = TokenSecret::generate(kind, &*state.entropy);
        let keyring = state.vault.keyring();
        let digest = keyring.digest(secret.expose());
        let sealed = state
            .settings
            .reveal_secrets
            .then(|| keyring.seal(&secret, &digest));
        Self {
            secret,
            digest,
            sealed,
            keys: keyring.current(),
        }
    }
}

/// A token's current secret, while secrets may be revealed and a copy of it
/// was kept.
pub(crate) fn revealed(state: &State, token: &Token) -> Option<TokenSecret> {
    if !state.settings.reveal_secrets {
        return None;
    }
    let sealed = token.sealed.as_deref()?;
    match state.vault.keyring().unseal(sealed, &token.digest) {
        Ok(secret) => Some(secret),
        Err(error) => {
            warn!(token.id = %token.id, %error, "cannot reveal a secret; was the master key replaced?");
            None
        }
    }
}

/// A token's current secret, as [`revealed`], if it is the one that once had
/// this digest: the pepper may have been replaced since.
pub(crate) fn revealed_if(state: &State, token: &Token, digest: &Digest) -> Option<TokenSecret> {
    revealed(state, token).filter(|secret| {
        let keyring = state.vault.keyring();
        let mut known = keyring.digests(secret.expose());
        known.any(|known| known == *digest)
    })
}
