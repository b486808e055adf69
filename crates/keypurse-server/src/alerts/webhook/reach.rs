//! Which addresses a webhook may lead to.
//!
//! Whoever holds the account key chooses the address, and must not reach with
//! it what only this machine reaches: itself, its network, the metadata of its
//! cloud. What counts is the address that is dialled, whatever its name said.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keypurse_core::rules::Network;

/// Public addresses, and the private ones the operator allows.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    private: Vec<Network>,
}

impl Reach {
    /// Public addresses and those of these networks.
    pub fn and(private: Vec<Network>) -> Self {
        Self { private }
    }

    /// Whether this address may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.private.iter().any(|it| it.contains(address))
    }
}

/// Whether an address is somewhere in the public internet, by IANA's registries
/// of special-purpose addresses (RFC 6890 and its updates).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !is_special
}

/// Global unicast is `2000::/3` alone. What carries an IPv4 address is as that
/// one is.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, middle @ .., seventh, eighth] = address.segments();
    let v4 = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(
            (u32::from(high) << 16) | u32::from(low),
        ))
    };
    match (first, second) {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        (0x64, 0xff9b) => middle == [0; 4] && v4(seventh, eighth),
        (0x2002, _) => v4(second, middle[0]),
        // Teredo, benchmarks, ORCHID and others; documentation.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) => false,
        (0x2000..0x4000, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::rules::Network;

    use super::Reach;

    fn permits(reach: &Reach, address: &str) -> bool {
        reach.permits(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_dialled_unless_a_network_is_allowed() {
        let reach = Reach::default();
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(permits(&reach, public), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permits(&reach, private), "{private}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_reached_and_no_other() {
        let networks = ["10.1.0.0/16", "::1", "127.0.0.0/8"];
        let reach = Reach::and(networks.map(|it| Network::parse(it).unwrap()).to_vec());
        for address in ["10.1.2.3", "::1", "127.0.0.1", "::ffff:10.1.2.3", "1.1.1.1"] {
            assert!(permits(&reach, address), "{address}");
        }
        for address in ["10.2.0.0", "169.254.169.254", "fe80::1"] {
            assert!(!permits(&reach, address), "{address}");
        }
    }
}
