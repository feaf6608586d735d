//! Logs of the programs: to standard error, warnings and worse unless `INVIEW_LOG` says otherwise.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The environment variable that chooses what is logged, as in `INVIEW_LOG=inview=debug`.
pub const FILTER_VARIABLE: &str = "INVIEW_LOG";

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, who see when it comes.
    #[default]
    Text,
    /// An object a line, with its time: for programs that collect logs.
    Json,
}

/// Starts logging. A second call changes nothing.
pub fn init() {
    init_as(Format::Text);
}

/// [`init`], in one form or the other.
pub fn init_as(format: Format) {
    let asked = std::env::var(FILTER_VARIABLE).ok().and_then(|asked| asked.parse().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logs = tracing_subscriber::registry().with(filter);
    // Err: somebody has set up logging before; theirs stands.
    let _already_set = match format {
        Format::Text => logs.with(lines.with_target(false).without_time()).try_init(),
        Format::Json => logs.with(lines.json().flatten_event(true)).try_init(),
    };
}
