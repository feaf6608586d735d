//! The agent without a window: a line of JSON on standard output for everything that changes, and
//! commands as lines of JSON on standard input. For exam clients with a window of their own.
//!
//! A line on standard output is a [`Snapshot`]. Time and counts alone make no line. A message of the
//! proctor counts as shown when a line with it was written; the client shows it, and says that it was
//! read. So it is with a request to check the camera, which the client answers. When standard input ends, the
//! exam goes on: a client that crashed must not end it.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use crossbeam_channel::{Receiver, Sender, bounded, never, select};
use serde::Deserialize;

use super::args::Args;
use super::start::Asked;
use super::{Agent, Command, Phase, Snapshot, start};
use crate::report::{CheckAnswer, CommandId};

/// A line of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Begin,
    End,
    /// The candidate has read a message.
    Read {
        message: CommandId,
    },
    /// The candidate has looked after the camera, as they were asked to.
    Checked {
        check: CommandId,
        answer: CheckAnswer,
    },
}

/// Runs until the exam has ended; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    start::exit_status(try_run(args).map(Some))
}

fn try_run(args: &Args) -> anyhow::Result<Snapshot> {
    let (wake, woken) = bounded(1);
    // Full: a word waits already.
    let waker = move || {
        wake.try_send(()).ok();
    };
    let session = match start::asked(args)? {
        Asked::Known(session) => *session,
        Asked::Join(link) => start::join(args, &link)?,
        Asked::Nothing => bail!(
            "no exam is named, and none goes on: give the link or the file that you were sent by \
             --session"
        ),
    };
    let earlier = start::earlier(args, Some(&session))?;
    let agent = Agent::start(session.setup.clone(), start::world(args, waker)?)?;
    let last = watch(args, &agent, &woken)?;
    drop(agent);
    drop(earlier);
    session.close(&last);
    Ok(last)
}

/// Runs the exam; returns how things stood last.
fn watch(args: &Args, agent: &Agent, woken: &Receiver<()>) -> anyhow::Result<Snapshot> {
    let flush = Duration::from_secs(args.flush);
    let (lines, mut typed) = bounded(16);
    let (stop, stopped) = bounded(1);
    listen(lines)?;
    ctrlc::set_handler(move || {
        stop.try_send(()).ok();
    })
    .context("cannot listen for Ctrl-C")?;
    if args.begin {
        agent.command(Command::Begin { consent: None })?;
    }
    let (mut told, mut is_heard): (Option<Snapshot>, bool) = (None, false);
    loop {
        let ended = select! {
            recv(woken) -> _ => false,
            recv(typed) -> line => {
                match line {
                    Ok(line) => obey(agent, line, flush),
                    // Standard input has ended: nobody commands any more.
                    Err(_) => typed = never(),
                }
                false
            },
            recv(stopped) -> _ => true,
        };
        let snapshot = agent.snapshot();
        if told.as_ref().is_none_or(|told| !told.says_the_same_as(&snapshot)) {
            is_heard = tell(&snapshot)?;
            told = Some(snapshot.clone());
        }
        let messages = snapshot.messages.iter().map(|message| (message.id, message.shown));
        let checks = snapshot.camera_check.iter().map(|check| (check.id, check.shown));
        for (id, _) in messages.chain(checks).filter(|(_, shown)| is_heard && !shown) {
            give(agent, Command::Shown(id));
        }
        if ended || snapshot.phase == Phase::Ended {
            return Ok(snapshot);
        }
    }
}

fn obey(agent: &Agent, line: Line, flush: Duration) {
    give(
        agent,
        match line {
            Line::Begin => Command::Begin { consent: None },
            Line::End => Command::End { flush },
            Line::Read { message } => Command::Read(message),
            Line::Checked { check, answer } => Command::Checked { check, answer },
        },
    );
}

fn give(agent: &Agent, command: Command) {
    if let Err(error) = agent.command(command) {
        tracing::warn!(%error, "a command was not taken");
    }
}

/// Writes a line; `false`: nobody listens any more.
fn tell(snapshot: &Snapshot) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    let line = serde_json::to_string(snapshot)?;
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // Whoever listened has gone; the exam goes on.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true).context("cannot write to standard output"),
    }
}

/// Reads commands. The thread ends with standard input, or with the program.
fn listen(lines: Sender<Line>) -> io::Result<()> {
    let read = move || {
        for text in io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&text) {
                Ok(line) if lines.send(line).is_ok() => {}
                Ok(_) => return,
                Err(error) => {
                    writeln!(io::stderr(), "inview: a line that is no command: {error}").ok();
                }
            }
        }
    };
    thread::Builder::new().name("commands".to_owned()).spawn(read).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command_or_none() {
        let read = |text: &str| serde_json::from_str::<Line>(text).ok();
        let message = CommandId(uuid::Uuid::nil());
        assert_eq!(read(r#"{"command":"begin"}"#), Some(Line::Begin));
        assert_eq!(read(r#"{"command":"end"}"#), Some(Line::End));
        let line = format!(r#"{{"command":"read","message":"{message}"}}"#);
        assert_eq!(read(&line), Some(Line::Read { message }));
        let line = format!(r#"{{"command":"checked","check":"{message}","answer":"cannot"}}"#);
        let answer = CheckAnswer::Cannot;
        assert_eq!(read(&line), Some(Line::Checked { check: message, answer }));
        for odd in ["", "begin", r#"{"command":"stop"}"#, r#"{"command":"read"}"#] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
