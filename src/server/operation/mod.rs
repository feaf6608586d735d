//! What those who run the server need: whether it is well, figures of it, and how it is set up.
//!
//! `health` answers a load balancer, `metrics` a Prometheus; both are served on an address of their own,
//! which `listener` opens where it is asked for. `retention` takes away what was kept for long enough. `settings` has what may be set, by a file, the
//! environment or the command line, and `reload` takes a renewed certificate while the server runs.

pub(super) mod health;
pub(super) mod listener;
pub(super) mod metrics;
#[cfg(feature = "cli")]
pub(super) mod reload;
pub mod retention;
#[cfg(feature = "cli")]
pub mod settings;
