//! Moves stored secrets to new keys while calls go on.
//!
//! Invariant: a key is recorded in the store before anything is made under it,
//! and an old one serves until nothing relies on it. So at no instant is there
//! a secret that no key recognises.

use keypurse_core::id::SecretId;
use keypurse_store::{Alerts, KeyVersions, Keys, StoreError};
use tracing::warn;

use crate::alerts::renewed;
use crate::vault::{Keyring, Vault};

/// Secrets moved in one transaction.
const STEP: u32 = 128;

/// A walk over all secrets that have a sealed copy. Those without wait for
/// their next use.
#[derive(Clone, Copy, Debug)]
pub struct Resealing {
    /// The keys it walks towards.
    target: Option<KeyVersions>,
    through: SecretId,
    /// Secrets moved so far.
    pub moved: usize,
    /// Copies that did not open; they stay as they are.
    pub broken: usize,
}

impl Default for Resealing {
    fn default() -> Self {
        Self {
            target: None,
            through: SecretId(0),
            moved: 0,
            broken: 0,
        }
    }
}

impl Resealing {
    /// Goes on until every row that is there now has been looked at. Asked
    /// again, it looks at those that came since.
    pub async fn run<S: Keys + Alerts + ?Sized>(
        &mut self,
        store: &S,
        vault: &Vault,
    ) -> Result<(), StoreError> {
        while self.step(store, &vault.keyring()).await? {}
        self.webhooks(store, &vault.keyring()).await
    }

    /// Moves the webhooks of alerts. They are few; one that does not open stays
    /// and is told of each time.
    async fn webhooks<S: Alerts + ?Sized>(
        &mut self,
        store: &S,
        keyring: &Keyring,
    ) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for rule in store.stale_webhooks(keyring.current().master).await? {
            match renewed(keyring, &rule) {
                Ok(change) => changes.extend(change),
                Err(error) => {
                    warn!(alert = %rule.id, %error, "a webhook stays under its older key");
                }
            }
        }
        if !changes.is_empty() {
            self.moved += store.reseal_webhooks(changes).await?;
        }
        Ok(())
    }

    /// One bounded step; whether there is more to do.
    async fn step<S: Keys + ?Sized>(
        &mut self,
        store: &S,
        keyring: &Keyring,
    ) -> Result<bool, StoreError> {
        let current = keyring.current();
        if self.target != Some(current) {
            *self = Self {
                target: Some(current),
                ..Self::default()
            };
        }
        let stale = store.stale_secrets(self.through, current, STEP).await?;
        let is_last = stale.secrets.len() < STEP as usize;
        let mut changes = Vec::with_capacity(stale.secrets.len());
        for secret in &stale.secrets {
            match keyring.renewed(secret) {
                Ok(change) => changes.push(change),
                Err(error) => {
                    self.broken += 1;
                    warn!(secret.id = %secret.id, %error, "a secret stays under its older keys");
                }
            }
        }
        if !changes.is_empty() {
            self.moved += store.rekey(changes).await?;
        }
        self.through = stale.through;
        Ok(!is_last)
    }
}
