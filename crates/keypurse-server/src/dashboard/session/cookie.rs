//! The cookie: an unguessable id, of which the store knows a digest.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use keypurse_core::entropy::Entropy;
use keypurse_store::Digest;
use zeroize::Zeroizing;

use crate::dashboard::transport::Way;

/// Browsers take this name only from the host itself, over TLS, for all paths.
const NAME: &str = "__Host-sid";
/// On loopback without TLS, where browsers may refuse the other.
const LOOPBACK_NAME: &str = "keypurse-sid";
const ID_LEN: usize = 32;

/// An id of 256 random bits.
pub(super) struct CookieId {
    text: Zeroizing<String>,
}

impl CookieId {
    pub(super) fn generate(entropy: &dyn Entropy) -> Self {
        let mut id = Zeroizing::new([0; ID_LEN]);
        entropy.fill(id.as_mut());
        Self {
            text: Zeroizing::new(URL_SAFE_NO_PAD.encode(id.as_ref())),
        }
    }

    /// What the store finds its session by.
    pub(super) fn digest(&self) -> Digest {
        digest_of(&self.text)
    }

    /// The header that makes the browser keep it until it is closed.
    pub(super) fn set(&self, way: Way) -> HeaderValue {
        header(way, &self.text, "")
    }
}

/// The header that makes a browser forget its id.
pub(super) fn forget(way: Way) -> HeaderValue {
    header(way, "", "; Max-Age=0")
}

/// The digest of the id that a request carries.
pub(super) fn presented(way: Way, headers: &HeaderMap) -> Option<Digest> {
    let name = name(way);
    let lines = headers.get_all(COOKIE).into_iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(found, _)| *found == name)?;
    (!id.is_empty()).then(|| digest_of(id))
}

fn digest_of(id: &str) -> Digest {
    let digest = digest(&SHA256, id.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn name(way: Way) -> &'static str {
    match way {
        Way::Encrypted => NAME,
        Way::Loopback | Way::Clear => LOOPBACK_NAME,
    }
}

fn header(way: Way, id: &str, age: &str) -> HeaderValue {
    let name = name(way);
    let secure = match way {
        Way::Encrypted => "; Secure",
        Way::Loopback | Way::Clear => "",
    };
    let text = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    HeaderValue::try_from(text).expect("an id is base64")
}
