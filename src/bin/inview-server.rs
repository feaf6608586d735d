//! `inview-server`: the reference proctoring backend.

use std::process::ExitCode;

use clap::Parser as _;
use inview::logging;
use inview::server::{args::Args, command};

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init();
    command::run(&args)
}
