//! Logs of the programs: to standard error, warnings and worse unless `INVIEW_LOG` says otherwise.

use tracing_subscriber::EnvFilter;

/// The environment variable that chooses what is logged, as in `INVIEW_LOG=inview=debug`.
pub const FILTER_VARIABLE: &str = "INVIEW_LOG";

/// Starts logging. A second call changes nothing.
pub fn init() {
    let filter =
        EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time();
    // Err: somebody has set up logging before; theirs stands.
    let _already_set = logs.try_init();
}
