//! Networks of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// Addresses that begin alike: `10.0.0.0/8`, `2001:db8::/32`. An IPv4 address
/// written as IPv6 (`::ffff:10.0.0.1`) is an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Invariant: bits after `prefix` are 0.
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// What stands before the slash is no address.
    #[error("not an IP address")]
    Address,
    /// What stands after the slash is no length of a prefix.
    #[error("a prefix is a number from 0 to {most}")]
    Prefix {
        /// How many bits the address has.
        most: u8,
    },
    /// An address in the network, where its first one is expected: one of the
    /// two numbers is most likely wrong.
    #[error("the network is {0}")]
    HostBits(Network),
}

impl Network {
    /// Reads CIDR notation (RFC 4632, RFC 4291). An address alone is a network
    /// of one.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let most = bits(address);
        let prefix = match prefix {
            None => most,
            Some(digits) => prefix_of(digits, most).ok_or(NetworkError::Prefix { most })?,
        };
        let network = Self::around(address, prefix);
        if network.address == address {
            Ok(network.canonical())
        } else {
            Err(NetworkError::HostBits(network.canonical()))
        }
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        bits(address) == bits(self.address)
            && Self::around(address, self.prefix).address == self.address
    }

    /// The network of this size that an address is in.
    fn around(address: IpAddr, prefix: u8) -> Self {
        let rest = u32::from(bits(address) - prefix);
        let address = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self { address, prefix }
    }

    /// The same among IPv4 addresses, if all of it are such.
    fn canonical(self) -> Self {
        let in_front = bits(self.address) - bits(self.address.to_canonical());
        match self.prefix.checked_sub(in_front) {
            Some(prefix) => Self {
                address: self.address.to_canonical(),
                prefix,
            },
            None => self,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Digits alone: `+8` and ` 8` are no prefixes.
fn prefix_of(digits: &str, most: u8) -> Option<u8> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = digits.parse().ok().filter(|_| is_number)?;
    (prefix <= most).then_some(prefix)
}
