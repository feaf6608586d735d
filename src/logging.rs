//! Logs of the programs: to standard error, warnings and worse unless `INVIEW_LOG` says otherwise.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The environment variable that chooses what is logged, as in `INVIEW_LOG=inview=debug`.
pub const FILTER_VARIABLE: &str = "INVIEW_LOG";

/// Starts logging. A second call changes nothing.
pub fn init() {
    let asked = std::env::var(FILTER_VARIABLE).ok().and_then(|asked| asked.parse().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time();
    let logs = tracing_subscriber::registry().with(lines).with(filter);
    // Err: somebody has set up logging before; theirs stands.
    let _already_set = logs.try_init();
}
