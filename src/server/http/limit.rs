//! How many wrong codes one address may send. In memory: a server that starts again has forgotten.
//!
//! Sixty bits are what makes guessing hopeless; this keeps guesses from being work for the database.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Wrong codes of one address within a window; a school's candidates may share one.
const MOST: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Most addresses that are remembered.
const ADDRESSES: usize = 10_000;

/// Wrong codes since the first of them.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Timestamp,
    count: u32,
}

impl Window {
    fn left(&self, now: Timestamp) -> SignedDuration {
        WINDOW - now.duration_since(self.since)
    }
}

/// Wrong codes by address.
#[derive(Debug, Default)]
pub(in crate::server) struct WrongCodes {
    windows: Mutex<BTreeMap<IpAddr, Window>>,
}

impl WrongCodes {
    /// After how many seconds the address may try again; `None` when at once.
    pub(in crate::server) fn wait(&self, address: IpAddr, now: Timestamp) -> Option<u64> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&network(address)).filter(|window| window.count >= MOST)?;
        let left = window.left(now).as_secs();
        u64::try_from(left).ok().filter(|left| *left > 0)
    }

    /// A wrong code came.
    pub(in crate::server) fn note(&self, address: IpAddr, now: Timestamp) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let address = network(address);
        windows.retain(|_, window| window.left(now).is_positive());
        if windows.len() >= ADDRESSES && !windows.contains_key(&address) {
            let oldest = windows.iter().min_by_key(|(_, window)| window.since);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                windows.remove(&oldest);
            }
        }
        let window = windows.entry(address).or_insert(Window { since: now, count: 0 });
        window.count = window.count.saturating_add(1);
    }
}

/// What one person has: an address, or in IPv6 a network of them.
pub(in crate::server) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn an_address_waits_after_twenty_wrong_codes_and_others_do_not() {
        let wrong = WrongCodes::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        for second in 0..20 {
            assert_eq!(wrong.wait(one, at(second)), None, "{second}");
            wrong.note(one, at(second));
        }
        assert_eq!((wrong.wait(one, at(20)), wrong.wait(other, at(20))), (Some(280), None));
        assert_eq!(wrong.wait(one, at(300)), None);
        wrong.note(one, at(300));
        assert_eq!(wrong.wait(one, at(301)), None);
    }

    #[test]
    fn the_addresses_of_one_network_are_one() {
        let wrong = WrongCodes::default();
        for host in 0..20 {
            wrong.note(format!("2001:db8::{host:x}").parse().unwrap(), at(0));
        }
        assert!(wrong.wait("2001:db8::ffff".parse().unwrap(), at(1)).is_some());
        assert_eq!(wrong.wait("2001:db8:0:1::1".parse().unwrap(), at(1)), None);
        for _ in 0..20 {
            wrong.note("::ffff:192.0.2.1".parse().unwrap(), at(0));
        }
        assert!(wrong.wait("192.0.2.1".parse().unwrap(), at(1)).is_some());
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let wrong = WrongCodes::default();
        for number in 0..ADDRESSES as u32 + 5 {
            wrong.note(IpAddr::V4(number.into()), at(i64::from(number / 1_000)));
        }
        assert_eq!(wrong.windows.lock().unwrap().len(), ADDRESSES);
    }
}
