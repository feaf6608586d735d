//! What the window asks of the desktop around it: to play a sound, to open a file.
//!
//! Sounds are played by the system's own player, a program that every desktop has: nothing is linked
//! and nothing held open, and a driver that hangs or crashes is a child that is killed or gone. It
//! runs for a second, on a thread of its own, when a sound is due.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::tones::{self, Sound};

/// How playing went last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    #[default]
    NotTried,
    Played,
    /// There is no sound device, or no program that plays.
    Failed,
}

/// The desktop, as the window sees it. Nothing here may wait.
pub trait Desktop: Send + Sync {
    /// Plays a sound, unless one is being played.
    fn play(&self, sound: Sound);
    fn heard(&self) -> Heard;
    /// Opens a file or a folder in the program that the person has for it.
    fn open(&self, path: &Path) -> io::Result<()>;
}

/// A program that plays the file at the end of its arguments, or in `INVIEW_SOUND`.
struct Player {
    program: &'static str,
    args: &'static [&'static str],
}

/// Tried in this order. A player whose sound system is not there says so at once.
const PLAYERS: &[Player] = if cfg!(target_os = "macos") {
    &[Player { program: "afplay", args: &[] }]
} else if cfg!(windows) {
    const SCRIPT: &str = "(New-Object Media.SoundPlayer $env:INVIEW_SOUND).PlaySync()";
    &[Player { program: "powershell", args: &["-NoProfile", "-Command", SCRIPT, "#"] }]
} else {
    &[
        Player { program: "pw-play", args: &[] },
        Player { program: "paplay", args: &[] },
        Player { program: "aplay", args: &["-q"] },
    ]
};
/// A player that takes so much longer than the sound is stuck.
const PATIENCE: Duration = Duration::from_secs(4);
const POLL: Duration = Duration::from_millis(20);

/// The desktop that the program runs on.
pub struct ThisDesktop {
    heard: Arc<Mutex<Heard>>,
    is_playing: Arc<AtomicBool>,
    /// Called when something has changed: must return at once.
    waker: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for ThisDesktop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThisDesktop").field("heard", &self.heard).finish_non_exhaustive()
    }
}

impl ThisDesktop {
    pub fn new(waker: impl Fn() + Send + Sync + 'static) -> Self {
        Self { heard: Arc::default(), is_playing: Arc::default(), waker: Arc::new(waker) }
    }
}

impl Desktop for ThisDesktop {
    fn play(&self, sound: Sound) {
        if self.is_playing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (heard, is_playing) = (Arc::clone(&self.heard), Arc::clone(&self.is_playing));
        let waker = Arc::clone(&self.waker);
        let play = move || {
            let outcome = match play(sound, PLAYERS) {
                Ok(()) => Heard::Played,
                Err(error) => {
                    tracing::info!(%error, "no sound can be played here");
                    Heard::Failed
                }
            };
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
            is_playing.store(false, Ordering::Release);
            waker();
        };
        if let Err(error) = thread::Builder::new().name("sound".to_owned()).spawn(play) {
            tracing::warn!(%error, "no thread for a sound");
            self.is_playing.store(false, Ordering::Release);
        }
    }

    fn heard(&self) -> Heard {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, path: &Path) -> io::Result<()> {
        open::that_detached(path)
    }
}

/// Plays by the first player that can; the error is that of the last one.
fn play(sound: Sound, players: &[Player]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix("inview-").suffix(".wav").tempfile()?;
    io::Write::write_all(&mut file, &tones::wav(sound))?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for Player { program, args } in players {
        let mut command = Command::new(program);
        command.args(*args).arg(file.path()).env("INVIEW_SOUND", file.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn().and_then(|child| wait(child, sound.duration() + PATIENCE)) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn wait(mut child: Child, patience: Duration) -> io::Result<()> {
    for _ in 0..patience.as_millis() / POLL.as_millis() {
        if let Some(status) = child.try_wait()? {
            let failed = || io::Error::other(format!("the player ended with {status}"));
            return status.success().then_some(()).ok_or_else(failed);
        }
        thread::park_timeout(POLL);
    }
    child.kill()?;
    child.wait()?;
    Err(io::ErrorKind::TimedOut.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// The file is `$0` of the script.
    const PLAYS: Player = Player {
        program: "sh",
        args: &["-c", "cmp -s \"$0\" \"$INVIEW_SOUND\" && head -c 4 \"$0\" | grep -q RIFF"],
    };
    const FAILS: Player = Player { program: "sh", args: &["-c", "exit 3"] };

    #[test]
    fn the_first_player_that_can_plays_the_file() {
        let missing = Player { program: "inview-no-such-player", args: &[] };
        play(Sound::Warning, &[missing, FAILS, PLAYS]).unwrap();
    }

    #[test]
    fn a_machine_without_sound_is_an_error_and_nothing_worse() {
        let error = play(Sound::Back, &[FAILS]).unwrap_err();
        assert!(error.to_string().contains('3'), "{error}");
        assert_eq!(play(Sound::Back, &[]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_player_that_hangs_is_killed() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let error = wait(child, Duration::from_millis(60)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
