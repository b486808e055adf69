//! Names of stored responses that open for their owner alone.
//!
//! Nothing is kept: a name carries who serves the response, how the provider
//! names it, and a mark over both and the owner, made with the pepper. It
//! opens as long as that pepper is in the keyring.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::authenticate::Caller;
use crate::vault::{Keyring, MARK_LEN, Mark};

/// What OpenAI's ids begin with, too.
const PREFIX: &str = "resp_";
/// Longer ids of a provider get no name of ours.
const LONGEST: usize = 512;

/// Makes and opens the names of one owner's responses at one provider.
#[derive(Clone)]
pub(in crate::gateway) struct Names {
    keyring: Arc<Keyring>,
    owner: String,
    provider: Arc<str>,
}

/// It is somebody else's, of another provider, or nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct NotYours;

/// A name that was read but not checked.
struct Read {
    mark: Mark,
    provider: String,
    theirs: String,
}

impl Names {
    pub(in crate::gateway) fn of(
        keyring: Arc<Keyring>,
        caller: &Caller,
        provider: Arc<str>,
    ) -> Self {
        let owner = match caller.token() {
            Some(token) => token.token.to_string(),
            None => caller.account().to_string(),
        };
        Self {
            keyring,
            owner,
            provider,
        }
    }

    /// Our name for what the provider names `theirs`; `None` when that is no
    /// id.
    pub(in crate::gateway) fn seal(&self, theirs: &str) -> Option<String> {
        if !is_id(theirs) {
            return None;
        }
        let mark = self.keyring.mark(&self.marked(theirs));
        let mut bytes = mark.to_vec();
        bytes.extend_from_slice(self.provider.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(theirs.as_bytes());
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The provider's name for what we named `ours`.
    pub(in crate::gateway) fn open(&self, ours: &str) -> Result<String, NotYours> {
        let read = Read::of(ours).ok_or(NotYours)?;
        let is_ours = read.provider == *self.provider
            && self
                .keyring
                .is_marked(&self.marked(&read.theirs), &read.mark);
        is_ours.then_some(read.theirs).ok_or(NotYours)
    }

    /// What is marked. No part of it has a line break.
    fn marked(&self, theirs: &str) -> String {
        format!("response\n{}\n{}\n{theirs}", self.owner, self.provider)
    }
}

/// Who serves the response of this name, if it is one: not yet checked.
pub(in crate::gateway) fn provider_of(ours: &str) -> Option<String> {
    Read::of(ours).map(|read| read.provider)
}

impl Read {
    fn of(ours: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(ours.strip_prefix(PREFIX)?).ok()?;
        let (mark, rest) = bytes.split_first_chunk::<MARK_LEN>()?;
        let (provider, theirs) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
        is_id(theirs).then(|| Self {
            mark: *mark,
            provider: provider.to_owned(),
            theirs: theirs.to_owned(),
        })
    }
}

/// Whether it can stand in a path as it is.
fn is_id(theirs: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=LONGEST).contains(&theirs.len()) && theirs.bytes().all(fits)
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({} at {})", self.owner, self.provider)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Names, NotYours};
    use crate::vault::{Keyring, VersionedKey};

    fn keyring(peppers: &[(u32, u8)]) -> Arc<Keyring> {
        let key = |&(version, byte): &(u32, u8)| VersionedKey {
            version,
            key: [byte; 32],
        };
        let peppers: Vec<_> = peppers.iter().map(key).collect();
        Arc::new(Keyring::new(&peppers, &[key(&(1, 9))]))
    }

    fn names(keyring: &Arc<Keyring>, owner: &str, provider: &str) -> Names {
        Names {
            keyring: Arc::clone(keyring),
            owner: owner.to_owned(),
            provider: provider.into(),
        }
    }

    #[test]
    fn a_name_opens_for_its_owner_alone() {
        let ring = keyring(&[(1, 1)]);
        let mine = names(&ring, "tok_1", "openai");
        let name = mine.seal("resp_68af").unwrap();
        assert_eq!(mine.open(&name), Ok("resp_68af".to_owned()));
        for other in [
            names(&ring, "tok_2", "openai"),
            names(&ring, "tok_1", "azure"),
            names(&keyring(&[(1, 2)]), "tok_1", "openai"),
        ] {
            assert_eq!(other.open(&name), Err(NotYours));
        }
        for forged in ["resp_68af", "resp_", "", "msg_1", "resp_AAAA"] {
            assert_eq!(mine.open(forged), Err(NotYours), "{forged}");
        }
        for at in "resp_".len()..name.len() {
            let mut forged = name.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(mine.open(&forged), Err(NotYours), "{forged}");
        }
    }

    #[test]
    fn a_name_outlives_a_new_pepper_while_the_old_one_is_there() {
        let name = names(&keyring(&[(1, 1)]), "tok_1", "openai").seal("resp_1");
        let name = name.unwrap();
        let both = names(&keyring(&[(1, 1), (2, 2)]), "tok_1", "openai");
        assert_eq!(both.open(&name), Ok("resp_1".to_owned()));
        assert_ne!(both.seal("resp_1").unwrap(), name);
        let retired = names(&keyring(&[(2, 2)]), "tok_1", "openai");
        assert_eq!(retired.open(&name), Err(NotYours));
    }

    #[test]
    fn what_cannot_stand_in_a_path_gets_no_name() {
        let names = names(&keyring(&[(1, 1)]), "tok_1", "openai");
        let long = "x".repeat(513);
        for bad in ["", "../../files", "a/b", "a?b", "a b", "é", &long] {
            assert_eq!(names.seal(bad), None, "{bad}");
        }
    }
}
