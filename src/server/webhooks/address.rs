//! Where messages may go: whoever names an address must not reach with it what only this machine, or only its
//! network, can reach. Pure but for the resolver.
//!
//! Names are resolved when a connection is made, and what they resolve to is checked there: a name cannot
//! mean another machine a moment after it was found good.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Most bytes of an address.
const MOST: usize = 2_000;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(first: u16, last: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last), prefix))
}

/// Never: what a cloud tells its machines about themselves, and what is no machine's address.
const NEVER: [IpNet; 9] = [
    v4(0, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(100, 100, 100, 200, 32),
    v4(224, 0, 0, 0, 3),
    v6(0, 0, 128),
    v6(0xfe80, 0, 10),
    v6(0xfec0, 0, 10),
    v6(0xff00, 0, 8),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128)),
];
/// This machine and its networks: when whoever runs the server says so.
const PRIVATE: [IpNet; 9] = [
    v4(127, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
    v4(100, 64, 0, 0, 10),
    v4(192, 0, 0, 0, 24),
    v4(198, 18, 0, 0, 15),
    v6(0, 1, 128),
    v6(0xfc00, 0, 7),
];

/// Which machines may be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::server) enum Within {
    /// Those of the internet.
    #[default]
    Public,
    /// This machine and its networks, too.
    Private,
}

impl Within {
    pub(super) fn has(self, address: IpAddr) -> bool {
        let is_in = |networks: &[IpNet], address| networks.iter().any(|it| it.contains(&address));
        let meant = [Some(address.to_canonical()), embedded(address)];
        meant.into_iter().flatten().all(|address| {
            !is_in(&NEVER, address) && (self == Self::Private || !is_in(&PRIVATE, address))
        })
    }
}

/// The address of version 4 that one of version 6 leads to: by NAT64, or 6to4.
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let words = address.segments();
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Some(IpAddr::from([a, b, c, d]))
    };
    match words {
        // The last one: what IPv4-mapped addresses were before.
        [0x64, 0xff9b, 0 | 1, .., high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0, 0, high @ 1..=0xffff, low] => of(high, low),
        _ => None,
    }
}

/// In one piece: pages look it up.
const NOT_WITHIN: &str = "url is of a machine that is not to be reached: those who run the server may allow its own networks (--allow-private-webhooks)";

/// An address that messages may be sent to, or why not.
pub(super) fn check(text: &str, within: Within) -> Result<Url, &'static str> {
    if text.len() > MOST {
        return Err("url has at most 2000 bytes");
    }
    let url = Url::parse(text).map_err(|_no_url| "url is no address")?;
    let host = url.host_str().ok_or("url names no machine")?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("url has no name, password or fragment");
    }
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let is_local = literal.map_or(host == "localhost", |address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => return Err("url begins with https://; http:// is for this machine alone"),
    }
    let is_within = literal.map_or(within == Within::Private || !is_local, |it| within.has(it));
    if is_within { Ok(url) } else { Err(NOT_WITHIN) }
}

/// Finds machines by name, and no others than may be reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver(pub(super) Within);

/// Nothing that a name leads to may be reached.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no machine that may be reached")]
pub(super) struct Unreachable;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self(within) = *self;
        Box::pin(async move {
            let found: io::Result<Vec<SocketAddr>> =
                tokio::net::lookup_host((name.as_str(), 0)).await.map(Iterator::collect);
            let mut found = found?;
            found.retain(|address| within.has(address.ip()));
            if found.is_empty() {
                return Err(Unreachable.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cloud_tells_its_machines_is_never_reached_and_private_networks_only_when_allowed() {
        let has = |within: Within, text: &str| within.has(text.parse().unwrap());
        for never in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert!(!has(Within::Public, never) && !has(Within::Private, never), "{never}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(!has(Within::Public, private) && has(Within::Private, private), "{private}");
        }
        for public in ["192.0.2.1", "172.32.0.1", "2001:db8::1", "64:ff9b::c000:201"] {
            assert!(has(Within::Public, public) && has(Within::Private, public), "{public}");
        }
    }

    #[test]
    fn an_address_is_https_or_of_this_machine_and_has_no_password() {
        for (text, public, private) in [
            ("https://hooks.example/in?a=b", true, true),
            ("https://192.0.2.7:8443/", true, true),
            ("http://hooks.example/", false, false),
            ("http://127.0.0.1:80/", false, true),
            ("http://localhost:80/", false, true),
            ("https://localhost/", false, true),
            ("http://[::1]:80/", false, true),
            ("https://10.0.0.1/", false, true),
            ("http://10.0.0.1/", false, false),
            // Numbers that browsers and libraries read as addresses.
            ("https://2852039166/", false, false),
            ("https://0xa9fea9fe/", false, false),
            ("https://[::ffff:169.254.169.254]/", false, false),
            ("https://ann:word@hooks.example/", false, false),
            ("https://hooks.example/#there", false, false),
            ("ftp://hooks.example/", false, false),
            ("hooks.example", false, false),
        ] {
            assert_eq!(check(text, Within::Public).is_ok(), public, "{text}");
            assert_eq!(check(text, Within::Private).is_ok(), private, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let resolve = |within| Resolver(within).resolve("localhost".parse().unwrap());
        assert!(resolve(Within::Public).await.is_err());
        assert!(resolve(Within::Private).await.is_ok());
    }
}
