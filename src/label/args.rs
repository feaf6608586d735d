//! What was typed on the command line of `inview-label`.

use std::path::PathBuf;

use clap::Parser;

/// Mark in a recording what is true of it, for `inview-replay evaluate`.
///
/// Opens a window with the recording, its marks, and beside them what the tool itself says of it. Every
/// recording that inview-replay reads can be labelled. F1 in the window shows the keys.
#[derive(Clone, Debug, Parser)]
#[command(name = "inview-label", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// The recording: a file, or a folder of images.
    #[arg(value_name = "CLIP")]
    pub clip: PathBuf,

    /// Read and write the truth in FILE [default: CLIP's name with labels.json, beside it].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// The truth file is in DIR instead of beside the recording.
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub labels: Option<PathBuf>,

    /// The tool looks at this many frames a second [default: the policy's, 5].
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,

    /// The tool's times and thresholds, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// The tool takes faces and people from FILE, lines as inview-replay --trace writes them, instead of
    /// the models.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Exit status: 0 the window was closed; 2 the recording or its truth file cannot be read, the command line \
is wrong, or there is no display.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
