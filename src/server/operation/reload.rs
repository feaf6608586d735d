//! A certificate that was renewed is taken while the server runs: on SIGHUP, and by itself twice a day.

use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use tokio::time::MissedTickBehavior;

use crate::server::home::certificate::CertificateError;

const EVERY: Duration = Duration::from_hours(12);

/// Reads the certificate again and again, for as long as the server runs. What cannot be used is told, and
/// the one before stays.
pub(in crate::server) async fn run(
    tls: RustlsConfig,
    read: impl Fn() -> Result<Arc<rustls::ServerConfig>, CertificateError> + Send + 'static,
) -> ! {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every.tick().await;
    let mut asked = Asked::new();
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = asked.next() => {}
        }
        match read() {
            Ok(config) => tls.reload_from_config(config),
            Err(error) => {
                tracing::error!(%error, "the certificate is not taken; the old one stays");
            }
        }
    }
}

/// SIGHUP, where there is one.
struct Asked {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Asked {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    const fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}
