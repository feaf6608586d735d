//! Where a request came from, and under which address it found the server.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use ipnet::IpNet;

use crate::server::State;
use crate::server::http::error::Refusal;

/// The address of the server as the asker knows it: `https://host[:port]`.
#[derive(Clone, Debug)]
pub(in crate::server) struct Origin(pub(in crate::server) String);

impl FromRequestParts<State> for Origin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let origin = Self::of(&parts.uri, &parts.headers);
        origin.ok_or_else(|| Refusal::parameter("the host is missing"))
    }
}

impl Origin {
    /// `None`: the request does not name it.
    pub(in crate::server) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let header = || headers.get(HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let authority = uri.authority().cloned().or_else(header)?;
        let host = Some(authority.as_str()).filter(|host| !host.contains('@'))?;
        Some(Self(format!("https://{}", host.to_ascii_lowercase())))
    }
}

/// The address that a request comes from: the connection's, or what a proxy says that is believed.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Peer(pub(in crate::server) IpAddr);

impl FromRequestParts<State> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = found.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(it)| it.ip());
        Ok(Self(client(peer, &parts.headers, state.trusted_proxies())))
    }
}

/// The nearest address that is no proxy of ours. Each proxy adds who has come to it at the end of
/// `X-Forwarded-For`; what stands before was said by those whom nobody vouches for.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    let said = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut said: Vec<&str> = said.flat_map(|value| value.split(',')).collect();
    let mut nearest = peer;
    while is_trusted(nearest) {
        let Some(Ok(before)) = said.pop().map(|text| text.trim().parse()) else { break };
        nearest = before;
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_has_seen_itself() {
        let trusted: Vec<IpNet> =
            ["127.0.0.1/32", "10.0.0.0/8"].map(|text| text.parse().unwrap()).into();
        for (peer, header, expected) in [
            ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "203.0.113.66, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "198.51.100.1,10.1.2.3", "198.51.100.1"),
            ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
        ] {
            let headers = HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("x-forwarded-for"),
                header.parse().unwrap(),
            )]);
            let found = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {header}");
        }
    }
}
