//! How the server is set up: by the command line, else by the environment, else by a file, else as it
//! always was.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::server::access::oidc::OidcSettings;
use crate::server::command::args::Args;
use crate::server::store::Retention;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// What may stand in the file, under the names of the options.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    plain_http: bool,
    allow_private_webhooks: bool,
    trusted_proxies: Vec<String>,
    retention: RetentionFile,
    oidc: Option<OidcSettings>,
}

/// In days; what is not named is kept for ever.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetentionFile {
    sessions_days: Option<NonZeroU32>,
    audit_days: Option<NonZeroU32>,
}

/// How connections come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS, by a certificate of the server's own authority.
    OwnAuthority,
    /// TLS, by these files, PEM: the certificate and those that vouch for it; its private key.
    Files { certificate: PathBuf, key: PathBuf },
    /// No TLS: a proxy before the server has it.
    Plain,
}

/// How the server is set up.
#[derive(Debug)]
pub struct Settings {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub transport: Transport,
    /// Their word is taken for where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    pub retention: Retention,
    /// Webhooks may lead to this machine and its networks.
    pub allow_private_webhooks: bool,
    pub oidc: Option<OidcSettings>,
}

impl Settings {
    pub fn new(args: &Args) -> anyhow::Result<Self> {
        let file: File = args.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let oidc = args.oidc.as_deref().map(read).transpose()?.or(file.oidc);
        let trusted_proxies = match &args.trusted_proxy[..] {
            [] => &file.trusted_proxies[..],
            given => given,
        };
        let settings = Self {
            data: args.data.clone().or(file.data).context("--data is missing")?,
            listen: args.listen.or(file.listen).unwrap_or(LISTEN),
            metrics: args.metrics.or(file.metrics),
            transport: transport(
                args.certificate.clone().or(file.certificate),
                args.key.clone().or(file.key),
                args.plain_http || file.plain_http,
            )?,
            trusted_proxies: trusted_proxies
                .iter()
                .map(|text| network(text))
                .collect::<Result<_, _>>()?,
            retention: Retention {
                sessions: file.retention.sessions_days.map(days),
                audit: file.retention.audit_days.map(days),
            },
            allow_private_webhooks: args.allow_private_webhooks || file.allow_private_webhooks,
            oidc,
        };
        let is_open = settings.transport == Transport::Plain && !settings.listen.ip().is_loopback();
        ensure!(
            !is_open || !settings.trusted_proxies.is_empty(),
            "--plain-http is for a proxy: name it by --trusted-proxy, or listen on 127.0.0.1"
        );
        Ok(settings)
    }
}

/// A network, or one address.
fn network(text: &str) -> anyhow::Result<IpNet> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_no_address| text.parse())
        .with_context(|| format!("{text} is neither an address nor a network such as 10.0.0.0/8"))
}

fn days(days: NonZeroU32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days.get()) * 24)
}

fn transport(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    is_plain: bool,
) -> anyhow::Result<Transport> {
    match (certificate, key) {
        (None, None) if is_plain => Ok(Transport::Plain),
        (None, None) => Ok(Transport::OwnAuthority),
        (Some(certificate), Some(key)) => {
            ensure!(!is_plain, "--plain-http has no use for a certificate");
            Ok(Transport::Files { certificate, key })
        }
        (Some(_), None) => anyhow::bail!("--certificate needs --key"),
        (None, Some(_)) => anyhow::bail!("--key needs --certificate"),
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
    // The error would repeat the line, and a secret may stand in it.
    toml::from_str(&text).map_err(|error| {
        let what = error.message().to_owned();
        anyhow::anyhow!("{} cannot be used: {what}", file.display())
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::server::home::write_private;

    fn settings(file: &str, more: &[&str]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("server.toml");
        write_private(&path, file).map_err(|error| error.to_string())?;
        let path = path.display().to_string();
        let typed = ["inview-server", "--config", &path].into_iter().chain(more.iter().copied());
        let args = Args::try_parse_from(typed).map_err(|error| error.to_string())?;
        Settings::new(&args).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_typed_goes_before_what_stands_in_the_file() {
        let file = "data = \"/a\"\nlisten = \"192.0.2.1:443\"\nmetrics = \"127.0.0.1:9100\"\n\
                    trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n";
        let found = settings(file, &["--listen", "127.0.0.1:7"]).unwrap();
        assert_eq!((found.data.as_path(), found.listen.port()), (Path::new("/a"), 7));
        assert_eq!(found.metrics.map(|address| address.port()), Some(9100));
        assert_eq!(found.transport, Transport::OwnAuthority);
        assert!(found.trusted_proxies[0].contains(&IpAddr::from([10, 9, 9, 9])));
        assert_eq!(found.trusted_proxies[1].to_string(), "::1/128");
        let found = settings("data = \"/a\"", &[]).unwrap();
        assert_eq!(found.listen.to_string(), "127.0.0.1:8443");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (file, expected) in [
            ("", "--data is missing"),
            ("data = \"a\"\nlissten = \"x\"", "unknown field"),
            ("data = \"a\"\ncertificate = \"c\"", "needs --key"),
            ("data = \"a\"\nkey = \"k\"", "needs --certificate"),
            // No day at all would erase exams while they are sat.
            ("data = \"a\"\n[retention]\nsessions_days = 0", "nonzero"),
            ("data = \"a\"\ntrusted_proxies = [\"proxy\"]", "neither an address"),
            ("data = \"a\"\nlisten = \"0.0.0.0:80\"\nplain_http = true", "is for a proxy"),
            ("data = \"a\"\nplain_http = true\nkey = \"k\"\ncertificate = \"c\"", "no use"),
        ] {
            let refused = settings(file, &[]).unwrap_err();
            assert!(refused.contains(expected), "{file}: {refused}");
        }
        let secret = "data = \"a\"\n[oidc]\nclient_secret = 5 # hunter2";
        assert!(!settings(secret, &[]).unwrap_err().contains("hunter2"));
    }
}
