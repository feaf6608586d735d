//! The command: start, say how to use it, serve, stop.

pub mod args;
mod audit;
mod backup;
mod issue;
mod verify;

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::redact::Pii;
use crate::report::Hash;
use crate::server::command::args::{Args, Command};
use crate::server::home::certificate;
use crate::server::home::{ADDRESS, Home, write_private};
use crate::server::operation::reload;
use crate::server::operation::settings::{Settings, Transport};
use crate::server::{Listeners, listen as listen_on};

/// Runs the command; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    match &args.command {
        Some(Command::Issue(issue)) => issue::run(issue),
        Some(Command::Backup(backup)) => backup::run(&backup.data, &backup.file),
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
    listeners: Listeners,
    transport: Transport,
    runtime: Runtime,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Tells that it is ready last of all: from then on it can be stopped, too.
fn start(args: &Args) -> anyhow::Result<Started> {
    let settings = Settings::new(args)?;
    let data = &settings.data;
    let all = listen(settings.listen)?;
    let address = all.local_addr().context("cannot listen")?;
    // The one place that reads the clock.
    let mut home = Home::open(data, address.ip(), Arc::new(Timestamp::now))?;
    home.state = home
        .state
        .clone()
        .with_trusted_proxies(settings.trusted_proxies)
        .with_retention(settings.retention);
    if settings.allow_private_webhooks {
        home.state = home.state.clone().with_private_webhooks();
    }
    if let Some(oidc) = settings.oidc {
        home.state = home.state.clone().with_oidc(oidc)?;
    }
    let (tls, trust) = match &settings.transport {
        Transport::OwnAuthority => (Some(Arc::clone(&home.tls)), Trust::of(&home)?),
        Transport::Files { certificate, key } => {
            let (tls, pin) = certificate::from_files(certificate, key)?;
            (Some(tls), Trust { authority: None, pin: Some(pin) })
        }
        Transport::Plain => (None, Trust { authority: None, pin: None }),
    };
    let metrics = settings.metrics.map(listen).transpose()?;
    let listeners = Listeners { all, tls: tls.map(RustlsConfig::from_config), metrics };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start threads")?;
    let stop = {
        let _inside = runtime.enter();
        Box::pin(stop_signal().context("cannot listen for Ctrl-C")?)
    };
    let is_tls = listeners.tls.is_some();
    let ready = Ready::new(&home, trust, (address, is_tls), args.sign_in_link)?;
    write_private(&data.join(ADDRESS), &format!("{}\n", ready.address))?;
    if let Some(file) = &args.ready_file {
        write_private(file, &ready.to_json())?;
    }
    ready.print().context("cannot write to standard output")?;
    tell_systemd(&[sd_notify::NotifyState::Ready]);
    Ok(Started { home, listeners, transport: settings.transport, runtime, stop })
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    listen_on(address).with_context(|| format!("cannot listen on {address}"))
}

/// Err: whoever started this expects to be told and does not listen; nothing depends on it.
fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}

fn serve(started: Started) -> anyhow::Result<()> {
    let Started { home, listeners, transport, runtime, stop } = started;
    if let Some(tls) = listeners.tls.clone() {
        let folder = home.folder.clone();
        runtime.spawn(reload::run(tls, move || match &transport {
            Transport::Files { certificate, key } => {
                certificate::from_files(certificate, key).map(|(tls, _pin)| tls)
            }
            Transport::OwnAuthority | Transport::Plain => certificate::load(&folder),
        }));
    }
    let stop = async {
        stop.await;
        tell_systemd(&[sd_notify::NotifyState::Stopping]);
    };
    let served = runtime.block_on(crate::server::run(listeners, home.state.clone(), stop));
    // Before the lock goes with `home`: nothing may write any more.
    drop(runtime);
    drop(home);
    served.context("the server failed")
}

/// By what agents and browsers know the server.
struct Trust {
    /// The server's own; otherwise the system knows whom to ask.
    authority: Option<PathBuf>,
    /// Of the certificate; a proxy has its own.
    pin: Option<Hash>,
}

impl Trust {
    fn of(home: &Home) -> anyhow::Result<Self> {
        Ok(Self { authority: Some(home.authority()), pin: Some(home.pin()?) })
    }
}

/// What a person or a script needs to use the server.
struct Ready {
    address: String,
    authority: Option<String>,
    agent_token: String,
    proctor_token: String,
    manager_token: String,
    pin: Option<Hash>,
    sign_in: Pii<String>,
    /// Until somebody has an account.
    is_link: bool,
    expires_at: Timestamp,
}

impl Ready {
    fn new(
        home: &Home,
        trust: Trust,
        (listening, is_tls): (SocketAddr, bool),
        wants_link: bool,
    ) -> anyhow::Result<Self> {
        let scheme = if is_tls { "https" } else { "http" };
        let address = format!("{scheme}://{}", reachable(listening));
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
            authority: trust.authority.map(|path| absolute(&path)),
            agent_token: absolute(&home.agent_token.path),
            proctor_token: absolute(&home.proctor_token.path),
            manager_token: absolute(&home.manager_token.path),
            pin: trust.pin,
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
        if let Some(authority) = authority {
            writeln!(out, "  Authority, for --ca and browsers    {authority}")?;
        }
        writeln!(out, "  Token of agents, for --token-file   {agent_token}")?;
        writeln!(out, "  Token of proctors, for {:13}{proctor_token}", "/login")?;
        writeln!(out, "  Token that issues sessions          {manager_token}")?;
        if let Some(pin) = pin {
            writeln!(out, "  Key of the certificate, for --pin   {pin}")?;
        }
        writeln!(out, "  The tokens are good until           {until}")?;
        writeln!(out)?;
        if authority.is_some() {
            writeln!(out, "The browser warns of the certificate until it knows the authority.")?;
        }
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
