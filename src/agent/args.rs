//! What was typed on the command line of `inview`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::redact::Pii;
use crate::report::Hash;
use crate::upload::Route;

/// Watch the candidate in an exam, and report when nobody was in view.
///
/// With --headless, without a window: says what changes as JSON lines on standard output, and takes
/// commands as JSON lines on standard input: {"command":"begin"}, {"command":"end"}, and, when the
/// candidate has read a message of the proctor, {"command":"read","message":ID}. For exam clients
/// that have a window of their own.
#[derive(Clone, Debug, Parser)]
#[command(name = "inview", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// Run without a window.
    #[arg(long)]
    pub headless: bool,

    /// The exam: the link that you were sent, or a session file [default: the one that goes on, or
    /// else the window asks].
    #[arg(long, value_name = "FILE|LINK")]
    pub session: Option<OsString>,

    /// The same, as systems pass links on.
    #[arg(value_name = "LINK", conflicts_with = "session")]
    pub link: Option<OsString>,

    /// The certificates (PEM) in FILE alone vouch for the server of a link [default: the system's].
    #[arg(long, value_name = "FILE", alias = "ca")]
    pub authority: Option<PathBuf>,

    /// Reach the server by this proxy, such as `http://proxy.example:3128` [default: as the session file
    /// or the system says].
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,

    /// The server must have this key, too: its SHA-256 [default: as the link or the session file says].
    #[arg(long, value_name = "HASH")]
    pub pin: Option<Hash>,

    /// Use this camera and no other: its id as --list-cameras says it, how that begins, or its name
    /// [default: the one chosen last, or else the first].
    #[arg(long, value_name = "NAME", conflicts_with = "replay")]
    pub camera: Option<String>,

    /// Say which cameras there are, and end.
    #[arg(long)]
    pub list_cameras: bool,

    /// Open links to exams with this program (and this --authority) from now on, and end.
    #[arg(long)]
    pub register_links: bool,

    /// Open links with it no longer, and end.
    #[arg(long, conflicts_with = "register_links")]
    pub unregister_links: bool,

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

impl Args {
    /// The way to the server, as far as it is said here.
    pub fn route(&self) -> Route {
        Route { proxy: self.proxy.clone().map(Pii::new), pin: self.pin }
    }

    /// The exam that is named, in one way or the other.
    pub fn exam(&self) -> Option<&OsString> {
        self.session.as_ref().or(self.link.as_ref())
    }
}

const AFTER_HELP: &str = "\
Exit status: 0 the exam has ended, and the server has all reports; 2 the command line or a file \
named in it is wrong, or the exam cannot be joined; 3 reports still wait on disk, and the next start with this session sends them.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        let by_handler = Args::parse_from(["inview", "inview://join?x"]);
        assert_eq!(by_handler.exam().unwrap(), "inview://join?x");
        let by_hand = Args::parse_from(["inview", "--session", "https://a/join/x"]);
        assert_eq!(by_hand.exam().unwrap(), "https://a/join/x");
        assert!(Args::try_parse_from(["inview", "a", "--session", "b"]).is_err());
    }
}
