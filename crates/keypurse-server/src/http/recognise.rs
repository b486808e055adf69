//! Whose secret this is, whichever pepper digested it.

use std::sync::Arc;

use keypurse_core::secret::TokenSecret;
use keypurse_store::{Credential, Digest, StoreError};
use tracing::debug;

use crate::http::authenticate::AuthError;
use crate::state::State;
use crate::vault::{Keyring, Vault};

/// Finds a secret's credential under any pepper. One that is found under an
/// older pepper moves to the current one, beside the request.
pub(super) async fn recognise(state: &State, secret: &str) -> Result<Arc<Credential>, AuthError> {
    let (keyring, found) = look(state, &state.vault, secret).await?;
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

/// All that looking needs of a store.
trait Directory: Sync {
    fn credential(
        &self,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<Arc<Credential>>, StoreError>> + Send;
}

impl Directory for State {
    async fn credential(&self, digest: &Digest) -> Result<Option<Arc<Credential>>, StoreError> {
        self.store.credential(digest).await
    }
}

type Found = Option<(Digest, Arc<Credential>)>;

/// Looks under every pepper, and says which ones these were.
async fn look<S: Directory>(
    store: &S,
    vault: &Vault,
    secret: &str,
) -> Result<(Arc<Keyring>, Found), StoreError> {
    let keyring = vault.keyring();
    let found = find(store, &keyring, secret).await?;
    if found.is_some() {
        return Ok((keyring, found));
    }
    // It may have moved from a pepper not asked yet to one asked already, or
    // to one that came meanwhile. It only ever moves to the newest, so a second
    // look finds it.
    let keyring = vault.keyring();
    let found = if keyring.has_older() {
        find(store, &keyring, secret).await?
    } else {
        None
    };
    Ok((keyring, found))
}

async fn find<S: Directory>(
    store: &S,
    keyring: &Keyring,
    secret: &str,
) -> Result<Found, StoreError> {
    for digest in keyring.digests(secret) {
        if let Some(credential) = store.credential(&digest).await? {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use keypurse_core::id::AccountId;
    use keypurse_store::{Credential, Digest, StoreError};

    use super::{Directory, look};
    use crate::vault::{KEY_LEN, Keyring, Vault, VersionedKey};

    const SECRET: &str = "a-secret";

    fn keyring(versions: &[u32]) -> Keyring {
        let key = |&version| VersionedKey {
            version,
            key: [u8::try_from(version).unwrap(); KEY_LEN],
        };
        let keys: Vec<_> = versions.iter().map(key).collect();
        Keyring::new(&keys, &keys)
    }

    /// A store whose one secret moves to the newest pepper at the worst
    /// moment: just before it is looked for under its old one.
    struct Moving<'a> {
        vault: &'a Vault,
        has_moved: AtomicBool,
    }

    impl Directory for Moving<'_> {
        async fn credential(&self, digest: &Digest) -> Result<Option<Arc<Credential>>, StoreError> {
            if *digest == keyring(&[1]).digest(SECRET) {
                self.vault.replace(keyring(&[1, 2]));
                self.has_moved.store(true, Ordering::SeqCst);
                return Ok(None);
            }
            let is_it = *digest == keyring(&[2]).digest(SECRET);
            let credential = Arc::new(Credential::Account(AccountId(1)));
            Ok((is_it && self.has_moved.load(Ordering::SeqCst)).then_some(credential))
        }
    }

    #[tokio::test]
    async fn a_secret_that_moves_while_it_is_looked_for_is_found() {
        for known in [&[1][..], &[1, 2]] {
            let vault = Vault::over(keyring(known));
            let store = Moving {
                vault: &vault,
                has_moved: AtomicBool::new(false),
            };
            let (_, found) = look(&store, &vault, SECRET).await.unwrap();
            let digest = found.map(|(digest, _)| digest);
            assert_eq!(digest, Some(keyring(&[2]).digest(SECRET)), "{known:?}");
            let (_, unknown) = look(&store, &vault, "another").await.unwrap();
            assert!(unknown.is_none());
        }
    }
}
