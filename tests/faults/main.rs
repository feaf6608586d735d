//! Programs that are killed or stopped at the worst moment: what arrives at the server.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and shows figures"
)]
#![cfg(unix)]

mod agent;
mod away;
mod replay;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use inview::replay::{Document, Status};
use inview::report::{ClosedBy, Kind, Outcome, SessionId, StoredInterval};
use inview::time::MediaTime;
use inview::trust::told;
use rusqlite::{Connection, OpenFlags};
use support::server::ServerProgram;
use support::{shipped_recording, wait_until};

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
