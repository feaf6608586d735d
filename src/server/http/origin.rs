//! Where a request came from, and under which address it found the server.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::server::State;
use crate::server::http::error::Refusal;

/// The address of the server as the asker knows it: `https://host[:port]`.
#[derive(Clone, Debug)]
pub(in crate::server) struct Origin(pub(in crate::server) String);

impl FromRequestParts<State> for Origin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let header = || parts.headers.get(HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let authority = parts.uri.authority().cloned().or_else(header);
        let authority = authority.filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| Refusal::parameter("the host is missing"))?;
        Ok(Self(format!("https://{}", authority.as_str().to_ascii_lowercase())))
    }
}

/// The address that the connection comes from. Behind a proxy it is the proxy's: what a header says
/// of others is not believed.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Peer(pub(in crate::server) IpAddr);

impl FromRequestParts<State> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(found.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip())))
    }
}
