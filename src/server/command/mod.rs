//! The command: start, say how to use it, serve, stop.

pub mod args;
mod audit;
mod issue;
mod verify;

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::redact::Pii;
use crate::report::Hash;
use crate::server::access::oidc::OidcSettings;
use crate::server::command::args::{Args, Command};
use crate::server::home::{ADDRESS, Home, write_private};

/// Runs the command; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    match &args.command {
        Some(Command::Issue(issue)) => issue::run(issue),
        Some(Command::VerifyAudit(verify)) => audit::run(&verify.data),
        Some(Command::Verify(verify)) => verify::run(verify),
        None => run_server(args),
    }
}

fn run_server(args: &Args) -> ExitCode {
    let started = match start(args) {
        Ok(started) => started,
        Err(error) => return failed(&error, 2),
    };
    match serve(started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

/// A server that listens, and does not answer yet.
struct Started {
    home: Home,
    listener: TcpListener,
    runtime: Runtime,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Tells that it is ready last of all: from then on it can be stopped, too.
fn start(args: &Args) -> anyhow::Result<Started> {
    let data = args.data.as_ref().context("--data is missing")?;
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let address = listener.local_addr().context("cannot listen")?;
    // The one place that reads the clock.
    let mut home = Home::open(data, address.ip(), Arc::new(Timestamp::now))?;
    if let Some(file) = &args.oidc {
        home.state = home.state.clone().with_oidc(oidc_settings(file)?)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start threads")?;
    let stop = {
        let _inside = runtime.enter();
        Box::pin(stop_signal().context("cannot listen for Ctrl-C")?)
    };
    let ready = Ready::new(&home, address, args.sign_in_link)?;
    write_private(&data.join(ADDRESS), &format!("{}\n", ready.address))?;
    if let Some(file) = &args.ready_file {
        write_private(file, &ready.to_json())?;
    }
    ready.print().context("cannot write to standard output")?;
    Ok(Started { home, listener, runtime, stop })
}

fn oidc_settings(file: &Path) -> anyhow::Result<OidcSettings> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
    // The error would repeat the line, and the secret may stand in it.
    toml::from_str(&text).map_err(|error| {
        let what = error.message().to_owned();
        anyhow::anyhow!("{} cannot be used: {what}", file.display())
    })
}

fn serve(started: Started) -> anyhow::Result<()> {
    let Started { home, listener, runtime, stop } = started;
    let (tls, state) = (Arc::clone(&home.tls), home.state.clone());
    let served = runtime.block_on(crate::server::run(listener, tls, state, stop));
    // Before the lock goes with `home`: nothing may write any more.
    drop(runtime);
    drop(home);
    served.context("the server failed")
}

/// What a person or a script needs to use the server.
struct Ready {
    address: String,
    authority: String,
    agent_token: String,
    proctor_token: String,
    manager_token: String,
    pin: Hash,
    sign_in: Pii<String>,
    /// Until somebody has an account.
    is_link: bool,
    expires_at: Timestamp,
}

impl Ready {
    fn new(home: &Home, listening: SocketAddr, wants_link: bool) -> anyhow::Result<Self> {
        let address = format!("https://{}", reachable(listening));
        let absolute = |path: &std::path::Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            path.display().to_string()
        };
        let is_link = wants_link || !home.has_admin()?;
        let sign_in = if is_link {
            format!("{address}/sign-in/{}", home.sign_in_code()?.reveal())
        } else {
            format!("{address}/login")
        };
        Ok(Self {
            authority: absolute(&home.authority()),
            agent_token: absolute(&home.agent_token.path),
            proctor_token: absolute(&home.proctor_token.path),
            manager_token: absolute(&home.manager_token.path),
            pin: home.pin()?,
            sign_in: Pii::new(sign_in),
            is_link,
            expires_at: [&home.proctor_token, &home.manager_token]
                .map(|token| token.expires_at)
                .into_iter()
                .fold(home.agent_token.expires_at, Timestamp::min),
            address,
        })
    }

    fn print(&self) -> io::Result<()> {
        let Self { address, authority, agent_token, proctor_token, manager_token, pin, .. } = self;
        let (sign_in, until) = (self.sign_in.reveal(), self.expires_at.strftime("%Y-%m-%d"));
        let mut out = io::stdout().lock();
        writeln!(out, "Listening on {address}")?;
        writeln!(out)?;
        let how = if self.is_link { "Sign in (once, within 10 minutes)" } else { "Sign in" };
        writeln!(out, "  {how:36}{sign_in}")?;
        writeln!(out, "  Authority, for --ca and browsers    {authority}")?;
        writeln!(out, "  Token of agents, for --token-file   {agent_token}")?;
        writeln!(out, "  Token of proctors, for {:13}{proctor_token}", "/login")?;
        writeln!(out, "  Token that issues sessions          {manager_token}")?;
        writeln!(out, "  Key of the certificate, for --pin   {pin}")?;
        writeln!(out, "  The tokens are good until           {until}")?;
        writeln!(out)?;
        writeln!(out, "The browser warns of the certificate until it knows the authority.")?;
        writeln!(out, "Ctrl-C stops the server.")?;
        out.flush()
    }

    fn to_json(&self) -> String {
        let ready = serde_json::json!({
            "address": self.address,
            "authority": self.authority,
            "agent_token_file": self.agent_token,
            "proctor_token_file": self.proctor_token,
            "manager_token_file": self.manager_token,
            "server_pin": self.pin,
            "sign_in": self.sign_in.reveal(),
        });
        format!("{ready}\n")
    }
}

/// Where a server that listens everywhere can be reached from this machine.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listening.port())
}

/// Done at the first Ctrl-C or SIGTERM.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// One line on standard error. If even that is closed, there is nobody to tell.
fn failed(error: &anyhow::Error, status: u8) -> ExitCode {
    let _nobody_hears = writeln!(io::stderr(), "inview-server: {error:#}");
    ExitCode::from(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_on_this_machine() {
        let reached = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:7"), "127.0.0.1:7");
        assert_eq!(reached("[::]:7"), "[::1]:7");
        assert_eq!(reached("192.0.2.1:7"), "192.0.2.1:7");
    }
}
