//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use http::Request;
use http::request::Parts;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of the connection. Whoever accepts connections puts it into
/// each request's extensions; without it the address is unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The address of a request's sender.
    pub fn of(parts: &Parts) -> Self {
        let unspecified = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        parts.extensions.get().copied().unwrap_or(Self(unspecified))
    }
}

/// Makes the address that the nearest proxy saw the sender's. A client can
/// send the header too: only what the proxy added last is to be trusted.
/// Without an address in it the sender stays who it was: the proxy.
pub(crate) fn follow_forwarded_for<B>(request: &mut Request<B>) {
    let last_line = request.headers().get_all(FORWARDED_FOR).iter().next_back();
    let last = last_line
        .and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next());
    if let Some(address) = last.and_then(|text| address(text.trim())) {
        request.extensions_mut().insert(PeerAddr(address));
    }
}

/// An address, with or without a port: some proxies write it.
fn address(text: &str) -> Option<SocketAddr> {
    let without_port = || text.parse().ok().map(|address| SocketAddr::new(address, 0));
    text.parse().ok().or_else(without_port)
}

impl<S: Sync> FromRequestParts<S> for PeerAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::{FORWARDED_FOR, PeerAddr, follow_forwarded_for};
    use http::Request;
    use std::net::SocketAddr;

    const PROXY: &str = "10.0.0.1:4000";

    fn sender(lines: &[&str]) -> String {
        let mut request = Request::builder().extension(PeerAddr(PROXY.parse().unwrap()));
        for line in lines {
            request = request.header(FORWARDED_FOR, *line);
        }
        let mut request = request.body(()).unwrap();
        follow_forwarded_for(&mut request);
        let PeerAddr(address) = request.extensions().get().copied().unwrap();
        SocketAddr::to_string(&address)
    }

    #[test]
    fn what_the_nearest_proxy_saw_is_the_last_entry_of_the_last_line() {
        for (lines, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7:0"),
            (&["192.0.2.1, 203.0.113.7"], "203.0.113.7:0"),
            (
                &["192.0.2.1", "198.51.100.1 ,203.0.113.7 "],
                "203.0.113.7:0",
            ),
            (&["203.0.113.7:51000"], "203.0.113.7:51000"),
            (&["2001:db8::1"], "[2001:db8::1]:0"),
            (&["[2001:db8::1]:51000"], "[2001:db8::1]:51000"),
            (&[], PROXY),
            (&["192.0.2.1, unknown"], PROXY),
            (&["192.0.2.1,"], PROXY),
            (&[""], PROXY),
        ] {
            assert_eq!(sender(lines), expected, "{lines:?}");
        }
    }
}
