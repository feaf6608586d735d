//! The address for those who run the server: `/metrics`, `/healthz`, `/readyz`, without TLS and without
//! tokens. It is meant for this machine or an inner network.

use std::io;
use std::net::TcpListener;

use axum::Router;
use axum::routing::get;
use axum_server::Handle;
use std::net::SocketAddr;

use super::{health, metrics};
use crate::server::State;
use crate::server::http::error::Refusal;

fn app(state: State) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(async || Refusal::not_found())
        .with_state(state)
}

/// Serves until `handle` says that it is over.
pub(in crate::server) async fn run(
    listener: TcpListener,
    state: State,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let server = axum_server::from_tcp(listener)?.handle(handle);
    server.serve(app(state).into_make_service()).await
}
