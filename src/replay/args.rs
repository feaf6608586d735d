//! What was typed on the command line of `inview-replay`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::output::Format;
use crate::report::Hash;
use crate::trust::signature::PublicKey;

/// Replay recordings and report when the candidate was out of view.
///
/// A file is one recording. A folder of images is one recording, too; any other folder stands for
/// the videos in it. H.264 in MP4 or MOV, MJPEG in AVI and images need nothing else installed;
/// other formats are read through ffmpeg when it is on the PATH.
#[derive(Debug, Parser)]
#[command(
    name = "inview-replay",
    version,
    max_term_width = 100,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Args {
    /// Recordings, or folders of recordings.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to write what was found.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Write it to FILE instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Look at this many frames a second [default: the policy's, 5].
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,

    /// Times and thresholds, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Write a JSON line for every frame that was looked at: finds, scores, state, why.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// Take faces and people from FILE, lines as --trace writes them, instead of the models.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,

    /// Replay this many recordings at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,

    /// Report the findings to this proctoring server.
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub report_to: Option<String>,

    /// The file that holds the token for --report-to.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// The certificate authority (PEM) that vouches for the server, instead of the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Reach the server by this proxy, such as `http://proxy.example:3128` [default: the system's].
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,

    /// The server must have this key, too: its SHA-256.
    #[arg(long, value_name = "HASH")]
    pub pin: Option<Hash>,

    /// Allow http:// for --report-to, for a server on this machine only.
    #[arg(long)]
    pub allow_plain_loopback: bool,

    /// Where reports wait until the server has them [default: the user's data folder].
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,

    /// At the end, wait this long for the server to take the reports.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub report_timeout: u64,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Verify(VerifyArgs),
    Evaluate(EvaluateArgs),
    Explain(ExplainArgs),
    Tune(TuneArgs),
}

/// Say why the state was what it was at one second of a recording, and what would have to differ.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_EXPLAIN_HELP)]
pub struct ExplainArgs {
    /// The recording.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,

    /// The moment: seconds, or m:ss, or h:mm:ss.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub at: f64,

    /// Look at this many frames a second [default: the policy's, 5].
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,

    /// Times and thresholds, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Take faces and people from FILE, lines as --trace writes them, instead of the models.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
}

/// `12.4`, `1:02.5`, `1:01:02.5`: seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let mut seconds = 0.0;
    for part in text.split(':') {
        let value: f64 = part.parse().map_err(|_ignored| "expected 12.4 or 1:02.5".to_owned())?;
        seconds = seconds * 60.0 + value;
    }
    Some(seconds).filter(|it| (0.0..1e8).contains(it)).ok_or_else(|| "no such time".to_owned())
}

/// Try thousands of policies on recordings whose truth is known, and write the best one.
///
/// The models run once; each policy is then tried on what they found. Its figures are those that
/// `evaluate --policy` prints for it.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_TUNE_HELP)]
pub struct TuneArgs {
    /// Recordings, or folders of recordings.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// A policy file in which lists stand for alternatives; all combinations are tried.
    #[arg(long, value_name = "FILE")]
    pub grid: PathBuf,

    /// How to write what came out. CSV has a line for each policy.
    #[arg(long, value_enum, default_value_t)]
    pub format: TuningFormat,

    /// Write the policy that is taken to FILE.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Take the policy that misses the fewest seconds with no more false alarms an hour than this.
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    pub max_false_alarms: f64,

    /// Truth files are in DIR instead of beside the recordings.
    #[arg(long, value_name = "DIR")]
    pub labels: Option<PathBuf>,

    /// Look at this many frames a second, where the grid does not say [default: the policy's, 5].
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,

    /// What the grid does not name, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Take faces and people from FILE, lines as --trace writes them, instead of the models.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,

    /// Work on this many recordings, and then policies, at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
}

/// How a tuning is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TuningFormat {
    /// The trade-off, and the policy that is taken.
    #[default]
    Text,
    /// Everything.
    Json,
    /// One line for each policy.
    Csv,
}

/// Measure how often this is wrong, on recordings whose truth is known.
///
/// The truth of NAME.mp4 stands beside it in NAME.labels.json; NAME.csv and exports of Label Studio, CVAT
/// and ELAN are read, too. docs/EVALUATION.md says what is measured, and how.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_EVALUATE_HELP)]
pub struct EvaluateArgs {
    /// Recordings, or folders of recordings.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to write the figures.
    #[arg(long, value_enum, default_value_t)]
    pub format: EvaluationFormat,

    /// Write them to FILE instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Write a page to look at, too. It holds small pictures of the recordings.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// No pictures in that page.
    #[arg(long)]
    pub no_pictures: bool,

    /// Truth files are in DIR instead of beside the recordings.
    #[arg(long, value_name = "DIR")]
    pub labels: Option<PathBuf>,

    /// More conditions: lines of a recording's name and its tags, parted by commas.
    #[arg(long, value_name = "FILE")]
    pub tags: Option<PathBuf>,

    /// Fail when a figure is worse than in FILE, which --format json has written.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Fail when groups differ by more than this in the part of seconds that is told wrongly, 0 to 1.
    #[arg(long, value_name = "SHARE")]
    pub max_gap: Option<f64>,

    /// Draws the recordings by which it is said how sure a gap between groups is.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Look at this many frames a second [default: the policy's, 5].
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,

    /// Times and thresholds, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Take faces and people from FILE, lines as --trace writes them, instead of the models.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,

    /// Replay this many recordings at a time. Speed is that of each of them then.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
}

/// How figures are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EvaluationFormat {
    /// Tables that a person reads.
    #[default]
    Text,
    /// Everything, and a baseline for later runs.
    Json,
    /// One line for each recording, condition and kind.
    Csv,
    /// The table of a README: figures by kind.
    Markdown,
    /// The page that --report writes.
    Html,
}

impl EvaluateArgs {
    /// Whether a page is wanted, which shows scores through time.
    pub(super) fn wants_page(&self) -> bool {
        self.report.is_some() || self.format == EvaluationFormat::Html
    }
}

/// Check that nothing of a report was changed: one line for each chain, with the first report that is
/// wrong.
///
/// FILE is a candidate's copy, or an export of a server.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_VERIFY_HELP)]
pub struct VerifyArgs {
    /// The report.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The session's public key, where it is known from elsewhere [default: as the report says].
    #[arg(long, value_name = "KEY")]
    pub key: Option<PublicKey>,
}

const AFTER_VERIFY_HELP: &str = "\
Exit status: 0 nothing is wrong; 1 something was changed, and the line says what; 2 there is nothing \
that can be checked.";

const AFTER_EVALUATE_HELP: &str = "\
Exit status: 0 all recordings were evaluated; 1 at least one could not be: it cannot be read, or its truth \
file is missing or wrong; 2 the command line or a file named in it is wrong; 4 a figure is worse than \
--baseline or --max-gap allows; 130 stopped by Ctrl-C.";

const AFTER_EXPLAIN_HELP: &str = "\
Exit status: 0 it was said; 2 the recording cannot be read or does not reach that moment, or the command \
line or a file named in it is wrong; 130 stopped by Ctrl-C.";

const AFTER_TUNE_HELP: &str = "\
Exit status: 0 all recordings took part; 1 at least one has no truth file, or a wrong one; 2 the command \
line or a file named in it is wrong, or a recording cannot be read to its end; 130 stopped by Ctrl-C.";

const AFTER_HELP: &str = "\
Exit status: 0 all recordings were replayed to their end (and reported); 1 at least one could not \
be, or breaks off; 2 the command line or a file named in it is wrong; 3 reports still wait in the \
spool, and the same command sends them, or the server refused some; 130 stopped by Ctrl-C.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn reporting_needs_a_token() {
        let typed = ["inview-replay", "a.mp4", "--report-to", "https://localhost"];
        assert!(Args::try_parse_from(typed).is_err());
    }
}
