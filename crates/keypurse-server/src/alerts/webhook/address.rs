//! Where a receiver is. Who knows the path of many receivers may post to them,
//! so an address is kept sealed and shown up to its host alone.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use thiserror::Error;
use zeroize::Zeroizing;

use super::reach::Reach;

/// The longest address, in characters.
pub const MAX_URL_CHARS: usize = 2048;

/// The address of a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    text: Zeroizing<String>,
    uri: Uri,
}

/// Why a text is no address of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// Longer than any that is meant.
    #[error("use no more than {MAX_URL_CHARS} characters")]
    TooLong,
    /// Neither `https://` nor `http://`, or nothing that follows.
    #[error("send an address like https://example.com/hook")]
    NotAnAddress,
    /// User name or password: they would be logged on the way.
    #[error("leave out user name and password; a secret signs every event")]
    Credentials,
    /// A part that is never sent.
    #[error("leave out the part behind `#`; it is never sent")]
    Fragment,
    /// An address of this machine or its network.
    #[error("this address is private; `allow_private_webhooks` says which may be called")]
    Private,
}

impl WebhookUrl {
    /// Reads an address, and refuses one that is never called.
    pub fn parse(text: &str, reach: &Reach) -> Result<Self, AddressFault> {
        if text.len() > MAX_URL_CHARS {
            return Err(AddressFault::TooLong);
        }
        if text.contains('#') {
            return Err(AddressFault::Fragment);
        }
        let url = Self::read(text).ok_or(AddressFault::NotAnAddress)?;
        let authority = url.uri.authority().map_or("", |it| it.as_str());
        if authority.contains('@') {
            return Err(AddressFault::Credentials);
        }
        match url.literal() {
            Some(address) if !reach.permits(address) => Err(AddressFault::Private),
            Some(_) | None => Ok(url),
        }
    }

    /// Reads an address that was read before.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let uri: Uri = text.parse().ok().filter(|_| is_visible)?;
        let scheme = uri.scheme()?;
        let is_known = *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP;
        let authority = uri.authority()?;
        let behind_user = authority.as_str().rsplit('@').next()?;
        let port = behind_user.strip_prefix(authority.host())?;
        let has_port = authority.port_u16().is_some_and(|port| port > 0);
        let is_whole = !authority.host().is_empty() && (port.is_empty() || has_port);
        (is_known && is_whole).then(|| Self {
            text: Zeroizing::new(text.to_owned()),
            uri,
        })
    }

    /// The address as far as it may be shown: `https://example.com/…`.
    pub fn shown(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |it| it.as_str());
        let rest = match self.uri.path_and_query().map(PathAndQuery::as_str) {
            None | Some("" | "/") => "",
            Some(_) => "/…",
        };
        format!("{scheme}://{authority}{rest}")
    }

    /// The host, if it is an address itself: no resolver is asked then.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        let host = self.uri.host()?;
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        bare.unwrap_or(host).parse().ok()
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.shown())
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::rules::Network;

    use super::{AddressFault, MAX_URL_CHARS, WebhookUrl};
    use crate::alerts::webhook::Reach;

    fn read(text: &str) -> Result<String, AddressFault> {
        WebhookUrl::parse(text, &Reach::default()).map(|url| url.shown())
    }

    #[test]
    fn an_address_is_http_without_credentials_and_shown_to_its_host() {
        for (text, expected) in [
            (
                "https://hooks.example.com/services/T0/B0/secret?k=1",
                Ok("https://hooks.example.com/…"),
            ),
            ("http://example.com:8080", Ok("http://example.com:8080")),
            ("https://8.8.8.8/", Ok("https://8.8.8.8")),
            (
                "https://[2606:4700::1111]/x",
                Ok("https://[2606:4700::1111]/…"),
            ),
            ("ftp://example.com/", Err(AddressFault::NotAnAddress)),
            ("example.com/x", Err(AddressFault::NotAnAddress)),
            ("https:///x", Err(AddressFault::NotAnAddress)),
            ("https://", Err(AddressFault::NotAnAddress)),
            ("", Err(AddressFault::NotAnAddress)),
            ("https://exa mple.com/", Err(AddressFault::NotAnAddress)),
            ("https://example.com/é", Err(AddressFault::NotAnAddress)),
            ("https://example.com:0/", Err(AddressFault::NotAnAddress)),
            (
                "https://example.com:99999/",
                Err(AddressFault::NotAnAddress),
            ),
            (
                "https://user:pass@example.com/",
                Err(AddressFault::Credentials),
            ),
            ("https://user@example.com/", Err(AddressFault::Credentials)),
            ("https://example.com/#x", Err(AddressFault::Fragment)),
            // As it is shown, and so not what it was.
            ("https://example.com/…", Err(AddressFault::NotAnAddress)),
            ("http://127.0.0.1/", Err(AddressFault::Private)),
            ("http://[::1]:9/", Err(AddressFault::Private)),
            ("http://[::ffff:10.0.0.1]/", Err(AddressFault::Private)),
            ("http://169.254.169.254/latest", Err(AddressFault::Private)),
        ] {
            assert_eq!(read(text), expected.map(str::to_owned), "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL_CHARS));
        assert_eq!(read(&long), Err(AddressFault::TooLong));
    }

    #[test]
    fn a_private_address_is_taken_where_its_network_is_allowed() {
        let reach = Reach::and(vec![Network::parse("10.0.0.0/8").unwrap()]);
        assert!(WebhookUrl::parse("http://10.1.2.3/", &reach).is_ok());
        assert_eq!(
            WebhookUrl::parse("http://192.168.0.1/", &reach),
            Err(AddressFault::Private)
        );
    }

    #[test]
    fn an_address_is_not_printed() {
        let url = WebhookUrl::parse("https://example.com/secret", &Reach::default()).unwrap();
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://example.com/…)");
    }
}
