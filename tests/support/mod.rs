//! What the integration tests share: where data lies, and how a program is run.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[cfg(feature = "agent")]
pub mod agent;
pub mod connect_proxy;
pub mod fault_proxy;
#[cfg(all(feature = "camera", target_os = "linux"))]
pub mod feeder;
#[cfg(feature = "upload")]
pub mod reporter;
#[cfg(feature = "upload")]
pub mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The recording that the repository ships, with its truth file beside it.
pub fn shipped_recording() -> PathBuf {
    root().join("assets/demo/leave_ladder.mp4")
}

/// A folder of recordings that are not part of the repository. `None`, with a printed reason, where
/// it is absent: the test is skipped.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("INVIEW_SHARED").map(PathBuf::from);
    let path = shared.unwrap_or_else(|| root().join("../shared")).join("data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the shared recordings ({folder}) are not on this machine");
    None
}

/// ffmpeg, for tests of what is not built in. `None`, with a printed reason, where it is absent.
pub fn ffmpeg() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join("ffmpeg"));
    let found = found.into_iter().find(|program| program.is_file());
    if found.is_none() {
        println!("skipped: there is no ffmpeg on this machine");
    }
    found
}

pub fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).current_dir(root()).output().unwrap()
}

/// A number that a variable of the environment makes larger, for runs that take long.
pub fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// A folder in memory where there is such a thing: for what is no test of disks.
pub fn memory_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Bytes of memory that a process has (`VmRSS`), or had at most (`VmHWM`). `None` where the system does not
/// say so.
pub fn memory(process: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Numbers that look like chance and are the same in each run (xorshift).
pub struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Chance {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Waits for something that another process or thread does. Gives up after a minute.
#[track_caller]
pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let pause = Duration::from_millis(5);
    for _ in 0..12_000 {
        if is_so() {
            return;
        }
        std::thread::park_timeout(pause);
    }
    panic!("it did not come to be");
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Compares with a golden file; `UPDATE_GOLDENS=1` writes it anew.
pub fn assert_golden(name: &str, found: &str) {
    let path = root().join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "a golden file is looked at before a commit"
        )]
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{name}: {error}; UPDATE_GOLDENS=1 makes it"));
    assert!(
        found == expected,
        "{name} differs; UPDATE_GOLDENS=1 renews it.\n--- expected\n{expected}\n--- found\n{found}"
    );
}
