//! Slows down addresses that guess secrets. A valid credential is never
//! refused for others' failures: this is asked only after one has failed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use keypurse_core::time::Timestamp;

const BURST: i64 = 20;
const PER_SECOND: i64 = 2;
const MICROS_PER_TRY: i64 = 1_000_000 / PER_SECOND;
/// Beyond this many addresses those that have recovered are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// Failed authentications per address: 20 at once, then 2 a second.
#[derive(Debug, Default)]
pub struct FailedSignIns {
    /// When each address has its whole burst again, in microseconds.
    recovered_at: Mutex<HashMap<IpAddr, i64>>,
}

/// The address has failed too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyFailures {
    /// Seconds until it may fail again.
    pub retry_after_seconds: i64,
}

impl FailedSignIns {
    /// Counts one failure, or says that there were too many.
    pub fn count(&self, address: IpAddr, now: Timestamp) -> Result<(), TooManyFailures> {
        let now = now.micros();
        let mut addresses = self
            .recovered_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= MAX_ADDRESSES {
            addresses.retain(|_, recovered_at| *recovered_at > now);
        }
        let recovered_at = addresses.entry(network(address)).or_insert(now);
        let next = (*recovered_at).max(now) + MICROS_PER_TRY;
        let over = next - now - BURST * MICROS_PER_TRY;
        if over > 0 {
            return Err(TooManyFailures {
                retry_after_seconds: over.div_euclid(1_000_000) + 1,
            });
        }
        *recovered_at = next;
        Ok(())
    }
}

/// Whom an address stands for: one host, or with IPv6 the 64 bits that whoever
/// owns one address usually owns.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let host_bits = u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !host_bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FailedSignIns, TooManyFailures, network};
    use keypurse_core::time::Timestamp;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn an_address_may_fail_twenty_times_and_then_twice_a_second() {
        let failures = FailedSignIns::default();
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        let at = |millis: i64| Timestamp::from_micros(millis * 1000);
        for _ in 0..20 {
            assert_eq!(failures.count(address, at(0)), Ok(()));
        }
        let refused = Err(TooManyFailures {
            retry_after_seconds: 1,
        });
        assert_eq!(failures.count(address, at(0)), refused);
        assert_eq!(
            failures.count(other, at(0)),
            Ok(()),
            "others are not affected"
        );
        assert_eq!(failures.count(address, at(500)), Ok(()));
        assert_eq!(failures.count(address, at(500)), refused);
    }
    #[test]
    fn neighbours_in_an_ipv6_network_are_one_guesser() {
        let networks = [
            "2001:db8:0:1::1",
            "2001:db8:0:1:ffff::2",
            "2001:db8:0:2::1",
            "::ffff:192.0.2.1",
            "192.0.2.1",
        ]
        .map(|address| network(address.parse().unwrap()));
        assert_eq!(networks[0], networks[1]);
        assert_ne!(networks[0], networks[2]);
        assert_eq!(networks[3], networks[4]);
    }
}
