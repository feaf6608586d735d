//! The command `verify`: checks a report in a file, or a session in the database, without a server that
//! runs.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;

use crate::server::command::args::VerifyArgs;
use crate::server::home;
use crate::server::ingest::receipt::{self, Signer};
use crate::server::store::check;
use crate::trust::told::{self, Told};

/// Runs the command; says on standard error what kept it from checking.
pub(in crate::server) fn run(args: &VerifyArgs) -> ExitCode {
    let told = checked(args).and_then(|told| {
        let mut out = io::stdout().lock();
        told.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        Ok(told.is_good)
    });
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _nobody_hears = writeln!(io::stderr(), "inview-server: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn checked(args: &VerifyArgs) -> anyhow::Result<Told> {
    if let Some(file) = &args.file {
        let text = fs::read(file).with_context(|| file.display().to_string())?;
        let export = told::read(&text)
            .ok_or_else(|| anyhow!("{}: there is no report in it", file.display()))?;
        return Ok(told::tell(&export, args.key.as_ref()));
    }
    let data = args.data.as_ref().context("--data is missing")?;
    let session = args.session.context("--session is missing")?;
    let key = Signer::new(home::kept_signing_key(data)?);
    let kept = check::in_file(&data.join(home::DATABASE), session)?
        .with_context(|| format!("there is no session {session}"))?;
    let export = receipt::vouch(kept.export, &kept.heads, &key, session, Timestamp::UNIX_EPOCH)?;
    let mut told = told::tell(&export, args.key.as_ref());
    told.is_good &= kept.faults.is_empty();
    told.lines.extend(kept.faults.into_iter().map(|fault| format!("WRONG: {fault}")));
    Ok(told)
}
