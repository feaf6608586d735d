//! What was typed on the command line of `inview-server`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Take reports of agents and replays, keep them, and show them.
///
/// The first start makes a certificate and two tokens in DIR: agent.token, with which agents
/// report, and proctor.token, with which proctors read. Each start prints a link to sign in to
/// the page.
#[derive(Debug, Parser)]
#[command(
    name = "inview-server",
    version,
    max_term_width = 100,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Args {
    /// Keep everything in DIR.
    #[arg(long, value_name = "DIR", required = true)]
    pub data: Option<PathBuf>,

    /// Listen on this address; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,

    /// Write a JSON object with the addresses and the names of the files to FILE when ready.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    VerifyAudit(VerifyAuditArgs),
}

/// Check that the log of who did what is as it was written; name the first row that is not.
///
/// Also while a server runs there. Rows that were cut off at the end are found by comparing the number
/// of rows and the last hash with those of an earlier check.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_VERIFY_HELP)]
pub struct VerifyAuditArgs {
    /// The folder of the server.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

const AFTER_HELP: &str = "\
Exit status: 0 stopped by Ctrl-C or SIGTERM; 1 the server failed while it ran; 2 it could not \
start: the folder, the database or the address cannot be used.";

const AFTER_VERIFY_HELP: &str = "\
Exit status: 0 the log is whole; 1 a row is named that is not as it was written; 2 there is no log to \
be read.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        let args = Args::parse_from(["inview-server", "--data", "x"]);
        assert_eq!(args.listen.to_string(), "127.0.0.1:8443");
        assert!(Args::try_parse_from(["inview-server"]).is_err());
        assert!(Args::try_parse_from(["inview-server", "verify-audit"]).is_err());
        assert!(Args::try_parse_from(["inview-server", "verify-audit", "--data", "x"]).is_ok());
    }
}
