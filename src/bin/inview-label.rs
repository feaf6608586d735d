//! `inview-label`: recordings in, truth files out.

use std::process::ExitCode;

use clap::Parser as _;
use inview::label::{self, args::Args};
use inview::logging;

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init();
    label::run(&args)
}
