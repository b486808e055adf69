//! What protects secrets at rest: digests for lookup, sealed copies for
//! `reveal_secrets`. Pepper and master key live outside the database.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use keypurse_core::secret::TokenSecret;
use keypurse_store::Digest;
use thiserror::Error;

/// Length of pepper and master key, in bytes.
pub const KEY_LEN: usize = 32;
/// Length of a nonce, which precedes each sealed copy.
const NONCE_LEN: usize = 12;

/// Digests secrets and seals copies of them.
pub struct Vault {
    pepper: hmac::Key,
    master: RandomizedNonceKey,
}

/// A sealed copy that does not open: altered, of another secret, or sealed
/// under another master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sealed secret does not open with this master key")]
pub struct SealBroken;

impl Vault {
    /// A vault over the installation's pepper and master key.
    pub fn new(pepper: &[u8; KEY_LEN], master: &[u8; KEY_LEN]) -> Self {
        let master = RandomizedNonceKey::new(&AES_256_GCM, master);
        Self {
            pepper: hmac::Key::new(hmac::HMAC_SHA256, pepper),
            master: master.expect("a 32-byte key fits AES-256"),
        }
    }

    /// What a secret is looked up by.
    pub fn digest(&self, secret: &str) -> Digest {
        let tag = hmac::sign(&self.pepper, secret.as_bytes());
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// A sealed copy, bound to the secret's digest: moved to another row it
    /// does not open.
    pub fn seal(&self, secret: &TokenSecret, digest: &Digest) -> Vec<u8> {
        let mut text = secret.expose().as_bytes().to_vec();
        let nonce = self
            .master
            .seal_in_place_append_tag(Aad::from(digest), &mut text)
            .expect("a secret is shorter than AES-GCM's limit");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        sealed
    }

    /// Opens a sealed copy.
    pub fn unseal(&self, sealed: &[u8], digest: &Digest) -> Result<TokenSecret, SealBroken> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| SealBroken)?;
        let mut body = body.to_vec();
        let text = self
            .master
            .open_in_place(Nonce::from(&nonce), Aad::from(digest), &mut body)
            .map_err(|_| SealBroken)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| SealBroken)?;
        Ok(TokenSecret::from_text(text))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::{SealBroken, Vault};
    use keypurse_core::secret::TokenSecret;

    #[test]
    fn a_sealed_copy_opens_only_in_its_place_and_under_its_key() {
        let vault = Vault::new(&[1; 32], &[2; 32]);
        let secret = TokenSecret::from_text("kp_live_example".to_owned());
        let digest = vault.digest(secret.expose());
        let sealed = vault.seal(&secret, &digest);
        assert_eq!(vault.unseal(&sealed, &digest), Ok(secret));
        let other_row = vault.digest("another");
        assert_eq!(vault.unseal(&sealed, &other_row), Err(SealBroken));
        let other_key = Vault::new(&[1; 32], &[3; 32]);
        assert_eq!(other_key.unseal(&sealed, &digest), Err(SealBroken));
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert_eq!(
                vault.unseal(&flipped, &digest),
                Err(SealBroken),
                "bit of byte {index}"
            );
        }
        assert_eq!(vault.unseal(&[], &digest), Err(SealBroken));
    }

    #[test]
    fn a_digest_depends_on_the_pepper() {
        let one = Vault::new(&[1; 32], &[0; 32]).digest("secret");
        let two = Vault::new(&[2; 32], &[0; 32]).digest("secret");
        assert_ne!(one, two);
    }
}
