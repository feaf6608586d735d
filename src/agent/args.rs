//! What was typed on the command line of `inview`.

use std::path::PathBuf;

use clap::Parser;

/// Watch the candidate in an exam, and report when nobody was in view.
///
/// With --headless, without a window: says what changes as JSON lines on standard output, and takes
/// commands as JSON lines on standard input: {"command":"begin"}, {"command":"end"}, and, when the
/// candidate has read a message of the proctor, {"command":"read","message":ID}. For exam clients
/// that have a window of their own.
#[derive(Debug, Parser)]
#[command(name = "inview", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// Run without a window.
    #[arg(long)]
    pub headless: bool,

    /// The session file that the exam's backend has issued.
    #[arg(long, value_name = "FILE", required_unless_present = "list_cameras")]
    pub session: Option<PathBuf>,

    /// Use this camera and no other: its id as --list-cameras says it, how that begins, or its name
    /// [default: the one chosen last, or else the first].
    #[arg(long, value_name = "NAME", conflicts_with = "replay")]
    pub camera: Option<String>,

    /// Say which cameras there are, and end.
    #[arg(long)]
    pub list_cameras: bool,

    /// Watch this recording at real pace instead of a camera, for tests and demonstrations.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// Begin the exam at once, without waiting for the command.
    #[arg(long)]
    pub begin: bool,

    /// At the end, wait this long for the server to take the reports.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub flush: u64,

    /// Where reports wait until the server has them [default: the user's data folder].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Exit status: 0 the exam has ended, and the server has all reports; 2 the command line or a file \
named in it is wrong; 3 reports still wait on disk, and the next start with this session sends them.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
