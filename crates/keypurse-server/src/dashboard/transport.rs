//! How a request came: what a cookie can be trusted to.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::http::peer::PeerAddr;
use crate::state::{AppState, Transport};

/// How a browser's request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Over TLS, ours or a proxy's.
    Encrypted,
    /// Unencrypted, without leaving its machine.
    Loopback,
    /// Unencrypted from elsewhere: nothing secret may be sent this way.
    Clear,
}

impl Way {
    pub(super) fn of(transport: Transport, request: &Parts) -> Self {
        match transport {
            Transport::Tls => Self::Encrypted,
            // A page of another host that leads here by its name is not local.
            Transport::Plain if is_local_host(request) => Self::Loopback,
            Transport::Plain => Self::Clear,
            Transport::BehindProxy => match forwarded_scheme(request) {
                Some("https") => Self::Encrypted,
                Some(_) => Self::Clear,
                // Somebody on the machine itself, past the proxy.
                None if is_local_host(request) && is_local_peer(request) => Self::Loopback,
                // The operator says that the proxy does TLS.
                None => Self::Encrypted,
            },
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::Encrypted => "https",
            Self::Loopback | Self::Clear => "http",
        }
    }
}

impl FromRequestParts<AppState> for Way {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(state.settings.transport, parts))
    }
}

/// The origin a browser knows these pages by: `https://host:port`.
pub(super) fn own_origin(way: Way, request: &Parts) -> Option<String> {
    let host = host(request).filter(|host| is_plain(host))?;
    Some(format!("{}://{host}", way.scheme()))
}

/// Host and port as the browser wrote them: HTTP/2 has them in the address.
fn host(request: &Parts) -> Option<&str> {
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    let header = || request.headers.get(http::header::HOST)?.to_str().ok();
    authority.or_else(header)
}

/// What browsers write. Anything else is no name we go by.
fn is_plain(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(is_plain)
}

fn is_local_host(request: &Parts) -> bool {
    let Some(host) = host(request) else {
        return false;
    };
    let Ok(authority) = host.parse::<http::uri::Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_local_peer(request: &Parts) -> bool {
    PeerAddr::of(request).0.ip().to_canonical().is_loopback()
}

/// What the nearest proxy says: it writes the last word.
fn forwarded_scheme(request: &Parts) -> Option<&str> {
    let lines = request.headers.get_all("x-forwarded-proto");
    let last = lines.iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next().map(str::trim)
}
