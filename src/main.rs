//! `inview`: the candidate's agent.

use std::process::ExitCode;

use clap::Parser as _;
use inview::agent::{args::Args, headless};
use inview::logging;

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init();
    headless::run(&args)
}
