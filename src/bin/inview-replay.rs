//! `inview-replay`: recordings in, out-of-view intervals out.

use std::process::ExitCode;

use clap::Parser as _;
use inview::clock::Reading;
use inview::replay::args::Args;
use inview::{logging, replay};

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init();
    replay::command::run(&args, || Reading::now().boot)
}
