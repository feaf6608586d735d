//! The command: from what was typed to the exit status.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use super::args::{Args, Command, VerifyArgs};
use super::batch::{Batch, Eyes, Finished, Watcher as _};
use super::output::{Outcome, Writer};
use super::progress::Progress;
use super::recordings;
use super::reporting::Reporting;
use super::{Status, evaluate, explain, tune};
use crate::capture::file;
use crate::detector::{Scripted, onnx};
use crate::presence::Policy;
use crate::redact::Pii;
use crate::trust::told;
use crate::upload::Route;
use crate::{settings, upload};

/// Says how much time has passed since some moment. Replay reads no clock of its own: it is handed in by
/// whoever wants to know how fast things go.
pub type Stopwatch = fn() -> Duration;

/// What went wrong in a run, most serious last.
#[derive(Debug, Default)]
struct Faults {
    recordings: bool,
    unreported: bool,
}

/// Runs the command; says on standard error what went wrong.
pub fn run(args: &Args, stopwatch: Stopwatch) -> ExitCode {
    match &args.command {
        Some(Command::Verify(verify)) => return check(verify),
        Some(Command::Evaluate(args)) => {
            return until_stopped(|stopped| {
                evaluate::run(args, stopwatch, stopped).map(|end| match end {
                    evaluate::End::Good => 0,
                    evaluate::End::Failed => 1,
                    evaluate::End::Worse => 4,
                })
            });
        }
        Some(Command::Explain(args)) => {
            return until_stopped(|stopped| explain::run(args, stopped).map(|()| 0));
        }
        Some(Command::Tune(args)) => {
            let status = |is_whole: bool| u8::from(!is_whole);
            return until_stopped(|stopped| tune::run(args, stopped).map(status));
        }
        None => {}
    }
    let stopped = Arc::new(AtomicBool::new(false));
    match try_run(args, &stopped) {
        Ok(_) if stopped.load(Ordering::Relaxed) => ExitCode::from(130),
        Ok(Faults { recordings: true, .. }) => ExitCode::from(1),
        Ok(Faults { unreported: true, .. }) => ExitCode::from(3),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Runs a command that gives its exit status; says on standard error what went wrong.
fn until_stopped(work: impl FnOnce(&Arc<AtomicBool>) -> anyhow::Result<u8>) -> ExitCode {
    let stopped = Arc::new(AtomicBool::new(false));
    let done = stop_on_signal(&stopped).and_then(|()| work(&stopped));
    match done {
        _ if stopped.load(Ordering::Relaxed) => ExitCode::from(130),
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn stop_on_signal(stopped: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let on_signal = Arc::clone(stopped);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")
}

/// Checks a report that somebody has kept.
fn check(args: &VerifyArgs) -> ExitCode {
    let told = || {
        let text = fs::read(&args.file).with_context(|| args.file.display().to_string())?;
        let export = told::read(&text)
            .ok_or_else(|| anyhow!("{}: there is no report in it", args.file.display()))?;
        let told = told::tell(&export, args.key.as_ref());
        let mut out = io::stdout().lock();
        told.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        anyhow::Ok(told.is_good)
    };
    match told() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn try_run(args: &Args, stopped: &Arc<AtomicBool>) -> anyhow::Result<Faults> {
    let policy = policy(args.policy.as_deref(), args.rate)?;
    let eyes = eyes(args.detections.as_deref())?;
    let mut trace = args.trace.as_deref().map(create).transpose()?;
    let batch = Batch {
        eyes,
        video: file::Options::from_env(),
        reporting: reporting(args)?,
        traced: trace.is_some(),
        policy,
    };
    stop_on_signal(stopped)?;
    let recordings = recordings::find(&args.paths);
    let out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(create(path)?),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let mut writer = Writer::new(out, args.format, recordings::is_single(&args.paths));
    let progress = Progress::new(Arc::clone(stopped));
    let mut faults = Faults::default();
    let mut done = 0;
    let written = batch.run(&recordings, args.jobs, &progress, |finished| {
        done += 1;
        progress.suspend(|| {
            faults.note(&finished);
            if let Some(trace) = &mut trace {
                for line in &finished.trace {
                    serde_json::to_writer(&mut *trace, line)?;
                    writeln!(trace)?;
                }
            }
            writer.write(&finished.outcome)
        })
    });
    let written = written.and_then(|()| writer.finish().map(drop));
    let written = written.and_then(|()| trace.map_or(Ok(()), |mut trace| trace.flush()));
    match written {
        // Whoever reads our output has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other.context("cannot write the results")?,
    }
    if progress.stopped() && done < recordings.len() {
        let left = recordings.len() - done;
        say(&format!("stopped: {left} of {} recordings were not begun", recordings.len()));
    }
    if let Some(reporting) = batch.reporting {
        faults.unreported |= !deliver(reporting, progress.stopped());
    }
    Ok(faults)
}

impl Faults {
    fn note(&mut self, finished: &Finished) {
        match &finished.outcome {
            Outcome::Failed(failure) => {
                self.recordings = true;
                say(&format!("{}: {}", failure.recording, failure.error));
            }
            Outcome::Done(document) => {
                if let Status::Truncated(reason) = &document.status {
                    self.recordings = true;
                    say(&format!("{}: truncated: {reason}", document.recording));
                }
            }
        }
        if let Some(reason) = &finished.unreported {
            self.unreported = true;
            say(&format!("not reported: {reason}"));
        }
    }
}

/// The policy of a file, or else the usual one, at this sampling rate.
pub fn policy(file: Option<&Path>, rate: Option<f64>) -> anyhow::Result<Policy> {
    let mut policy = match file {
        Some(path) => settings::read_policy(path)?,
        None => Policy::default(),
    };
    if let Some(rate) = rate {
        policy.sample_rate_hz = rate;
    }
    match policy.faults().first() {
        Some(fault) => Err(anyhow!("--rate: {fault}")),
        None => Ok(policy),
    }
}

/// The models, or a script of detections in their place.
pub fn eyes(script: Option<&Path>) -> anyhow::Result<Eyes> {
    let Some(path) = script else { return Ok(Eyes::Models(onnx::Models::load()?)) };
    let script = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Scripted::parse(&script).with_context(|| path.display().to_string())?;
    Ok(Eyes::Script(script))
}

fn reporting(args: &Args) -> anyhow::Result<Option<Reporting>> {
    let Some(server) = &args.report_to else { return Ok(None) };
    let Some(token_file) = &args.token_file else { bail!("--report-to needs --token-file") };
    let target = upload::Settings {
        server: server.clone(),
        token: settings::read_token(token_file)?,
        authority: args.ca.clone(),
        route: Route { proxy: args.proxy.clone().map(Pii::new), pin: args.pin },
        code: None,
        allow_plain_loopback: args.allow_plain_loopback,
        folder: spool_folder(args, server)?,
        session: None,
        key: None,
        server_key: None,
    };
    Ok(Some(Reporting::start(target, Duration::from_secs(args.report_timeout))?))
}

/// A folder for each server: what waits for one must not go to another.
fn spool_folder(args: &Args, server: &str) -> anyhow::Result<PathBuf> {
    let spool = match &args.spool {
        Some(folder) => folder.clone(),
        None => dirs::data_local_dir()
            .ok_or_else(|| anyhow!("there is no folder for user data: name one by --spool"))?
            .join("inview")
            .join("spool"),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' };
    Ok(spool.join(server.trim_end_matches('/').chars().map(plain).collect::<String>()))
}

/// Waits for the server to take what was reported; `false` when some of it still waits.
fn deliver(reporting: Reporting, stopped: bool) -> bool {
    let folder = reporting.folder().display().to_string();
    let delivery = reporting.finish(stopped);
    let reports = |count: u64| format!("{count} report{}", if count == 1 { "" } else { "s" });
    let because = delivery.obstacle.map(|obstacle| format!(": {obstacle}")).unwrap_or_default();
    if delivery.refused > 0 {
        say(&format!("the server refused {}; kept in {folder}", reports(delivery.refused)));
    }
    if delivery.stopped > 0 {
        say(&format!(
            "{} cannot be sent: the server holds others under their numbers; kept in {folder}",
            reports(delivery.stopped)
        ));
    }
    let kept = delivery.refused + delivery.stopped;
    match delivery.waiting {
        0 if kept > 0 => {}
        0 => say(&format!("the server has all reports ({} sent)", delivery.acknowledged)),
        waiting => say(&format!(
            "{} still to be sent, kept in {folder}{because}; the same command sends them",
            reports(waiting)
        )),
    }
    delivery.waiting + kept == 0
}

pub(super) fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

/// One line on standard error. If even that is closed, there is nobody to tell.
pub(super) fn say(line: &str) {
    writeln!(io::stderr(), "inview-replay: {line}").ok();
}
