//! The secret of a token: `kp_live_` or `kp_test_` (a viewer key: `kp_view_`),
//! 32 random base62 digits and 6 base62 digits of CRC-32 over what precedes.
//!
//! 190 random bits need no slow hash; the checksum lets typos and junk be
//! refused without touching the store, and lets scanners recognise leaks.

use std::fmt;

use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::token::TokenKind;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LIVE_PREFIX: &str = "kp_live_";
const TEST_PREFIX: &str = "kp_test_";
/// Of keys that may look only.
const VIEWER_PREFIX: &str = "kp_view_";
const PREFIX_LEN: usize = LIVE_PREFIX.len();
const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 6;
const SECRET_LEN: usize = PREFIX_LEN + RANDOM_LEN + CHECKSUM_LEN;
/// The largest multiple of 62 a byte can hold: bytes above it would make some
/// digits likelier than others.
const UNBIASED: u8 = 248;

/// What a preset account key needs at least.
pub const MIN_PRESET_LEN: usize = 32;
/// Longer ones do not fit into the headers of every client.
pub const MAX_PRESET_LEN: usize = 4096;

/// A secret in the clear. Never printed: `Debug` shows nothing of it, and the
/// memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret {
    text: Zeroizing<String>,
}

impl TokenSecret {
    /// A new secret of 190 random bits.
    pub fn generate(kind: TokenKind, entropy: &dyn Entropy) -> Self {
        Self::generate_with(prefix(kind), entropy)
    }

    /// A new key that may look and change nothing.
    pub fn generate_viewer_key(entropy: &dyn Entropy) -> Self {
        Self::generate_with(VIEWER_PREFIX, entropy)
    }

    fn generate_with(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_LEN));
        text.push_str(prefix);
        text.extend((0..RANDOM_LEN).map(|_| random_digit(entropy)));
        let checksum = checksum(text.as_bytes());
        text.push_str(std::str::from_utf8(&checksum).expect("base62 is ASCII"));
        Self { text }
    }

    /// Takes back a secret that was sealed.
    pub fn from_text(text: String) -> Self {
        Self {
            text: Zeroizing::new(text),
        }
    }

    /// The secret itself: for the answer that shows it, and for the digest.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// First 8 and last 4 characters, enough to recognise it by.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.text.chars().collect();
        let head: String = chars.iter().take(8).collect();
        let tail: String = chars[chars.len().saturating_sub(4)..].iter().collect();
        format!("{head}…{tail}")
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(hidden)")
    }
}

/// Whether a presented credential can be one of ours: well formed with the
/// right checksum, or long enough to be a preset account key.
pub fn is_plausible(presented: &str) -> bool {
    let ours = [LIVE_PREFIX, TEST_PREFIX, VIEWER_PREFIX];
    if ours.iter().any(|prefix| presented.starts_with(prefix)) {
        return is_well_formed(presented);
    }
    (MIN_PRESET_LEN..=MAX_PRESET_LEN).contains(&presented.len())
}

fn is_well_formed(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != SECRET_LEN || !bytes[PREFIX_LEN..].iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (body, stated) = bytes.split_at(PREFIX_LEN + RANDOM_LEN);
    checksum(body) == stated
}

const fn prefix(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Live => LIVE_PREFIX,
        TokenKind::Sandbox => TEST_PREFIX,
    }
}

fn random_digit(entropy: &dyn Entropy) -> char {
    loop {
        let mut byte = Zeroizing::new([0_u8]);
        entropy.fill(byte.as_mut());
        if byte[0] < UNBIASED {
            return char::from(ALPHABET[usize::from(byte[0] % 62)]);
        }
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(body);
    let mut digits = [0; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(rest % 62).expect("below 62")];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::{MAX_PRESET_LEN, PREFIX_LEN, RANDOM_LEN, SECRET_LEN, TokenSecret, is_plausible};
    use crate::entropy::Entropy;
    use crate::token::TokenKind;
    use std::sync::atomic::{AtomicU8, Ordering};

    #[test]
    fn a_secret_carries_its_kind_and_a_checksum() {
        let live = TokenSecret::generate(TokenKind::Live, &Counting::default());
        let test = TokenSecret::generate(TokenKind::Sandbox, &Counting::default());
        assert!(live.expose().starts_with("kp_live_") && test.expose().starts_with("kp_test_"));
        assert_eq!(live.expose().len(), SECRET_LEN);
        assert!(is_plausible(live.expose()) && is_plausible(test.expose()));
        let viewer = TokenSecret::generate_viewer_key(&Counting::default());
        assert!(viewer.expose().starts_with("kp_view_") && is_plausible(viewer.expose()));
        let mistyped = viewer.expose().replace('0', "1");
        assert!(!is_plausible(&mistyped));
    }

    /// Counts through all bytes, so that every digit is told from every other
    /// and none is waited for in vain.
    #[derive(Debug, Default)]
    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn every_digit_of_a_secret_is_equally_likely() {
        let from = |first: u8| {
            let secret = TokenSecret::generate(TokenKind::Live, &Counting(first.into()));
            secret.expose()[PREFIX_LEN..PREFIX_LEN + RANDOM_LEN].to_owned()
        };
        assert_eq!(from(40), "efghijklmnopqrstuvwxyz0123456789");
        // 248 to 255 would be 0 to 7 once more, and likelier than the others.
        assert_eq!(from(246), "yz0123456789ABCDEFGHIJKLMNOPQRST");
    }

    #[test]
    fn a_mistyped_secret_is_recognised_without_the_store() {
        let secret = TokenSecret::generate(TokenKind::Live, &Counting::default());
        for index in 0..SECRET_LEN {
            let mut typo = secret.expose().to_owned().into_bytes();
            typo[index] = if typo[index] == b'x' { b'y' } else { b'x' };
            let typo = String::from_utf8(typo).unwrap();
            let still_ours = typo.starts_with("kp_live_") || typo.starts_with("kp_test_");
            assert!(!still_ours || !is_plausible(&typo), "{typo}");
        }
    }

    #[test]
    fn junk_is_not_plausible() {
        for junk in [
            "",
            "x",
            "kp_live_",
            "kp_live_é",
            &"a".repeat(31),
            &"a".repeat(MAX_PRESET_LEN + 1),
        ] {
            assert!(!is_plausible(junk), "{junk}");
        }
        assert!(is_plausible(&"a".repeat(32)));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = TokenSecret::generate(TokenKind::Live, &Counting::default());
        assert_eq!(format!("{secret:?}"), "TokenSecret(hidden)");
        let masked = secret.masked();
        assert_eq!(masked.chars().count(), 13);
        assert!(secret.expose().ends_with(&masked[masked.len() - 4..]));
    }
}
