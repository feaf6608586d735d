//! The command `issue`: asks a server that runs, as an exam provider's system would.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::blocking::Client;
use reqwest::{Certificate, Url, redirect};
use serde_json::Value;

use crate::redact::Pii;
use crate::report::{ExamId, IssueRequest, Issued, Problem};
use crate::server::command::args::IssueArgs;
use crate::server::home::certificate::AUTHORITY;
use crate::server::home::{ADDRESS, MANAGER_TOKEN, write_private};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the command; says on standard error what went wrong.
pub(in crate::server) fn run(args: &IssueArgs) -> ExitCode {
    let mut issued = Vec::new();
    let done = issue_all(args, &mut issued);
    let kept = keep(args, &issued);
    match done.and(kept) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "inview-server: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn issue_all(args: &IssueArgs, issued: &mut Vec<Issued>) -> anyhow::Result<()> {
    let server = Server::of(args)?;
    let policy = args.policy.as_deref().map(policy).transpose()?.unwrap_or_default();
    for number in 1..=args.count {
        let label = match args.count {
            1 => args.label.clone(),
            _ => format!("{} {number}", args.label),
        };
        let request = IssueRequest {
            label,
            policy: policy.clone(),
            expires_at: args.expires_at.clone(),
            server_pin: args.pin,
            exam: args.exam.map(ExamId),
            room: args.room.clone(),
        };
        let one = server.issue(&request)?;
        print(&one).context("cannot write to standard output")?;
        issued.push(one);
    }
    Ok(())
}

fn keep(args: &IssueArgs, issued: &[Issued]) -> anyhow::Result<()> {
    if let Some(file) = &args.file
        && !issued.is_empty()
    {
        write_private(file, &format!("{}\n", serde_json::to_string_pretty(issued)?))?;
    }
    Ok(())
}

fn print(issued: &Issued) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", issued.label)?;
    writeln!(out, "  Code   {}   good once, until {}", issued.code.reveal(), issued.expires_at)?;
    writeln!(out, "  Page   {}", issued.link.reveal())?;
    writeln!(out, "  Link   {}", issued.agent_link.reveal())?;
    out.flush()
}

/// A policy as it was written, in JSON (when the text begins with a brace) or TOML. The server says
/// what is wrong with it.
fn policy(path: &Path) -> anyhow::Result<Value> {
    let text = read(path)?;
    if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
    } else {
        toml::from_str(&text).with_context(|| format!("{} is no TOML", path.display()))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A server that runs.
struct Server {
    http: Client,
    address: Url,
    token: Pii<String>,
}

impl Server {
    fn of(args: &IssueArgs) -> anyhow::Result<Self> {
        let in_folder = |name: &str| -> anyhow::Result<PathBuf> {
            Ok(args.data.as_ref().context("--data is missing")?.join(name))
        };
        let address = match &args.server {
            Some(address) => address.clone(),
            None => read(&in_folder(ADDRESS)?).context("no server has run here yet")?,
        };
        let token = match &args.token_file {
            Some(file) => read(file)?,
            None => read(&in_folder(MANAGER_TOKEN)?)?,
        };
        let address = address.trim().trim_end_matches('/');
        let address = Url::parse(&format!("{address}/v1/sessions"))
            .with_context(|| format!("{address} is no address"))?;
        let mut http = Client::builder()
            .user_agent(concat!("inview-server/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT);
        if is_loopback(&address) {
            http = http.no_proxy();
        }
        http = match (&args.ca, &args.data) {
            (Some(file), _) => http.tls_certs_only(certificates(file)?),
            (None, Some(folder)) => http.tls_certs_merge(certificates(&folder.join(AUTHORITY))?),
            (None, None) => http,
        };
        let http = http.build().context("secure connections cannot be set up")?;
        Ok(Self { http, address, token: Pii::new(token.trim().to_owned()) })
    }

    fn issue(&self, request: &IssueRequest) -> anyhow::Result<Issued> {
        let request = self
            .http
            .post(self.address.clone())
            .bearer_auth(self.token.reveal())
            .json(request)
            .send();
        let answer = request.context("the server cannot be reached: does it run?")?;
        let status = answer.status();
        let body = answer.bytes().context("the answer breaks off")?;
        if status.is_success() {
            return serde_json::from_slice(&body).context("this is no InView server");
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => {
                let detail = problem.detail.map(|detail| format!(": {detail}"));
                bail!("{}{} ({})", problem.title, detail.unwrap_or_default(), status.as_u16())
            }
            Err(_) => bail!("this is no InView server: it answered {}", status.as_u16()),
        }
    }
}

/// What is on this machine is not asked for by a proxy.
fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn certificates(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let found = Certificate::from_pem_bundle(read(file)?.as_bytes());
    let found = found.with_context(|| format!("{} holds no certificates", file.display()))?;
    if found.is_empty() {
        bail!("{} holds no certificates", file.display());
    }
    Ok(found)
}
