//! What was typed on the command line of `inview-server`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::logging::Format;
use crate::report::{Hash, SessionId};
use crate::trust::signature::PublicKey;

/// Take reports of agents and replays, keep them, and show them.
///
/// The first start makes a certificate and three tokens in DIR: agent.token, with which agents
/// report, proctor.token, with which proctors read, and manager.token, with which sessions are
/// issued. Each start prints a link to sign in to the pages, until there is an administrator's account;
/// the link leads to where one is made.
#[derive(Debug, Parser)]
#[command(
    name = "inview-server",
    version,
    max_term_width = 100,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    /// Take what is not given here from FILE, in TOML: the same names, with underscores. See
    /// docs/OPERATION.md.
    #[arg(long, value_name = "FILE", env = "INVIEW_SERVER_CONFIG")]
    pub config: Option<PathBuf>,

    /// Keep everything in DIR.
    #[arg(long, value_name = "DIR", env = "INVIEW_SERVER_DATA")]
    pub data: Option<PathBuf>,

    /// Listen on this address; port 0 takes a free one [default: 127.0.0.1:8443].
    #[arg(long, value_name = "ADDR", env = "INVIEW_SERVER_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Tell figures for Prometheus on this address, at /metrics, and whether the server is well, without
    /// TLS: for this machine or an inner network.
    #[arg(long, value_name = "ADDR", env = "INVIEW_SERVER_METRICS")]
    pub metrics: Option<SocketAddr>,

    /// Use this certificate, PEM, with those that vouch for it, instead of one of an authority of the
    /// server's own. It is read again on SIGHUP, and twice a day.
    #[arg(long, value_name = "FILE", env = "INVIEW_SERVER_CERTIFICATE")]
    pub certificate: Option<PathBuf>,

    /// The private key of --certificate, PEM.
    #[arg(long, value_name = "FILE", env = "INVIEW_SERVER_KEY")]
    pub key: Option<PathBuf>,

    /// Listen without TLS: a proxy before the server has the certificate.
    #[arg(long, env = "INVIEW_SERVER_PLAIN_HTTP")]
    pub plain_http: bool,

    /// Believe what a proxy in this network says of where requests come from (X-Forwarded-For); may be
    /// given several times.
    #[arg(
        long,
        value_name = "NETWORK",
        env = "INVIEW_SERVER_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<String>,

    /// Let webhooks lead to this machine and its private networks, too.
    #[arg(long, env = "INVIEW_SERVER_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,

    /// How logs are written, to standard error.
    #[arg(long, value_enum, default_value_t, env = "INVIEW_SERVER_LOG_FORMAT")]
    pub log_format: Format,

    /// Write a JSON object with the addresses and the names of the files to FILE when ready.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,

    /// Print a link that signs in as an administrator, although there is an account of one: for those who
    /// have lost their password.
    #[arg(long)]
    pub sign_in_link: bool,

    /// People of an organisation sign in by its own server, too, which FILE, in TOML, names: see
    /// docs/PROTOCOL.md.
    #[arg(long, value_name = "FILE")]
    pub oidc: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Backup(BackupArgs),
    Issue(IssueArgs),
    Verify(VerifyArgs),
    VerifyAudit(VerifyAuditArgs),
}

/// Make sessions for candidates: print a code and links for each.
///
/// Asks a server that runs: the one that keeps everything in --data DIR on this machine, or any other
/// by --server and --token-file.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_ISSUE_HELP)]
pub struct IssueArgs {
    /// What proctors read in the list, such as "Seat 7".
    #[arg(long)]
    pub label: String,

    /// Make so many; their labels are numbered.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub count: u16,

    /// They belong to this exam, and have its policy.
    #[arg(long, value_name = "ID", conflicts_with = "policy")]
    pub exam: Option<uuid::Uuid>,

    /// In this room of the exam.
    #[arg(long, value_name = "NAME", requires = "exam")]
    pub room: Option<String>,

    /// By this policy, TOML or JSON, instead of the default.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// The codes are good until then, such as 2026-11-25T18:00:00Z [default: in seven days].
    #[arg(long, value_name = "TIME")]
    pub expires_at: Option<String>,

    /// The links hold agents to this key of the server: its SHA-256, as the server says it at its start.
    #[arg(long, value_name = "HASH")]
    pub pin: Option<Hash>,

    /// The folder of the server.
    #[arg(long, value_name = "DIR", required_unless_present_all = ["server", "token_file"])]
    pub data: Option<PathBuf>,

    /// The address of the server, which goes into the links [default: as DIR has it].
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// The token that issues sessions [default: manager.token in DIR].
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// These certificates alone vouch for the server [default: the system's and authority.pem in DIR].
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Write what was issued to FILE, too, as a JSON list, for its owner alone.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Copy the database to FILE, also while a server uses it, and check the copy.
///
/// To go back to it: stop the server, and put FILE in place of inview.db in its folder, without inview.db-wal
/// and inview.db-shm. The keys and tokens beside it never change by themselves; keep a copy of them, too.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_BACKUP_HELP)]
pub struct BackupArgs {
    /// The copy; it must not be there yet.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The folder of the server.
    #[arg(long, value_name = "DIR", env = "INVIEW_SERVER_DATA")]
    pub data: PathBuf,
}

/// Check that the log of who did what is as it was written; name the first row that is not.
///
/// Also while a server runs there. Rows that were cut off at the end are found by comparing the number
/// of rows and the last hash with those of an earlier check.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_VERIFY_AUDIT_HELP)]
pub struct VerifyAuditArgs {
    /// The folder of the server.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// Check that nothing of a report was changed: one line for each chain, with the first report that is
/// wrong.
///
/// FILE is an export or a candidate's copy. A session is read from the database in --data DIR, whether
/// its server runs or not.
#[derive(Debug, clap::Args)]
#[command(max_term_width = 100, after_help = AFTER_VERIFY_HELP)]
pub struct VerifyArgs {
    /// The report.
    #[arg(value_name = "FILE", required_unless_present = "session", conflicts_with = "session")]
    pub file: Option<PathBuf>,

    /// The session in the database.
    #[arg(long, value_name = "ID", requires = "data")]
    pub session: Option<SessionId>,

    /// The folder of the server.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// The session's public key, where it is known from elsewhere [default: as the report says].
    #[arg(long, value_name = "KEY")]
    pub key: Option<PublicKey>,
}

const AFTER_HELP: &str = "\
Exit status: 0 stopped by Ctrl-C or SIGTERM; 1 the server failed while it ran; 2 it could not \
start: the folder, the database or the address cannot be used.";

const AFTER_BACKUP_HELP: &str = "\
Exit status: 0 the copy is there and whole; 2 it is not, and nothing is left of it.";

const AFTER_VERIFY_HELP: &str = "\
Exit status: 0 nothing is wrong; 1 something was changed, and the line says what; 2 there is nothing \
that can be checked.";

const AFTER_ISSUE_HELP: &str = "\
Exit status: 0 all were issued; 1 not all were, and those that were are printed; 2 the command line \
is wrong.";

const AFTER_VERIFY_AUDIT_HELP: &str = "\
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
        assert_eq!(args.listen, None);
        let issue = ["inview-server", "issue", "--label", "Seat 7"];
        assert!(Args::try_parse_from(issue).is_err());
        for named in [&["--data", "x"][..], &["--server", "https://a", "--token-file", "x"]] {
            assert!(Args::try_parse_from(issue.iter().chain(named)).is_ok(), "{named:?}");
        }
        assert!(Args::try_parse_from(["inview-server", "verify-audit"]).is_err());
        assert!(Args::try_parse_from(["inview-server", "verify-audit", "--data", "x"]).is_ok());
    }
}
